//! Recomputes every digest of an image and lists all that is wrong, not the first.
//!
//! Two steps. A **survey** reads every file once, in any order, and keeps of it what may be asked later: size, SHA-256, the bytes of
//! small documents, and for a layer its DiffId and what is wrong with its tar. Folders, archives, the store and an engine's
//! export are surveyed alike; layers are never held in memory. Then [`judge()`](judge::judge), a pure function, walks from the index (or Docker's
//! `manifest.json`) to manifests, configs and layers.
//!
//! Source: OCI image specification 1.1 (`image-layout.md`, `image-index.md`, `manifest.md`, `config.md`, `layer.md`, `descriptor.md`);
//! Docker's image specification 1.2 for what `docker save` writes.

use std::io;

use serde::Serialize;

use rcrepro_model::content::digest::Sha256;
use rcrepro_model::standing::Standing;

mod docker;
mod document;
pub mod judge;
mod layer;
mod layout;
pub mod sources;
pub mod survey;

/// Names what is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultName {
    /// Neither a layout nor an archive that Docker writes.
    NoImage,
    /// A digest that a lock pins is another one.
    LockDiffers,
    /// Bytes do not hash to the digest that names them.
    DigestDiffers,
    /// A size is not the stated one.
    SizeDiffers,
    /// An uncompressed layer is not the one that the config names.
    DiffIdDiffers,
    /// Something that is named is not there.
    Missing,
    /// A media type is not the right one for what is there.
    MediaType,
    /// A version is not known.
    Version,
    /// A digest is of an algorithm other than SHA-256.
    Algorithm,
    /// Two documents contradict each other.
    Contradiction,
    /// A document or an archive cannot be read as what it should be.
    Malformed,
    /// A JSON object has a key twice, so that two readers may see two documents.
    DuplicateKey,
    /// An archive has a path twice.
    DuplicateEntry,
    /// An archive's entry could lie outside, or has no name.
    EntryName,
    /// A hard link leads out of its layer.
    EntryLink,
    /// An entry is below a symbolic link of its layer: some readers follow it, others put a folder there.
    EntryBelowLink,
    /// A thing is not a plain file.
    NoFile,
    /// A file that nothing names. A note.
    Unreferenced,
    /// A field that the specification does not know. A note.
    UnknownField,
    /// Something that some engines want and that is not there. A note.
    Wanting,
    /// A device, a FIFO or the like in a layer, which an engine makes on the machine that unpacks it. A note.
    Device,
}

impl From<&ImageFault> for Standing {
    /// An image that is another one than its lock pins was exchanged; anything else is wrong with the image itself.
    fn from(fault: &ImageFault) -> Self {
        if fault.name == FaultName::LockDiffers { Self::Tampered } else { Self::Failed }
    }
}

impl FaultName {
    /// Returns the name that reports and JSON use.
    #[must_use]
    pub fn as_str(self) -> String {
        serde_json::to_value(self).ok().and_then(|v| v.as_str().map(ToOwned::to_owned)).unwrap_or_default()
    }
}

/// One thing that is wrong, or worth a note.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ImageFault {
    /// What is wrong.
    pub name: FaultName,
    /// With what: a file, a place in a document, an entry of a layer.
    pub object: String,
    /// As words, such as `a whole tar archive`, or a value.
    pub expected: String,
    /// As `expected`.
    pub found: String,
}

impl ImageFault {
    pub(crate) fn new(
        name: FaultName,
        object: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self { name, object: object.into(), expected: expected.into(), found: found.into() }
    }
}

/// An image as it was found, every digest recomputed; `None` where there was nothing to compute it from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FoundImage {
    /// The manifest's; an archive of Docker's classic store has none.
    pub manifest: Option<Sha256>,
    /// Of the config that the manifest, or Docker's list, names.
    pub config: Option<Sha256>,
    /// The uncompressed layers', lowest first.
    pub diff_ids: Vec<Option<Sha256>>,
}

/// The outcome.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Validation {
    /// All that is wrong, sorted.
    pub faults: Vec<ImageFault>,
    /// What is worth a look and no fault, sorted.
    pub notes: Vec<ImageFault>,
    /// In the order of the index.
    pub images: Vec<FoundImage>,
    /// How many files were read.
    pub files: usize,
    /// How many bytes they have.
    pub bytes: u64,
}

impl Validation {
    /// What the image came to. Notes do not count.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing::worst(&self.faults)
    }
}

/// Why nothing could be validated.
#[derive(Debug, thiserror::Error)]
pub enum ValidateError {
    /// The place cannot be read.
    #[error("cannot read {what}")]
    Read {
        /// The folder, file or engine.
        what: String,
        /// The error of the system or of the engine's stream.
        #[source]
        source: io::Error,
    },
    /// There are more files than any image has.
    #[error("{what} has more than {limit} files, which no image has")]
    TooMany {
        /// The folder or archive.
        what: String,
        /// The most files that are surveyed.
        limit: usize,
    },
}
