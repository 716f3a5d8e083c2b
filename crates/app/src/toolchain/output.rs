//! Writes built images as one OCI layout folder.

use std::path::{Path, PathBuf};

use tokio::task::spawn_blocking;

use super::built_image::BuiltImage;
use super::load::tag;
use super::{ImageContext, ImageError};
use rcrepro_images::oci::layout_folder::{NamedImage, WrittenLayout, write_folder};

/// Writes images into a folder that is absent, empty, or holds exactly them; each is named as its lock is.
///
/// # Errors
/// [`ImageError::Oci`].
pub async fn output(
    context: &ImageContext<'_>,
    images: &[BuiltImage],
    folder: &Path,
) -> Result<WrittenLayout, ImageError> {
    let named = |image: &BuiltImage| NamedImage {
        reference: image.identity.name.clone(),
        tag: tag(image),
        blobs: image.blobs.clone(),
    };
    let images: Vec<_> = images.iter().map(named).collect();
    let (store, folder): (_, PathBuf) = (context.store.clone(), folder.to_owned());
    let task = spawn_blocking(move || write_folder(&images, store.as_ref(), &folder));
    Ok(task.await.expect("writing a layout does not panic")?)
}
