//! What a store on disk, its writers and its batches share.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType};
use rustix::io::Errno;

use super::session::Session;
use super::set_aside::SetAside;
use super::staged::fsync_directory;
use crate::StoreError;
use rcrepro_model::content::digest::{Digest, Sha256};

/// What the store, its writers and its batches share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) root: PathBuf,
    pub(super) blobs: PathBuf,
    /// An open handle on `blobs`, so that looking for a blob does not walk the whole path.
    pub(super) blobs_handle: OwnedFd,
    pub(super) session: Session,
    /// The damaged blobs that were set aside; `None` where they are left in their places.
    pub(super) set_aside: Option<SetAside>,
}

impl Shared {
    pub(super) fn path(&self, hash: Sha256) -> PathBuf {
        self.blobs.join(relative(hash))
    }

    /// Whether a file of the right size is under the blob's name.
    pub(super) fn contains(&self, digest: Digest) -> Result<bool, StoreError> {
        match rustix::fs::statat(&self.blobs_handle, relative(digest.hash), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
                && u64::try_from(stat.st_size) == Ok(digest.size)),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(StoreError::io("look at", &self.path(digest.hash))(error.into())),
        }
    }

    /// Renames flushed bytes to their name. The caller flushes the shard's folder, whose path it gets.
    pub(super) fn publish(&self, staged: &Path, hash: Sha256) -> Result<PathBuf, StoreError> {
        let target = self.path(hash);
        let shard = target.parent().expect("a blob is in a shard").to_owned();
        match std::fs::rename(staged, &target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match std::fs::create_dir(&shard) {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                        return Err(StoreError::io("make the folder", &shard)(error));
                    }
                    _ => fsync_directory(&self.blobs)?,
                }
                std::fs::rename(staged, &target).map_err(StoreError::io("move a blob to", &target))?;
            }
            result => result.map_err(StoreError::io("move a blob to", &target))?,
        }
        Ok(shard)
    }
}

/// Returns a blob's path below `blobs/sha256`: its first two digits, then the whole hash.
pub(super) fn relative(hash: Sha256) -> String {
    let hex = hash.to_string();
    format!("{}/{hex}", &hex[..2])
}
