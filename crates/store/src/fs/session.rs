//! The folder that one open store writes into before its blobs have names.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::FlockOperation;
use tempfile::TempDir;

use crate::StoreError;

/// The file in `tmp/` that is held while sessions are begun or swept.
const GATE: &str = ".gate";
/// The file in a session's folder that its owner holds.
const LOCK: &str = "lock";

/// Owns a folder below `tmp/`; the folder goes away with it, or with the next [`Session::begin`] after a crash.
#[derive(Debug)]
pub(super) struct Session {
    folder: TempDir,
    /// Held, by an open file description of its own, for the life of the session.
    _lock: File,
    next: AtomicU64,
}

impl Session {
    /// Sweeps what dead owners left in `tmp`, and begins a session there.
    pub(super) fn begin(tmp: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(tmp).map_err(StoreError::io("make the folder", tmp))?;
        // Without the gate, a sweep could see a folder whose owner has not locked it yet.
        let _gate = locked(&tmp.join(GATE))?;
        sweep(tmp)?;
        let folder = tempfile::Builder::new()
            .prefix("session-")
            .tempdir_in(tmp)
            .map_err(StoreError::io("make a folder in", tmp))?;
        let lock = locked(&folder.path().join(LOCK))?;
        Ok(Self { folder, _lock: lock, next: AtomicU64::new(0) })
    }

    /// Returns a path that nobody else gets.
    pub(super) fn fresh_path(&self) -> PathBuf {
        self.folder.path().join(self.next.fetch_add(1, Ordering::Relaxed).to_string())
    }
}

/// Opens the file, making it if it is missing, and waits for its lock. Dropping the file releases it, as does dying.
fn locked(path: &Path) -> Result<File, StoreError> {
    let file = open_lock(path)?;
    rustix::fs::flock(&file, FlockOperation::LockExclusive)
        .map_err(|error| StoreError::io("lock", path)(error.into()))?;
    Ok(file)
}

fn open_lock(path: &Path) -> Result<File, StoreError> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    options.open(path).map_err(StoreError::io("open", path))
}

/// Removes every session whose lock is free. The caller holds the gate.
fn sweep(tmp: &Path) -> Result<(), StoreError> {
    for entry in std::fs::read_dir(tmp).map_err(StoreError::io("read the folder", tmp))? {
        let path = entry.map_err(StoreError::io("read the folder", tmp))?.path();
        if !path.is_dir() {
            continue;
        }
        let lock_path = path.join(LOCK);
        let lock = match File::open(&lock_path) {
            Ok(lock) => lock,
            // Its owner died between making the folder and the lock, or is removing it right now.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                remove(&path)?;
                continue;
            }
            Err(error) => return Err(StoreError::io("open", &lock_path)(error)),
        };
        if rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
            remove(&path)?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::io("remove", path)(error)),
        _ => Ok(()),
    }
}
