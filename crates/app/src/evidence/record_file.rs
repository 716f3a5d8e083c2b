//! A committed record of any kind with the evidence beside it: a manifest, a record of images, a record of mutants.

use std::io;
use std::path::{Path, PathBuf};

use super::evidence_folder::EvidenceFolder;
use crate::evidence::{self, EvidenceError};
use rcrepro_model::content::digest::Digest;
use rcrepro_store::door;
use rcrepro_store::layered::Layered;

/// A record's file and the evidence beside it, over a store. The record may be of any kind.
#[derive(Debug)]
pub(crate) struct RecordFile {
    path: PathBuf,
    bytes: Vec<u8>,
    blobs: Layered,
}

impl RecordFile {
    /// Reads a record. `store` is the folder of a store that may have blobs that the folder of evidence does not have.
    ///
    /// # Errors
    /// What the system said, `NotFound` among it, or what [`door::open`] refuses.
    pub(crate) fn open(path: &Path, store: Option<&Path>) -> io::Result<Self> {
        let bytes = door::read(path, door::RECORD_LIMIT)?;
        Ok(Self { path: path.to_owned(), bytes, blobs: Layered::new(&evidence::folder_of(path), store) })
    }

    /// The path that it was opened by.
    #[must_use]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// All of the record, as [`door::RECORD_LIMIT`] admits it.
    #[must_use]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The digest of the record's bytes.
    #[must_use]
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    /// Returns the blobs: those of the folder, then those of the store. What is written stays in memory.
    #[must_use]
    pub(crate) const fn blobs(&self) -> &Layered {
        &self.blobs
    }

    /// Drops the record and keeps its blobs.
    #[must_use]
    pub(crate) fn into_blobs(self) -> Layered {
        self.blobs
    }

    /// Hashes all evidence in the folder beside the record.
    ///
    /// # Errors
    /// [`EvidenceError`] when the folder cannot be listed.
    pub(crate) fn examine_folder(&self) -> Result<EvidenceFolder, EvidenceError> {
        evidence::examine_folder(&self.path)
    }
}
