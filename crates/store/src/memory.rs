//! A store in memory, for tests and for short-lived trees.

#![warn(clippy::expect_used)]

use std::collections::HashMap;
use std::io::{self, Cursor, Read, Write};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use super::verify::{VerifyingReader, read_whole};
use super::{BlobStore, BlobWriter, StoreError};
use rcrepro_model::content::digest::{Digest, DigestHasher, Sha256};

/// Keeps blobs in memory. Clones share the same blobs.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    blobs: Arc<RwLock<HashMap<Sha256, Arc<[u8]>>>>,
}

impl MemoryStore {
    fn find(&self, digest: Digest) -> Option<Arc<[u8]>> {
        // A panic elsewhere cannot leave a half-inserted blob, so a poisoned lock is still good.
        self.blobs.read().unwrap_or_else(PoisonError::into_inner).get(&digest.hash).cloned()
    }

    fn keep(&self, digest: Digest, bytes: Arc<[u8]>) {
        self.blobs.write().unwrap_or_else(PoisonError::into_inner).insert(digest.hash, bytes);
    }
}

impl BlobStore for MemoryStore {
    fn contains(&self, digest: Digest) -> Result<bool, StoreError> {
        Ok(self.find(digest).is_some_and(|bytes| bytes.len() as u64 == digest.size))
    }

    fn reader(&self, digest: Digest) -> Result<Box<dyn Read + Send>, StoreError> {
        let bytes = self.find(digest).ok_or(StoreError::Missing { digest })?;
        Ok(Box::new(VerifyingReader::new(Cursor::new(bytes), digest)))
    }

    fn writer(&self) -> Result<Box<dyn BlobWriter>, StoreError> {
        Ok(Box::new(MemoryWriter { store: self.clone(), bytes: Vec::new(), hasher: DigestHasher::default() }))
    }

    fn local_path(&self, _digest: Digest) -> Option<PathBuf> {
        None
    }

    fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        self.keep(digest, bytes.into());
        Ok(digest)
    }

    fn get(&self, digest: Digest) -> Result<Vec<u8>, StoreError> {
        let bytes = self.find(digest).ok_or(StoreError::Missing { digest })?;
        let never = |source| StoreError::Io { doing: "read", path: PathBuf::new(), source };
        read_whole(&mut &bytes[..], digest, never)
    }
}

struct MemoryWriter {
    store: MemoryStore,
    bytes: Vec<u8>,
    hasher: DigestHasher,
}

impl Write for MemoryWriter {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(buffer);
        self.hasher.update(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl BlobWriter for MemoryWriter {
    fn commit(self: Box<Self>) -> Result<Digest, StoreError> {
        let digest = self.hasher.finish();
        self.store.keep(digest, self.bytes.into());
        Ok(digest)
    }
}
