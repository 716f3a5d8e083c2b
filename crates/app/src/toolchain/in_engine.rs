//! The plan's images in the engine: confirmed against their locks, and built or pulled, and loaded, where they are missing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use self::pull::PulledError;
use crate::machine::config::package_mirrors;
use crate::toolchain::folder::ImageFolder;
use crate::toolchain::{ImageContext, ImageError, build, load};
use crate::workspace::plan_files::PlanFiles;
use rcrepro_engine::{Engine, EngineError, ImageHost};
use rcrepro_format::images::{lock_toml, pulled_toml};
use rcrepro_images::registry::RegistryError;
use rcrepro_model::content::digest::Sha256;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::manifest::ImageEntry;
use rcrepro_model::execution::event::ImageEvent;
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::image::identity::ImageIdentity;
use rcrepro_model::image::reference::ImageReference;
use rcrepro_model::plan::ImageSource;
use rcrepro_model::plan::user_config::UserConfig;
use rcrepro_model::text::hint::Hint;
use rcrepro_store::fs::FsStore;
use rcrepro_store::{BlobStore as _, StoreError};

pub(crate) mod pin;
pub mod pull;
pub(crate) mod pulled;

#[cfg(test)]
mod tests;

/// Why a plan's image could not be brought into the engine.
#[derive(Debug, thiserror::Error)]
pub enum ImagesError {
    /// It could not be built.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The engine does not hold what the lock says.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No image can be for the engine's machine.
    #[error("the engine's machine is {isa}, and images are for other machines only: expected x86-64 or arm-a64")]
    Platform {
        /// REAPI's `ISA` of the engine.
        isa: String,
    },
    /// The plan says that the image was published under another digest than the lock has.
    #[error("image `{name}`: the plan pulls `{reference}`, the lock of what it builds says {}", locked.to_oci())]
    Published {
        /// The image's name in the plan.
        name: Name,
        /// The plan's reference.
        reference: Box<ImageReference>,
        /// The lock's manifest.
        locked: Sha256,
    },
    /// There is no lock of a pulled image, or it is that of another reference.
    #[error("stale lock `{}`: {reason}", path.display())]
    StalePull {
        /// The image's name in the plan.
        name: Name,
        /// The lock.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// What the registry serves by the locked digest is described otherwise in the lock.
    #[error("image `{name}`: the image with its digest is not the one that `{}` describes", path.display())]
    PullDiffers {
        /// The image's name in the plan.
        name: Name,
        /// The lock.
        path: PathBuf,
    },
    /// A pulled image's lock has a mistake in it.
    #[error("{}:{mistake}", path.display())]
    BadLock {
        /// Below `lockfiles/pulled`.
        path: PathBuf,
        /// The mistake and its place.
        mistake: String,
    },
    /// The plan cannot be read as far as pinning its images needs it.
    #[error("rcrepro.toml: {mistake}")]
    Plan {
        /// What is wrong.
        mistake: String,
    },
    /// A registry could not serve.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A pulled image could not be loaded.
    #[error(transparent)]
    Pulled(#[from] PulledError),
    /// A plan or lock cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The lock file cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The lock's path.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
}

impl Hint for ImagesError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Image(error) => error.hint(),
            Self::Engine(error) => error.hint(),
            Self::Registry(error) => error.hint(),
            Self::Published { name, .. } => Some(format!(
                "build and publish it anew: rcrepro image push {name} REFERENCE, and write its digest into the plan"
            )),
            Self::StalePull { name, .. } => Some(format!("rcrepro image lock {name}")),
            Self::PullDiffers { .. } => Some("git checkout -- lockfiles".to_owned()),
            Self::Platform { .. } => Some("rcrepro doctor".to_owned()),
            Self::Read { .. } => Some("rcrepro image lock".to_owned()),
            _ => None,
        }
    }
}

