//! What images there are, what they are locked to, and where they are.

use super::ImageError;
use super::build::locked::locked;
use super::build::parts::{Part, parts};
use super::folder::ImageFolder;
use rcrepro_engine::{Engine, EngineError};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::image::bom::packages;
use rcrepro_model::image::definition::{ImageName, ImagePlatform};
use rcrepro_model::image::lock::ImageLock;
use rcrepro_store::BlobStore;

/// How much of an image is in a place that may hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// The place was not asked: it is not there, or does not answer.
    Unknown,
    /// Nothing of it is there.
    Absent,
    /// Some blobs are there.
    Partial,
    /// All of it is there.
    Present,
    /// Something else is there under its id.
    Differs,
}

impl Presence {
    /// Gives the word of the table and of JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "-",
            Self::Absent => "no",
            Self::Partial => "partly",
            Self::Present => "yes",
            Self::Differs => "differs",
        }
    }
}

/// An image as its lock describes it, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locked {
    /// The uncompressed layers, lowest first.
    pub layers: Vec<(ImageName, Digest)>,
    /// How many packages its layers hold together.
    pub packages: usize,
    /// The image config.
    pub config: Digest,
    /// The image manifest.
    pub manifest: Digest,
    /// Whether the store has every blob.
    pub store: Presence,
    /// Whether the engine has it, confirmed by its digests.
    pub engine: Presence,
}

impl Locked {
    /// Adds up the layers' bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.layers.iter().map(|(_, digest)| digest.size).sum()
    }
}

/// One row of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedImage {
    /// The name of its definition.
    pub name: ImageName,
    /// The machine that it is for.
    pub platform: ImagePlatform,
    /// The lock, or why it cannot be relied on.
    pub state: Result<Locked, String>,
}

/// Lists every image of the folder, for one platform or for each that it is for.
///
/// # Errors
/// [`ImageError::File`], [`ImageError::Toml`] and [`ImageError::Definition`] for definitions, [`ImageError::Store`]; what
/// is wrong with a lock is in its row.
pub async fn list(
    folder: &ImageFolder,
    only: Option<ImagePlatform>,
    store: Option<&dyn BlobStore>,
    engine: Option<&dyn Engine>,
) -> Result<Vec<ListedImage>, ImageError> {
    let mut rows = Vec::new();
    for name in folder.names()? {
        for platform in folder.platforms(&name)?.into_iter().filter(|one| only.is_none_or(|only| only == *one)) {
            let state = match read(&folder.on(platform), &name) {
                Ok((lock, packages)) => Ok(locate(&lock, packages, store, engine).await?),
                Err(error @ (ImageError::File { .. } | ImageError::Definition(_))) => return Err(error),
                Err(error) => Err(error.to_string()),
            };
            rows.push(ListedImage { name: name.clone(), platform, state });
        }
    }
    Ok(rows)
}

/// Reads a lock and those below it, and checks all that can be checked without the layers.
fn read(folder: &ImageFolder, name: &ImageName) -> Result<(ImageLock, usize), ImageError> {
    let lock = locked(folder, name)?;
    let parts = parts(folder, &folder.compose(name)?)?;
    let count = |part: &Part| packages(&part.lock.pins).len();
    Ok((lock, parts.iter().map(count).sum()))
}

async fn locate(
    lock: &ImageLock,
    packages: usize,
    store: Option<&dyn BlobStore>,
    engine: Option<&dyn Engine>,
) -> Result<Locked, ImageError> {
    let layers: Vec<_> = lock.layers.iter().map(|layer| (layer.name.clone(), layer.digest)).collect();
    let blobs = [lock.manifest_digest, lock.config_digest].into_iter().chain(layers.iter().map(|(_, digest)| *digest));
    let mut there = Vec::new();
    if let Some(store) = store {
        for blob in blobs {
            there.push(store.contains(blob)?);
        }
    }
    let stored = match (there.contains(&true), there.contains(&false)) {
        (false, false) => Presence::Unknown,
        (true, false) => Presence::Present,
        (true, true) => Presence::Partial,
        (false, true) => Presence::Absent,
    };
    let loaded = match engine {
        None => Presence::Unknown,
        Some(engine) => match engine.confirm_image(&lock.identity()).await {
            Ok(()) => Presence::Present,
            Err(EngineError::ImageMissing { .. }) => Presence::Absent,
            Err(EngineError::ImageMismatch { .. }) => Presence::Differs,
            Err(_) => Presence::Unknown,
        },
    };
    Ok(Locked {
        layers,
        packages,
        config: lock.config_digest,
        manifest: lock.manifest_digest,
        store: stored,
        engine: loaded,
    })
}
