//! Images that a plan pulls, and the locks beside the plan that say what they are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{ImageUse, ImagesError, pull};
use crate::machine::config::registry_settings;
use crate::toolchain::folder::ImageFolder;
use crate::workspace::attributes::write_record;
use crate::workspace::plan_files::PlanFiles;
use rcrepro_engine::EngineError;
use rcrepro_format::images::pulled_toml;
use rcrepro_images::registry::{Registry, RegistryError};
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::manifest::ImageEntry;
use rcrepro_model::image::definition::{ImageName, ImagePlatform};
use rcrepro_model::image::pulled::{PulledImage, PulledLock};
use rcrepro_model::image::reference::ImageReference;
use rcrepro_store::BlobStore;

/// Gives the path of a pulled image's lock: `DIR/lockfiles/pulled/ARCHITECTURE/NAME.lock` beside the plan. A definition of the
/// same name may have its lock in the same folder, so this is another place.
#[must_use]
pub fn lock_path(folder: &Path, platform: ImagePlatform, name: &Name) -> PathBuf {
    folder.join("lockfiles/pulled").join(platform.architecture()).join(format!("{name}.lock"))
}

/// Reads a pulled image's lock; the text is what evidence keeps.
///
/// # Errors
/// [`ImagesError::Read`] or [`ImagesError::BadLock`].
pub fn read(files: &PlanFiles, path: &Path) -> Result<(PulledLock, String), ImagesError> {
    let text = files.read_to_string(path).map_err(|source| ImagesError::Read { path: path.to_owned(), source })?;
    let lock = pulled_toml::parse(&text)
        .map_err(|mistake| ImagesError::BadLock { path: path.to_owned(), mistake: mistake.to_string() })?;
    Ok((lock, text))
}

/// Reads a pulled image's lock and checks that it is that of the plan's reference.
///
/// # Errors
/// [`ImagesError::StalePull`], and whatever reading it gives.
pub fn locked(
    files: &PlanFiles,
    folder: &Path,
    platform: ImagePlatform,
    name: &Name,
    reference: &ImageReference,
) -> Result<(PulledLock, String), ImagesError> {
    let path = lock_path(folder, platform, name);
    let stale = |reason: String| ImagesError::StalePull { name: name.clone(), path: path.clone(), reason };
    if !files.has(&path) {
        return Err(stale(files.absent(&path)));
    }
    let (lock, text) = read(files, &path)?;
    // The tag is a comment, also when it was changed.
    if lock.reference.digest() != reference.digest() || lock.reference.repository() != reference.repository() {
        return Err(stale(format!("it is that of `{}`, the plan says `{reference}`", lock.reference)));
    }
    Ok((lock, text))
}

/// Writes a pulled image's lock whole or not at all.
///
/// # Errors
/// [`ImagesError::Write`].
pub fn write(path: &Path, lock: &PulledLock) -> Result<(), ImagesError> {
    let failed = |source| ImagesError::Write { path: path.to_owned(), source };
    write_record(path, pulled_toml::write(lock).as_bytes()).map_err(failed)
}

impl ImageUse<'_> {
    /// Pulls and loads an image where the engine does not have it, exactly as locked.
    pub(super) async fn pulled(
        &self,
        name: &Name,
        reference: &ImageReference,
    ) -> Result<(ImageEntry, String), ImagesError> {
        let platform = self.platform()?;
        let path = lock_path(self.folder, platform, name);
        let (lock, text) = locked(self.files, self.folder, platform, name, reference)?;
        let identity = lock.image.identity(name.to_string());
        let how = match self.engine.confirm_image(&identity).await {
            Ok(()) => "confirmed",
            Err(EngineError::ImageMissing { .. }) => {
                let image = self.serve(reference, platform).await?;
                if image != lock.image {
                    return Err(ImagesError::PullDiffers { name: name.clone(), path });
                }
                let store: Arc<dyn BlobStore> = self.store.clone();
                pull::ensure(&store, self.engine, self.image_host, &image, reference).await?;
                "pulled, loaded and confirmed"
            }
            Err(error) => return Err(error.into()),
        };
        let entry = ImageEntry {
            lock: self.store.put(text.as_bytes())?,
            manifest: identity.manifest,
            config: identity.config,
            diff_ids: identity.diff_ids,
        };
        Ok((entry, how.to_owned()))
    }

    /// Tries to pull a published image into the store before it is built; says in words how that went.
    ///
    /// Where the registry does not serve it, or serves something else, the image is built from its lock, and meets its digest or
    /// is an error.
    pub(super) async fn published(
        &self,
        folder: &ImageFolder,
        image: &ImageName,
        reference: &ImageReference,
    ) -> Result<String, ImagesError> {
        match self.serve(reference, folder.platform()).await {
            Ok(pulled) => {
                pull::note_locks(folder, Some(image), &pulled, self.store.as_ref())?;
                Ok("pulled".to_owned())
            }
            Err(RegistryError::Store(error)) => Err(error.into()),
            Err(error) => Ok(format!("{error}; built from its lock, meets its digest")),
        }
    }

    async fn serve(&self, reference: &ImageReference, platform: ImagePlatform) -> Result<PulledImage, RegistryError> {
        let registry = Registry::new(registry_settings(self.config))?;
        let store: Arc<dyn BlobStore> = self.store.clone();
        // The registry retries by itself; what was tried elsewhere is in the error when everything has failed.
        let ignore = |_| {};
        registry.pull(reference, platform, &store, &ignore).await
    }
}
