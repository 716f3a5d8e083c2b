//! The real store in a temporary folder, which can be told to stall.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use rcrepro_model::content::digest::Digest;
use rcrepro_store::fs::FsStore;
use rcrepro_store::{BlobBatch, BlobStore, BlobWriter, StoreError};

/// Keeps blobs in a temporary folder.
pub struct FileStore {
    store: FsStore,
    _folder: tempfile::TempDir,
    /// How long every writer sleeps before its first byte and before its commit.
    pub stall: Duration,
}

impl FileStore {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = FsStore::open(&folder.path().join("store")).expect("a new store");
        Self { store, _folder: folder, stall: Duration::ZERO }
    }
}

impl BlobStore for FileStore {
    fn contains(&self, digest: Digest) -> Result<bool, StoreError> {
        self.store.contains(digest)
    }

    fn reader(&self, digest: Digest) -> Result<Box<dyn Read + Send>, StoreError> {
        self.store.reader(digest)
    }

    fn writer(&self) -> Result<Box<dyn BlobWriter>, StoreError> {
        let inner = self.store.writer()?;
        Ok(Box::new(Writer { inner, stall: self.stall, begun: false }))
    }

    fn local_path(&self, digest: Digest) -> Option<PathBuf> {
        self.store.local_path(digest)
    }

    fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        self.store.put(bytes)
    }

    fn get(&self, digest: Digest) -> Result<Vec<u8>, StoreError> {
        self.store.get(digest)
    }

    fn batch(&self) -> Result<Box<dyn BlobBatch + '_>, StoreError> {
        self.store.batch()
    }
}

struct Writer {
    inner: Box<dyn BlobWriter>,
    stall: Duration,
    begun: bool,
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.begun {
            thread::sleep(self.stall);
            self.begun = true;
        }
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl BlobWriter for Writer {
    fn commit(self: Box<Self>) -> Result<Digest, StoreError> {
        thread::sleep(self.stall);
        self.inner.commit()
    }
}
