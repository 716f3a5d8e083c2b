//! A pulled image into an engine, confirmed by every digest that the engine keeps.

use std::sync::Arc;

use tokio::task::spawn_blocking;

use crate::toolchain::ImageError;
use crate::toolchain::build::locked::locked;
use crate::toolchain::build::made::note_made;
use crate::toolchain::build::parts::parts;
use crate::toolchain::folder::ImageFolder;
use crate::toolchain::load::{host_of, stream_of};
use rcrepro_engine::{Engine, EngineError, ImageHost};
use rcrepro_format::images::oci_document::Packing;
use rcrepro_images::oci::pulled_archive::write_pulled_archive;
use rcrepro_images::registry::{RegistryError, store_unpacked};
use rcrepro_model::image::definition::ImageName;
use rcrepro_model::image::pulled::{PulledImage, PulledLayer};
use rcrepro_model::image::reference::ImageReference;
use rcrepro_store::BlobStore;

/// Why a pulled image could not be loaded into an engine.
#[derive(Debug, thiserror::Error)]
pub enum PulledError {
    /// A layer could not be unpacked.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The engine refused it, or holds something else.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Gives the name that people see in the engine; it follows from the manifest, as that of built images does.
#[must_use]
pub fn tag(image: &PulledImage, reference: &ImageReference) -> String {
    let name = reference.repository().rsplit('/').next().unwrap_or("image");
    format!("rcrepro/{name}:{}", &image.manifest.hash.to_string()[..12])
}

/// Loads the image where the engine does not have it, and has it confirmed; tells whether it had to be loaded.
///
/// # Errors
/// [`PulledError`]; then nothing may run in it.
pub async fn ensure(
    store: &Arc<dyn BlobStore>,
    engine: &dyn Engine,
    image_host: Option<&dyn ImageHost>,
    image: &PulledImage,
    reference: &ImageReference,
) -> Result<bool, PulledError> {
    let identity = image.identity(reference.to_string());
    match engine.confirm_image(&identity).await {
        Ok(()) => return Ok(false),
        Err(EngineError::ImageMissing { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let host = host_of(engine, image_host, &identity.name)?;
    let mut tars = Vec::with_capacity(image.layers.len());
    for layer in &image.layers {
        tars.push(loadable(store, layer).await?);
    }
    let (archived, tag, from) = (image.clone(), tag(image, reference), store.clone());
    let stream = stream_of(move |out| write_pulled_archive(&archived, &tars, &tag, from.as_ref(), out));
    host.load_image(&format!("image {reference}"), stream).await?;
    engine.confirm_image(&identity).await?;
    Ok(true)
}

/// Notes which locked images of a folder the pulled one is, so that the store has them without building; gives their names.
///
/// Manifest, config and layers are then those of the lock, each checked against its digest. That the lock's packages lead to
/// these layers is what only a build shows, and a later change of the lock asks for one.
///
/// # Errors
/// Whatever reading the definitions, or the store, gives; a stale lock is passed over.
pub fn note_locks(
    folder: &ImageFolder,
    only: Option<&ImageName>,
    pulled: &PulledImage,
    store: &dyn BlobStore,
) -> Result<Vec<ImageName>, ImageError> {
    let folder = folder.on(pulled.platform);
    let names = match only {
        Some(name) => vec![name.clone()],
        None if folder.has_definitions() => folder.names()?,
        None => Vec::new(),
    };
    let mut noted = Vec::new();
    for name in names {
        let Ok(lock) = locked(&folder, &name) else { continue };
        if lock.manifest_digest != pulled.manifest {
            continue;
        }
        for part in parts(&folder, &folder.compose(&name)?)? {
            note_made(store, &part.lock)?;
        }
        noted.push(name);
    }
    Ok(noted)
}

/// Gives a blob that every engine can load as the layer: Docker before 23 cannot unpack Zstandard.
async fn loadable(
    store: &Arc<dyn BlobStore>,
    layer: &PulledLayer,
) -> Result<rcrepro_model::content::digest::Digest, RegistryError> {
    if Packing::of_media_type(&layer.media_type) != Some(Packing::Zstd) {
        return Ok(layer.blob);
    }
    let (store, layer) = (store.clone(), layer.clone());
    spawn_blocking(move || store_unpacked(store.as_ref(), &layer)).await.expect("unpacking a layer does not panic")
}
