//! Many blobs for one price in disk flushes.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::shared::Shared;
use super::staged::{Staged, Staging, fsync_directory, staged_bytes};
use super::writer::FsWriter;
use crate::{BlobBatch, BlobWriter, StoreError};
use rcrepro_model::content::digest::Digest;

/// Up to this many files are flushed one by one; beyond it, one `syncfs` is cheaper, though it also waits for what
/// others have written to the same file system.
const FLUSH_EACH: usize = 16;

/// A batch of a store on disk.
#[derive(Debug)]
pub(super) struct FsBatch {
    shared: Arc<Shared>,
    staging: Staging,
}

impl FsBatch {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, staging: Staging::default() }
    }
}

impl BlobBatch for FsBatch {
    fn contains(&self, digest: Digest) -> Result<bool, StoreError> {
        Ok(self.staging.holds(digest) || self.shared.contains(digest)?)
    }

    fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        if !self.contains(digest)? {
            self.staging.add(digest, staged_bytes(&self.shared.session, bytes)?);
        }
        Ok(digest)
    }

    fn writer(&self) -> Result<Box<dyn BlobWriter + '_>, StoreError> {
        Ok(Box::new(FsWriter::begin(Arc::clone(&self.shared), Some(&self.staging))?))
    }

    fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let Self { shared, staging } = *self;
        let files = staging.into_files();
        if files.len() <= FLUSH_EACH {
            files.values().try_for_each(Staged::flush)?;
        } else {
            rustix::fs::syncfs(&shared.blobs_handle)
                .map_err(|error| StoreError::io("flush the file system of", &shared.blobs)(error.into()))?;
        }
        let mut shards = BTreeSet::new();
        for (digest, staged) in &files {
            shards.insert(shared.publish(staged.path(), digest.hash)?);
        }
        shards.iter().try_for_each(|shard| fsync_directory(shard))
    }
}
