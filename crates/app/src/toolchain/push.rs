//! A locked image into a registry: its manifest there has the very digest that the lock names.

use super::built_image::BuiltImage;
use super::{ImageContext, build};
use crate::toolchain::ImageError;
use crate::toolchain::folder::ImageFolder;
use rcrepro_format::images::oci_json::MANIFEST_TYPE;
use rcrepro_images::registry::{PushImage, PushedImage, Registry, RegistryError, RegistryEvent};
use rcrepro_model::image::definition::ImageName;
use rcrepro_model::image::reference::ImageReference;

/// Why an image could not be pushed.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// It could not be built.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The registry could not take it.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

/// Makes the image from its lock, unless the store has it, and pushes it.
///
/// # Errors
/// [`PushError`].
pub async fn push(
    context: &ImageContext<'_>,
    folder: &ImageFolder,
    name: &ImageName,
    registry: &Registry,
    to: &ImageReference,
    on_event: &(dyn Fn(RegistryEvent) + Sync),
) -> Result<PushedImage, PushError> {
    let built = build::build(context, folder, name).await?;
    Ok(registry.push(&push_image(&built), to, &context.store, on_event).await?)
}

/// Names what a registry has to have of a built image.
#[must_use]
fn push_image(built: &BuiltImage) -> PushImage {
    PushImage {
        manifest: built.blobs.manifest,
        manifest_type: MANIFEST_TYPE.to_owned(),
        blobs: built.blobs.layers.iter().copied().chain([built.blobs.config]).collect(),
    }
}
