//! The plan's images in the engine: confirmed against their locks, and built and loaded first where they are missing.

use std::path::Path;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::config::package_mirrors;
use super::image::folder::ImageFolder;
use super::image::{ImageContext, ImageError, build, load};
use crate::engine::docker::DockerEngine;
use crate::engine::{Engine as _, EngineError};
use crate::format::lock_toml;
use crate::format::toml_place::TomlError;
use crate::model::event::ImageEvent;
use crate::model::image_definition::Platform;
use crate::model::image_lock::ImageLock;
use crate::model::manifest::ImageEntry;
use crate::model::name::Name;
use crate::model::plan::ImageSource;
use crate::model::user_config::UserConfig;
use crate::store::fs::FsStore;
use crate::store::{BlobStore as _, StoreError};

/// Says why a plan's image could not be had.
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
    #[error("the engine's machine is {isa}, which no image of ours can be for: expected x86-64 or arm-a64")]
    Platform {
        /// REAPI's `ISA` of the engine.
        isa: String,
    },
    /// The lock file cannot be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The lock's path.
        path: std::path::PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// Parses an image's lock as it stands in evidence.
///
/// # Errors
/// What is wrong with the name or the lock, in words.
pub fn image_lock(name: &Name, bytes: &[u8]) -> Result<ImageLock, String> {
    let name = name.as_str().parse().map_err(|error| format!("{error}"))?;
    lock_toml::parse(name, &String::from_utf8_lossy(bytes)).map_err(|error: TomlError| error.to_string())
}

/// Gathers what an image is had with.
#[derive(Clone, Copy)]
pub struct ImageUse<'a> {
    /// The plan's folder.
    pub folder: &'a Path,
    /// Where blobs live.
    pub store: &'a Arc<FsStore>,
    /// Where commands run.
    pub engine: &'a DockerEngine,
    /// Says where bytes are asked for.
    pub config: &'a UserConfig,
    /// Stops what is compiled.
    pub cancel: &'a CancellationToken,
    /// Hears what happens.
    pub on_event: &'a (dyn Fn(ImageEvent) + Sync),
}

impl ImageUse<'_> {
    /// Has the image in the engine exactly as locked; says how.
    ///
    /// The lock is checked against its definition and its outputs even when the engine has the image.
    ///
    /// # Errors
    /// [`ImagesError`]; then nothing may run in it.
    pub async fn ensure(&self, source: &ImageSource) -> Result<(ImageEntry, String), ImagesError> {
        let ImageSource::Build { definition } = source;
        let (folder, image) = ImageFolder::of_definition(&self.folder.join(definition), self.platform()?)?;
        let path = folder.lock_path(&image);
        let context = ImageContext {
            store: self.store.clone(),
            mirrors: package_mirrors(self.config),
            engine: Some(self.engine),
            cancel: self.cancel.clone(),
            on_event: self.on_event,
        };
        let built = build::build(&context, &folder, &image).await?;
        let how = match load::ensure(&context, self.engine, &built).await? {
            false => "confirmed",
            true => "loaded and confirmed",
        };
        let bytes = std::fs::read(&path).map_err(|source| ImagesError::Read { path, source })?;
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
    fn platform(&self) -> Result<Platform, ImagesError> {
        let isa = self.engine.info().isa.clone();
        Platform::of_isa(&isa).ok_or(ImagesError::Platform { isa })
    }
}
