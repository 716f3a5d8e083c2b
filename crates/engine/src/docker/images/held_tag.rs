//! The tags of images that are in the engine for a while, and what they tell about an orphan.
//!
//! A label would be a part of the image, and its digest another one; so the tag tells what labels tell about containers.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use bollard::Docker;
use bollard::query_parameters::ListImagesOptions;

use crate::EngineError;
use crate::docker::container::labels::{DEADLINE, Owner, RUN, STORE};
use crate::docker::container::removal::remove_image;
use crate::docker::fault::call;
use rcrepro_model::content::digest::Sha256;

/// The repository of every such tag.
const REPOSITORY: &str = "rcrepro/held";
/// How long an image may be needed, for its deadline.
const LIFETIME: Duration = Duration::from_secs(2 * 3600);

/// Writes the tag of an image that is held from now on.
pub(super) fn tag(owner: &Owner, now: SystemTime, config: Sha256) -> String {
    let labels = owner.labels("", now, LIFETIME);
    let part = |name: &str| labels.get(name).map_or("", String::as_str);
    format!("{REPOSITORY}:{}.{}.{}.{}", part(STORE), part(RUN), part(DEADLINE), &config.to_string()[..12])
}

/// Reads from a tag whose the image is; none where rcrepro did not make the tag. Podman puts a registry before a name that has none.
fn labels_of(tag: &str) -> Option<HashMap<String, String>> {
    let own = tag.strip_prefix("docker.io/").or_else(|| tag.strip_prefix("localhost/")).unwrap_or(tag);
    let words = own.strip_prefix(REPOSITORY)?.strip_prefix(':')?;
    let words: [&str; 4] = words.split('.').collect::<Vec<_>>().try_into().ok()?;
    let [store, run, deadline, _] = words.map(str::to_owned);
    Some([(STORE, store), (RUN, run), (DEADLINE, deadline)].map(|(name, value)| (name.to_owned(), value)).into())
}

/// Removes the tags that a dead run left, and the images that nothing else names; gives what it removed.
pub(crate) async fn sweep(
    client: &Docker,
    owner: &Owner,
    is_alive: &(dyn Fn(&str, &str) -> bool + Sync),
) -> Result<Vec<String>, EngineError> {
    let filters = Some(HashMap::from([("reference".to_owned(), vec![REPOSITORY.to_owned()])]));
    let options = ListImagesOptions { filters, ..ListImagesOptions::default() };
    let listed = client.list_images(Some(options)).await.map_err(call("sweep", "list the images"))?;
    let (now, mut removed) = (SystemTime::now(), Vec::new());
    for tag in listed.into_iter().flat_map(|image| image.repo_tags) {
        if let Some(labels) = labels_of(&tag)
            && owner.is_orphan(&labels, now, is_alive)
            && remove_image(client, &tag).await
        {
            removed.push(format!("image {tag}"));
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_says_whose_the_image_is() {
        let owner = Owner { store_id: "5f".into(), run_id: "0a1b".into() };
        let tag = tag(&owner, SystemTime::UNIX_EPOCH, Sha256::of(b""));
        assert_eq!(tag, "rcrepro/held:5f.0a1b.7200.e3b0c44298fc");
        let labels = labels_of(&tag).expect("a tag that was made here");
        assert_eq!(labels[RUN], "0a1b");
        assert_eq!(labels_of(&format!("localhost/{tag}")).expect("as Podman has it"), labels);
        let other = Owner { store_id: "5f".into(), run_id: "other".into() };
        assert!(other.is_orphan(&labels, SystemTime::UNIX_EPOCH, &|_, _| false));
        assert!(!other.is_orphan(&labels, SystemTime::UNIX_EPOCH, &|_, run| run == "0a1b"));
        for tag in ["golang:1.26", "rcrepro/held:x", "rcrepro/go:0123456789ab"] {
            assert_eq!(labels_of(tag), None, "{tag}");
        }
    }
}
