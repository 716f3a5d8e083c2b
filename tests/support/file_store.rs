//! A store for tests that keeps blobs as files and can be told to stall.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use rcrepro::model::digest::{Digest, DigestHasher};
use rcrepro::store::{BlobStore, BlobWriter, StoreError};

/// Keeps blobs in a temporary folder.
pub struct FileStore {
    folder: tempfile::TempDir,
    /// How long every writer sleeps before its first byte and before its commit.
    pub stall: Duration,
}

impl FileStore {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder"), stall: Duration::ZERO }
    }

    fn path(&self, digest: Digest) -> PathBuf {
        self.folder.path().join(digest.hash.to_string())
    }
}

fn failed(doing: &'static str, path: PathBuf) -> impl FnOnce(io::Error) -> StoreError {
    move |source| StoreError::Io { doing, path, source }
}

impl BlobStore for FileStore {
    fn contains(&self, digest: Digest) -> Result<bool, StoreError> {
        Ok(self.path(digest).exists())
    }

    fn reader(&self, digest: Digest) -> Result<Box<dyn Read + Send>, StoreError> {
        match File::open(self.path(digest)) {
            Ok(file) => Ok(Box::new(file)),
            Err(_) => Err(StoreError::Missing { digest }),
        }
    }

    fn writer(&self) -> Result<Box<dyn BlobWriter>, StoreError> {
        let file = tempfile::NamedTempFile::new_in(&self.folder)
            .map_err(failed("make a file in", self.folder.path().to_owned()))?;
        let folder = self.folder.path().to_owned();
        Ok(Box::new(Writer { file, folder, hasher: DigestHasher::default(), stall: self.stall, begun: false }))
    }

    fn local_path(&self, digest: Digest) -> Option<PathBuf> {
        Some(self.path(digest))
    }

    fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        fs::write(self.path(digest), bytes).map_err(failed("write", self.path(digest)))?;
        Ok(digest)
    }

    fn get(&self, digest: Digest) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::new();
        self.reader(digest)?.read_to_end(&mut bytes).map_err(failed("read", self.path(digest)))?;
        Ok(bytes)
    }
}

struct Writer {
    file: tempfile::NamedTempFile,
    folder: PathBuf,
    hasher: DigestHasher,
    stall: Duration,
    begun: bool,
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.begun {
            thread::sleep(self.stall);
            self.begun = true;
        }
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl BlobWriter for Writer {
    fn commit(self: Box<Self>) -> Result<Digest, StoreError> {
        thread::sleep(self.stall);
        let digest = self.hasher.finish();
        let path = self.folder.join(digest.hash.to_string());
        self.file.persist(&path).map_err(|error| failed("rename", path)(error.error))?;
        Ok(digest)
    }
}
