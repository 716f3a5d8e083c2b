//! Files in the session's folder that wait to be published.

use std::collections::HashMap;
use std::fs::{File, FileTimes};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use super::session::Session;
use crate::StoreError;
use rcrepro_model::content::digest::Digest;

/// The modification time of every blob, in seconds since 1970: 1980-01-01T00:00:00Z, the earliest that a zip file can hold.
///
/// Blobs can be hard-linked into checkouts, where a time that depends on when the blob was first stored would show.
pub const BLOB_MTIME: i64 = 315_532_800;

/// A file in the session's folder; it goes away when it is dropped under that name.
#[derive(Debug)]
pub(super) struct Staged {
    path: PathBuf,
}

impl Staged {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Flushes the file's bytes and size to the disk.
    pub(super) fn flush(&self) -> Result<(), StoreError> {
        File::open(&self.path).and_then(|file| file.sync_all()).map_err(StoreError::io("flush", &self.path))
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // Gone already when it was published; what cannot be removed goes with the session's folder.
        let _ = std::fs::remove_file(&self.path);
    }
}

pub(super) fn stage(session: &Session) -> Result<(File, Staged), StoreError> {
    let path = session.fresh_path();
    let file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(StoreError::io("make the file", &path))?;
    Ok((file, Staged { path }))
}

/// Sets the mode and time of the file to those of every blob.
pub(super) fn seal(file: &File) -> io::Result<()> {
    file.set_permissions(std::fs::Permissions::from_mode(0o444))?;
    let time = UNIX_EPOCH + Duration::from_secs(BLOB_MTIME.unsigned_abs());
    file.set_times(FileTimes::new().set_modified(time))
}

/// Writes bytes into the session's folder, not flushed.
pub(super) fn staged_bytes(session: &Session, bytes: &[u8]) -> Result<Staged, StoreError> {
    let (mut file, staged) = stage(session)?;
    file.write_all(bytes).and_then(|()| seal(&file)).map_err(StoreError::io("write", staged.path()))?;
    Ok(staged)
}

/// Flushes a folder, so that the names in it survive a crash.
pub(super) fn fsync_directory(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(StoreError::io("flush the folder", path))
}

/// Flushed-later files by the digest that they will be named by.
#[derive(Debug, Default)]
pub(super) struct Staging {
    files: Mutex<HashMap<Digest, Staged>>,
}

impl Staging {
    pub(super) fn holds(&self, digest: Digest) -> bool {
        // Nothing can panic while the lock is held and leave the map in parts.
        self.files.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&digest)
    }

    /// Keeps the first file of a digest; a second one, from another thread, goes away.
    pub(super) fn add(&self, digest: Digest, staged: Staged) {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).entry(digest).or_insert(staged);
    }

    /// Gives the files up, to be published.
    pub(super) fn into_files(self) -> HashMap<Digest, Staged> {
        self.files.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
