//! Blobs on their way into the store.

use std::fs::{File, FileTimes};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use super::batch::Staging;
use super::damage::is_equal;
use super::session::Session;
use super::{BLOB_MTIME, Shared};
use crate::{BlobWriter, StoreError};
use rcrepro_model::content::digest::{Digest, DigestHasher};

/// How much a writer gathers before it calls the kernel, in bytes.
const BUFFER: usize = 128 << 10;

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

fn stage(session: &Session) -> Result<(File, Staged), StoreError> {
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
fn seal(file: &File) -> io::Result<()> {
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

/// Hashes what it writes.
pub(super) struct FsWriter<'a> {
    shared: Arc<Shared>,
    /// Where the blob waits for the others; alone it is published at once.
    batch: Option<&'a Staging>,
    file: BufWriter<File>,
    hasher: DigestHasher,
    staged: Staged,
}

impl<'a> FsWriter<'a> {
    pub(super) fn begin(shared: Arc<Shared>, batch: Option<&'a Staging>) -> Result<Self, StoreError> {
        let (file, staged) = stage(&shared.session)?;
        Ok(Self {
            shared,
            batch,
            file: BufWriter::with_capacity(BUFFER, file),
            hasher: DigestHasher::default(),
            staged,
        })
    }
}

impl Write for FsWriter<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.file.write(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl BlobWriter for FsWriter<'_> {
    fn commit(self: Box<Self>) -> Result<Digest, StoreError> {
        let Self { shared, batch, file, hasher, staged } = *self;
        let digest = hasher.finish();
        let there = match batch {
            Some(batch) => batch.holds(digest) || shared.contains(digest)?,
            None => shared.contains(digest)?,
        };
        if there && batch.is_some() {
            return Ok(digest);
        }
        let failed = StoreError::io("write", staged.path());
        file.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| seal(&file)).map_err(failed)?;
        // The right bytes are at hand: what lies there under their name need not be believed.
        if there && is_equal(staged.path(), &shared.path(digest.hash)).unwrap_or(false) {
            return Ok(digest);
        }
        match batch {
            Some(batch) => batch.add(digest, staged),
            None => {
                staged.flush()?;
                fsync_directory(&shared.publish(staged.path(), digest.hash)?)?;
            }
        }
        Ok(digest)
    }
}
