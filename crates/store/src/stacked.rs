//! One place for blobs over another: what the upper one has not is read from the lower one, and writes stay above.

#![warn(clippy::expect_used)]

use std::io::Read;
use std::path::PathBuf;

use super::{BlobStore, BlobWriter, Claim, StoreError};
use rcrepro_model::content::digest::Digest;

/// Reads from the upper store, then from the lower one; writes to the upper one alone.
#[derive(Clone, Copy)]
pub struct Stacked<'a> {
    upper: &'a dyn BlobStore,
    lower: &'a dyn BlobStore,
}

impl<'a> Stacked<'a> {
    /// Lays one store over another.
    #[must_use]
    pub fn new(upper: &'a dyn BlobStore, lower: &'a dyn BlobStore) -> Self {
        Self { upper, lower }
    }

    fn holder(&self, digest: Digest) -> Result<&'a dyn BlobStore, StoreError> {
        Ok(if self.upper.contains(digest)? { self.upper } else { self.lower })
    }
}

impl BlobStore for Stacked<'_> {
    fn contains(&self, digest: Digest) -> Result<bool, StoreError> {
        Ok(self.upper.contains(digest)? || self.lower.contains(digest)?)
    }

    fn reader(&self, digest: Digest) -> Result<Box<dyn Read + Send>, StoreError> {
        self.holder(digest)?.reader(digest)
    }

    fn writer(&self) -> Result<Box<dyn BlobWriter>, StoreError> {
        self.upper.writer()
    }

    fn local_path(&self, digest: Digest) -> Option<PathBuf> {
        self.upper.local_path(digest).or_else(|| self.lower.local_path(digest))
    }

    fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        self.upper.put(bytes)
    }

    fn get(&self, digest: Digest) -> Result<Vec<u8>, StoreError> {
        self.holder(digest)?.get(digest)
    }

    fn claim(&self, digest: Digest) -> Result<Option<Claim>, StoreError> {
        self.upper.claim(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStore;

    #[test]
    fn reads_fall_through_and_writes_stay_above() {
        let (upper, lower) = (MemoryStore::default(), MemoryStore::default());
        let below = lower.put(b"below").expect("stored");
        let stacked = Stacked::new(&upper, &lower);
        assert_eq!(stacked.get(below).expect("from below"), b"below");
        let above = stacked.put(b"above").expect("stored");
        assert!(upper.contains(above).expect("looked") && !lower.contains(above).expect("looked"));
        assert!(stacked.contains(above).expect("looked") && stacked.contains(below).expect("looked"));
        assert!(matches!(stacked.get(Digest::of(b"nowhere")), Err(StoreError::Missing { .. })));
    }
}
