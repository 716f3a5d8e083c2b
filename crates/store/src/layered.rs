//! Evidence for a look that changes nothing: a folder of blobs, over the user's store, under a memory that takes what is
//! derived on the way.

#![warn(clippy::expect_used)]

use std::io::Read;
use std::path::{Path, PathBuf};

use super::door::{self, Admitted};
use super::fs::reader::FsReader;
use super::memory::MemoryStore;
use super::verify::{VerifyingReader, read_whole};
use super::{BlobStore, BlobWriter, StoreError};
use rcrepro_model::content::digest::Digest;

/// Reads from memory, then from a folder whose files are named by their SHA-256, then from a store on disk; writes stay in
/// memory.
#[derive(Debug, Default)]
pub struct Layered {
    memory: MemoryStore,
    folder: Option<PathBuf>,
    store: Option<FsReader>,
}

impl Layered {
    /// Lays the folder over the store at `store`; either may be missing, and nothing is written to either.
    #[must_use]
    pub fn new(folder: &Path, store: Option<&Path>) -> Self {
        let store = store.map(FsReader::new);
        // A folder that is a link is not looked into: it may lead anywhere.
        let folder = folder.symlink_metadata().is_ok_and(|found| found.is_dir()).then(|| folder.to_owned());
        Self { memory: MemoryStore::default(), folder, store }
    }

    /// Finds the folder's file for a blob. One of another size, or a link, is passed over: the store may have the blob
    /// undamaged.
    fn file(&self, digest: Digest) -> Option<PathBuf> {
        let path = self.folder.as_ref()?.join(digest.hash.to_string());
        (door::size_of(&path) == Some(digest.size)).then_some(path)
    }

    fn open(path: &Path, digest: Digest) -> Result<Admitted, StoreError> {
        door::open(path, digest.size).map_err(StoreError::io("open", path))
    }

    fn beside(&self) -> &dyn BlobStore {
        match &self.store {
            Some(store) => store,
            None => &self.memory,
        }
    }
}

impl BlobStore for Layered {
    fn contains(&self, digest: Digest) -> Result<bool, StoreError> {
        Ok(self.memory.contains(digest)? || self.file(digest).is_some() || self.beside().contains(digest)?)
    }

    fn reader(&self, digest: Digest) -> Result<Box<dyn Read + Send>, StoreError> {
        if self.memory.contains(digest)? {
            return self.memory.reader(digest);
        }
        match self.file(digest) {
            Some(path) => {
                let file = Self::open(&path, digest)?;
                Ok(Box::new(VerifyingReader::new(file, digest)))
            }
            None => self.beside().reader(digest),
        }
    }

    fn writer(&self) -> Result<Box<dyn BlobWriter>, StoreError> {
        self.memory.writer()
    }

    fn local_path(&self, digest: Digest) -> Option<PathBuf> {
        self.file(digest).or_else(|| self.beside().local_path(digest))
    }

    fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        self.memory.put(bytes)
    }

    fn get(&self, digest: Digest) -> Result<Vec<u8>, StoreError> {
        if self.memory.contains(digest)? {
            return self.memory.get(digest);
        }
        match self.file(digest) {
            Some(path) => {
                let mut file = Self::open(&path, digest)?;
                read_whole(&mut file, digest, |error| StoreError::io("read", &path)(error))
            }
            None => self.beside().get(digest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::FsStore;

    #[test]
    fn reads_fall_through_damage_shows_and_writes_stay_above() {
        let (folder, root) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let below = FsStore::open(root.path()).expect("a store").put(b"below").expect("stored");
        let (good, bad) = (Digest::of(b"good"), Digest::of(b"bad!"));
        for (digest, bytes) in [(good, b"good"), (bad, b"evil")] {
            std::fs::write(folder.path().join(digest.hash.to_string()), bytes).expect("written");
        }
        let layered = Layered::new(folder.path(), Some(root.path()));
        assert_eq!(layered.get(below).expect("from the store"), b"below");
        assert_eq!(layered.get(good).expect("from the folder"), b"good");
        assert!(matches!(layered.get(bad), Err(StoreError::Damaged { .. })));
        let mut read = Vec::new();
        assert!(layered.reader(bad).expect("opened").read_to_end(&mut read).is_err());
        let above = layered.put(b"above").expect("stored");
        assert_eq!(layered.get(above).expect("from memory"), b"above");
        assert!(!FsStore::open(root.path()).expect("a store").contains(above).expect("looked"));
        assert!(matches!(layered.get(Digest::of(b"nowhere")), Err(StoreError::Missing { .. })));
    }
}
