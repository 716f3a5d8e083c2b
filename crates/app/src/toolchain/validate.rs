//! Recomputes every digest of an image: in the store, in a layout folder, in an archive, or in an engine.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Buf as _, Bytes};
use futures_util::StreamExt as _;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::ImageError;
use super::build::locked::locked;
use super::folder::ImageFolder;
use rcrepro_engine::{EngineError, ImageHost};
use rcrepro_format::images::oci_json::blob_path;
use rcrepro_images::oci::image::ImageBlobs;
use rcrepro_images::oci::layout::layout_documents;
use rcrepro_images::oci::validate::judge::judge;
use rcrepro_images::oci::validate::survey::{LayoutSurvey, Surveyed, survey_file};
use rcrepro_images::oci::validate::{ValidateError, Validation, sources};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::image::definition::ImageName;
use rcrepro_model::text::hint::Hint;
use rcrepro_store::BlobStore;

/// Why an image could not be validated.
#[derive(Debug, thiserror::Error)]
pub enum ValidateImageError {
    /// Its lock cannot be relied on.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The engine failed, or has no image of that lock.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The image was never built into the store.
    #[error("image `{name}` is not in the store")]
    NotStored {
        /// The lock's name, as the target gave it.
        name: ImageName,
    },
    /// The engine has no such image.
    #[error("the engine has no image `{reference}`, and no lock of that name is here")]
    NotLoaded {
        /// What was asked for.
        reference: String,
    },
    /// The place cannot be read.
    #[error(transparent)]
    Validate(#[from] ValidateError),
}

impl Hint for ValidateImageError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Image(error) => error.hint(),
            Self::Engine(EngineError::ImageMissing { .. }) => Some("rcrepro image build --load".to_owned()),
            Self::Engine(error) => error.hint(),
            Self::NotStored { name } => Some(format!("rcrepro image build {name}")),
            Self::NotLoaded { .. } => Some("docker image ls".to_owned()),
            Self::Validate(_) => None,
        }
    }
}

/// Validates what a lock names in the store: every blob is read again, whatever the store believes.
///
/// # Errors
/// [`ValidateImageError::NotStored`] when neither manifest nor config is there, so that the image was never built;
/// [`ValidateImageError::Image`] when the lock cannot be relied on.
pub async fn stored(
    folder: &ImageFolder,
    name: &ImageName,
    store: Arc<dyn BlobStore>,
) -> Result<Validation, ValidateImageError> {
    let lock = locked(folder, name)?;
    let blobs = ImageBlobs {
        platform: lock.platform,
        manifest: lock.manifest_digest,
        config: lock.config_digest,
        layers: lock.layers.iter().map(|layer| layer.digest).collect(),
    };
    let never_built = !store.contains(blobs.manifest).map_err(ImageError::from)?
        && !store.contains(blobs.config).map_err(ImageError::from)?;
    if never_built {
        return Err(ValidateImageError::NotStored { name: name.clone() });
    }
    let survey = apart(move || survey_store(&blobs, store.as_ref())).await;
    Ok(judge(&survey, Some(&lock.identity())))
}

/// Validates a layout folder or, for a file, an archive.
///
/// # Errors
/// [`ValidateImageError::Validate`] when it cannot be read at all.
#[expect(clippy::disallowed_methods, reason = "an archive that the user names, of any size and streamed")]
pub async fn path(path: &Path) -> Result<Validation, ValidateImageError> {
    let path: PathBuf = path.to_owned();
    let survey = apart(move || {
        if path.is_dir() {
            return sources::folder(&path);
        }
        let what = format!("`{}`", path.display());
        let failed = |source| ValidateError::Read { what: what.clone(), source };
        let mut file = io::BufReader::with_capacity(256 << 10, File::open(&path).map_err(failed)?);
        sources::archive(&what, &mut file)
    });
    Ok(judge(&survey.await?, None))
}

/// Validates an image in the engine, through the engine's own export: by the name of a lock, which it then has to fit, or
/// by a name or id of the engine.
///
/// # Errors
/// [`ValidateImageError::NotLoaded`], [`ValidateImageError::Engine`] or [`ValidateImageError::Image`].
pub async fn loaded(
    folder: &ImageFolder,
    reference: &str,
    host: &dyn ImageHost,
) -> Result<Validation, ValidateImageError> {
    let name = reference.parse().ok().filter(|name| folder.definition_path(name).exists());
    let identity = name.map(|name| locked(folder, &name)).transpose()?.map(|lock| lock.identity());
    let asked = match &identity {
        Some(identity) => vec![identity.config.to_oci(), identity.manifest.to_oci()],
        None => vec![reference.to_owned()],
    };
    let mut id = None;
    for one in asked {
        if id.is_none() {
            id = host.image_id(&one).await?;
        }
    }
    let id = id.ok_or_else(|| match &identity {
        Some(identity) => EngineError::ImageMissing { name: identity.name.clone(), id: identity.config }.into(),
        None => ValidateImageError::NotLoaded { reference: reference.to_owned() },
    })?;
    let (sender, receiver) = mpsc::channel(4);
    let what = format!("the engine's export of {id}");
    let survey = spawn_blocking(move || sources::archive(&what, &mut Pieces { receiver, piece: Bytes::new() }));
    let mut export = host.export_image(&id);
    while let Some(piece) = export.next().await {
        // The reader stops early when the archive is broken; the rest is of no use then.
        if sender.send(piece.map_err(io::Error::other)).await.is_err() {
            break;
        }
    }
    drop(sender);
    let survey = survey.await.expect("reading an archive does not panic")?;
    Ok(judge(&survey, identity.as_ref()))
}

/// Lays out what the store has of an image as a layout would have it.
#[expect(clippy::disallowed_methods, reason = "an archive that the user names, of any size and streamed")]
fn survey_store(image: &ImageBlobs, store: &dyn BlobStore) -> LayoutSurvey {
    let mut survey = LayoutSurvey::default();
    for (path, bytes) in layout_documents(&[image.index_entry(None, None)]) {
        let file = survey_file(&mut bytes.as_slice()).expect("bytes in memory can be read");
        survey.things.insert(path.to_owned(), Surveyed::File(file));
    }
    let digests: std::collections::BTreeMap<String, Digest> = image.all().map(|one| (blob_path(one), one)).collect();
    let there = digests.iter().filter(|(_, digest)| store.contains(**digest).unwrap_or(true));
    let open = |path: &String| match store.local_path(digests[path]) {
        // Past the store's own check, which would only say that something is wrong.
        Some(file) => File::open(file).map(|file| Box::new(file) as Box<dyn Read + Send>),
        None => store.reader(digests[path]).map_err(io::Error::other),
    };
    sources::add(&mut survey, there.map(|(path, _)| path.clone()).collect(), open);
    survey
}

async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    spawn_blocking(work).await.expect("reading an image does not panic")
}

/// Reads what the engine sends, piece by piece.
struct Pieces {
    receiver: mpsc::Receiver<io::Result<Bytes>>,
    piece: Bytes,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.piece.has_remaining() {
            match self.receiver.blocking_recv() {
                None => return Ok(0),
                Some(piece) => self.piece = piece?,
            }
        }
        let count = self.piece.len().min(buffer.len());
        self.piece.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}
