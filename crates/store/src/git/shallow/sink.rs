//! A file of git's that ends with the SHA-1 of what comes before.

use std::path::Path;

use gix::ObjectId;
use gix::hash::{Hasher, Kind, hasher};

use crate::ingest::GitError;
use crate::ingest::git::reading;
use crate::{BlobBatch, BlobWriter, StoreError};
use rcrepro_model::content::digest::Digest;

/// Takes the file's bytes, on their way into a store.
pub(super) struct Sink<'a> {
    out: Box<dyn BlobWriter + 'a>,
    hasher: Hasher,
    written: u64,
    /// The repository, for errors.
    repository: &'a Path,
}

impl<'a> Sink<'a> {
    pub(super) fn new(batch: &'a dyn BlobBatch, repository: &'a Path) -> Result<Self, GitError> {
        Ok(Self { out: batch.writer()?, hasher: hasher(Kind::Sha1), written: 0, repository })
    }

    /// Gives how many bytes were written.
    pub(super) const fn written(&self) -> u64 {
        self.written
    }

    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<(), GitError> {
        self.hasher.update(bytes);
        self.written += bytes.len() as u64;
        self.write(bytes)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), GitError> {
        let io = |source| StoreError::Io { doing: "store objects of", path: self.repository.to_owned(), source };
        Ok(self.out.write_all(bytes).map_err(io)?)
    }

    /// Ends the file, and gives its digest and the SHA-1.
    pub(super) fn finish(mut self) -> Result<(Digest, ObjectId), GitError> {
        let failed = |error: gix::Error| reading("hash objects".to_owned(), self.repository)(error.into());
        let checksum = self.hasher.clone().try_finalize().map_err(failed)?;
        self.write(checksum.as_slice())?;
        Ok((self.out.commit()?, checksum))
    }
}
