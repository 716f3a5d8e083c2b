//! A store on disk for those who only look: it makes no folder, takes no lock and writes nothing, so that it may be read-only.

#![warn(clippy::expect_used)]

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::shared::relative;
use crate::verify::{VerifyingReader, read_whole};
use crate::{BlobStore, BlobWriter, StoreError};
use rcrepro_model::content::digest::Digest;

/// Reads the blobs of a store at a path; one that is not there has none.
#[derive(Debug, Clone)]
pub struct FsReader {
    blobs: PathBuf,
}

impl FsReader {
    /// Looks at the store of this root.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { blobs: root.join("blobs/sha256") }
    }

    fn path(&self, digest: Digest) -> PathBuf {
        self.blobs.join(relative(digest.hash))
    }

    fn open(&self, digest: Digest) -> Result<(File, PathBuf), StoreError> {
        let path = self.path(digest);
        if !self.contains(digest)? {
            return Err(StoreError::Missing { digest });
        }
        let file = File::open(&path).map_err(StoreError::io("open", &path))?;
        Ok((file, path))
    }

    fn refused(&self) -> StoreError {
        StoreError::io("write to", &self.blobs)(io::ErrorKind::ReadOnlyFilesystem.into())
    }
}

impl BlobStore for FsReader {
    fn contains(&self, digest: Digest) -> Result<bool, StoreError> {
        let path = self.path(digest);
        match path.symlink_metadata() {
            Ok(found) => Ok(found.is_file() && found.len() == digest.size),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
            Err(error) => Err(StoreError::io("look at", &path)(error)),
        }
    }

    fn reader(&self, digest: Digest) -> Result<Box<dyn Read + Send>, StoreError> {
        Ok(Box::new(VerifyingReader::new(self.open(digest)?.0, digest)))
    }

    fn writer(&self) -> Result<Box<dyn BlobWriter>, StoreError> {
        Err(self.refused())
    }

    fn local_path(&self, digest: Digest) -> Option<PathBuf> {
        self.contains(digest).is_ok_and(|there| there).then(|| self.path(digest))
    }

    fn put(&self, _bytes: &[u8]) -> Result<Digest, StoreError> {
        Err(self.refused())
    }

    fn get(&self, digest: Digest) -> Result<Vec<u8>, StoreError> {
        let (mut file, path) = self.open(digest)?;
        read_whole(&mut file, digest, |error| StoreError::io("read", &path)(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::FsStore;

    #[test]
    fn what_is_looked_at_is_left_as_it_is() {
        let root = tempfile::tempdir().expect("a folder");
        let reader = FsReader::new(root.path());
        assert!(!reader.contains(Digest::of(b"x")).expect("looked"));
        assert_eq!(std::fs::read_dir(root.path()).expect("listed").count(), 0);
        let digest = FsStore::open(root.path()).expect("a store").put(b"x").expect("stored");
        assert_eq!(reader.get(digest).expect("there"), b"x");
        assert!(matches!(reader.get(Digest::of(b"y")), Err(StoreError::Missing { .. })));
        assert!(reader.put(b"y").is_err() && reader.writer().is_err());
    }
}
