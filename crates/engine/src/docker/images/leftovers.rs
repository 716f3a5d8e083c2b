//! Images of builds that a dead run left.

use std::collections::HashMap;
use std::time::SystemTime;

use bollard::Docker;
use bollard::query_parameters::{ListImagesOptions, RemoveImageOptions};

use crate::EngineError;
use crate::docker::container::labels::{Owner, STORE};
use crate::docker::fault::call;

/// Removes images that a dead run left; gives what it removed. The images of earlier steps go with it when no other
/// image needs them.
pub(crate) async fn sweep(
    client: &Docker,
    owner: &Owner,
    is_alive: &(dyn Fn(&str, &str) -> bool + Sync),
) -> Result<Vec<String>, EngineError> {
    let filters = Some(HashMap::from([("label".to_owned(), vec![STORE.to_owned()])]));
    let options = ListImagesOptions { all: true, filters, ..ListImagesOptions::default() };
    let mut listed = client.list_images(Some(options)).await.map_err(call("sweep", "list the images"))?;
    // Images of later steps are younger.
    listed.sort_by_key(|image| std::cmp::Reverse(image.created));
    let (now, mut removed) = (SystemTime::now(), Vec::new());
    for _ in 0..2 {
        for image in &listed {
            let name = format!("image {}", image.id);
            if !removed.contains(&name)
                && owner.is_orphan(&image.labels, now, is_alive)
                && client.remove_image(&image.id, None::<RemoveImageOptions>, None).await.is_ok()
            {
                removed.push(name);
            }
        }
    }
    Ok(removed)
}