/// Reads the identity of an image, built or pulled, from its lock as evidence holds it.
///
/// # Errors
/// What is wrong with the name or the lock, in words.
pub fn locked_identity(name: &Name, bytes: &[u8]) -> Result<ImageIdentity, String> {
    let text = String::from_utf8_lossy(bytes);
    if pulled_toml::is_pulled(&text) {
        let lock = pulled_toml::parse(&text).map_err(|error| error.to_string())?;
        return Ok(lock.image.identity(name.to_string()));
    }
    let name = name.as_str().parse().map_err(|error| format!("{error}"))?;
    Ok(lock_toml::parse(name, &text).map_err(|error| error.to_string())?.identity())
}

/// What an image is built, pulled and loaded with.
#[derive(Clone, Copy)]
pub(crate) struct ImageUse<'a> {
    /// The plan's folder.
    pub folder: &'a Path,
    /// Where definitions and locks are read from.
    pub files: &'a PlanFiles,
    /// Where blobs live.
    pub store: &'a Arc<FsStore>,
    /// Where commands run.
    pub engine: &'a dyn Engine,
    /// Where images are loaded; `None` where the engine keeps none.
    pub image_host: Option<&'a dyn ImageHost>,
    /// Says where bytes are asked for.
    pub config: &'a UserConfig,
    /// Stops what is compiled.
    pub cancel: &'a CancellationToken,
    /// Receives what happens.
    pub on_event: &'a (dyn Fn(ImageEvent) + Sync),
}

impl ImageUse<'_> {
    /// Brings the image into the engine, exactly as locked; says how.
    ///
    /// The lock is checked against its definition and its outputs even when the engine has the image.
    ///
    /// # Errors
    /// [`ImagesError`]; then nothing may run in it.
    pub async fn ensure(&self, name: &Name, source: &ImageSource) -> Result<(ImageEntry, String), ImagesError> {
        match source {
            ImageSource::Build { definition, published } => self.built(name, definition, published.as_ref()).await,
            ImageSource::Pull { reference } => self.pulled(name, reference).await,
        }
    }

    async fn built(
        &self,
        name: &Name,
        definition: &str,
        published: Option<&ImageReference>,
    ) -> Result<(ImageEntry, String), ImagesError> {
        let (folder, image) = ImageFolder::of_definition(&self.folder.join(definition), self.platform()?)?;
        let folder = folder.read_from(self.files);
        let path = folder.lock_path(&image);
        let lock = build::locked::locked(&folder, &image)?;
        let mut from = None;
        if let Some(reference) = published {
            if reference.digest() != Some(lock.manifest_digest.hash) {
                let (name, reference) = (name.clone(), Box::new(reference.clone()));
                return Err(ImagesError::Published { name, reference, locked: lock.manifest_digest.hash });
            }
            if !build::is_ready(self.store.as_ref(), &folder, &image)? {
                from = Some(self.published(&folder, &image, reference).await?);
            }
        }
        let context = ImageContext {
            store: self.store.clone(),
            mirrors: package_mirrors(self.config),
            engine: Some(self.engine),
            image_host: self.image_host,
            cancel: self.cancel.clone(),
            on_event: self.on_event,
        };
        let built = build::build(&context, &folder, &image).await?;
        let how = match load::ensure(&context, self.engine, &built).await? {
            false => "confirmed",
            true => "loaded and confirmed",
        };
        let how = from.map_or_else(|| how.to_owned(), |from| format!("{from}, {how}"));
        let bytes = self.files.read(&path).map_err(|source| ImagesError::Read { path, source })?;
        let entry = ImageEntry {
            lock: self.store.put(&bytes)?,
            manifest: built.identity.manifest,
            config: built.identity.config,
            diff_ids: built.identity.diff_ids,
        };
        let how = format!("{how}, sha256:{}", &entry.config.to_string()[..12]);
        Ok((entry, how))
    }

    /// Gives the platform of the engine, which is not always this machine's.
    fn platform(&self) -> Result<ImagePlatform, ImagesError> {
        let isa = self.engine.info().isa.clone();
        ImagePlatform::of_isa(&isa).ok_or(ImagesError::Platform { isa })
    }
}
