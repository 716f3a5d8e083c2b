//! Evidence in memory over the user's store: reads fall through, writes stay in memory.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::fs::FsStore;
use super::memory::MemoryStore;
use super::{BlobStore, BlobWriter, StoreError};
use crate::model::digest::Digest;

/// Reads from memory first, then from a store on disk that it never writes to.
#[derive(Debug)]
pub struct Layered {
    upper: MemoryStore,
    lower: Option<FsStore>,
}

impl Layered {
    /// Lays memory over the store at `root`; where there is none, there is only the memory.
    ///
    /// # Errors
    /// [`StoreError::Io`] when there is a store and it cannot be opened.
    pub fn new(upper: MemoryStore, root: &Path) -> Result<Self, StoreError> {
        let lower = root.is_dir().then(|| FsStore::open(root)).transpose()?;
        Ok(Self { upper, lower })
    }

    fn holder(&self, digest: Digest) -> Result<&dyn BlobStore, StoreError> {
        match &self.lower {
            Some(lower) if !self.upper.contains(digest)? => Ok(lower),
            _ => Ok(&self.upper),
        }
    }
}

impl BlobStore for Layered {
    fn contains(&self, digest: Digest) -> Result<bool, StoreError> {
        self.holder(digest)?.contains(digest)
    }

    fn reader(&self, digest: Digest) -> Result<Box<dyn Read + Send>, StoreError> {
        self.holder(digest)?.reader(digest)
    }

    fn writer(&self) -> Result<Box<dyn BlobWriter>, StoreError> {
        self.upper.writer()
    }

    fn local_path(&self, digest: Digest) -> Option<PathBuf> {
        self.holder(digest).ok()?.local_path(digest)
    }

    fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        self.upper.put(bytes)
    }

    fn get(&self, digest: Digest) -> Result<Vec<u8>, StoreError> {
        self.holder(digest)?.get(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_fall_through_and_writes_stay_above() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let below = FsStore::open(folder.path()).expect("a store").put(b"below").expect("stored");
        let layered = Layered::new(MemoryStore::default(), folder.path()).expect("layers");
        let above = layered.put(b"above").expect("stored");
        assert_eq!(layered.get(below).expect("from below"), b"below");
        assert_eq!(layered.get(above).expect("from above"), b"above");
        let lower = FsStore::open(folder.path()).expect("a store");
        assert!(!lower.contains(above).expect("looked"));
    }
}
