//! The folder of each run: who is alive, and what was recorded.
//!
//! ```text
//! STORE/runs/20231114T221320Z-17-k3f9/lease         held by an exclusive flock while the run's process lives
//! STORE/runs/20231114T221320Z-17-k3f9/RC-05.running the plan's folder: the run works at this packet of it, recorded it, or
//!                                                   was killed while it worked at it
//! STORE/runs/20231114T221320Z-17-k3f9/RC-05.json    the run record of a packet, whole or absent
//! STORE/runs/20231114T221320Z-17-k3f9/RC-06.images.json  what became of the release's images, whole or absent
//! ```
//!
//! A run is alive when its lease is held: the kernel lets go of it however the process ends, so neither a time nor a
//! process id, which may be given to another, is asked. It holds among processes of one machine; on a network file system
//! only as far as that carries flock.
//!
//! **Newest is a number, not a time.** Each run has a number in its id, one more than the largest that is there when it
//! begins, given under the gate: a clock that is wrong or two runs of one second cannot turn the order. The number is in
//! the folder's name, so that there is no counter beside it that a crash could leave behind or that could be lost. Runs of
//! stores that knew no numbers come before all others, by their text. The time is for people.

mod announcement;
mod error;
mod id;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;
use rustix::io::Errno;

pub use self::announcement::Announcement;
pub use self::error::RunFolderError;
pub use self::id::RunId;
use crate::door;
use rcrepro_model::plan::PacketId;

/// The runs below one store.
#[derive(Debug, Clone)]
pub struct Runs {
    folder: PathBuf,
}

impl Runs {
    /// Uses `STORE/runs`, and makes it if it is missing.
    ///
    /// # Errors
    /// [`RunFolderError::Io`] when it cannot be made.
    pub fn open(store: &Path) -> Result<Self, RunFolderError> {
        let folder = store.join("runs");
        std::fs::create_dir_all(&folder).map_err(failed("make the folder", &folder))?;
        Ok(Self { folder })
    }

    /// Makes the folder of a new run, the newest of all, and takes its lease. `seconds` since 1970 and the suffix are for
    /// its id, see [`RunId::new`].
    ///
    /// # Errors
    /// [`RunFolderError::Id`] for a bad suffix, [`RunFolderError::Io`].
    pub fn begin(&self, seconds: i64, suffix: &str) -> Result<RunDir, RunFolderError> {
        // Another process that asks meanwhile waits, and so never sees a folder whose lease is not held yet, nor gets the same number.
        let _gate = self.gate(FlockOperation::LockExclusive)?;
        let newest = self.list()?.last().map_or(0, RunId::number);
        let id = RunId::new(newest + 1, seconds, suffix)?;
        let folder = self.folder.join(id.as_str());
        std::fs::create_dir(&folder).map_err(failed("make the folder", &folder))?;
        let path = folder.join("lease");
        let lease = File::options().write(true).create_new(true).open(&path).map_err(failed("make the file", &path))?;
        rustix::fs::flock(&lease, FlockOperation::LockExclusive)
            .map_err(|error| failed("lock", &path)(error.into()))?;
        // What it records is durable; so is then the name that says when.
        File::open(&self.folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed("flush the folder", &self.folder))?;
        Ok(RunDir { id, folder, _lease: lease })
    }

    /// Whether a run's process lives. A run that is not there does not.
    ///
    /// # Errors
    /// [`RunFolderError::Io`] when it cannot be found out.
    pub fn is_alive(&self, id: &RunId) -> Result<bool, RunFolderError> {
        let _gate = self.gate(FlockOperation::LockShared)?;
        let path = self.folder.join(id.as_str()).join("lease");
        let lease = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            result => result.map_err(failed("open", &path))?,
        };
        match rustix::fs::flock(&lease, FlockOperation::NonBlockingLockShared) {
            Ok(()) => Ok(false),
            Err(Errno::WOULDBLOCK) => Ok(true),
            Err(error) => Err(failed("look at the lock of", &path)(error.into())),
        }
    }

    /// Lists all runs in the order in which they began, the oldest first. What is not a run's folder is passed over.
    ///
    /// # Errors
    /// [`RunFolderError::Io`] when the folder cannot be read.
    pub fn list(&self) -> Result<Vec<RunId>, RunFolderError> {
        let mut ids: Vec<RunId> = self.names()?.iter().filter_map(|name| name.to_str()?.parse().ok()).collect();
        ids.sort();
        Ok(ids)
    }

    /// Lists the folders beside those of the runs, whose names are not run ids, sorted.
    ///
    /// # Errors
    /// [`RunFolderError::Io`] when the folder cannot be read.
    pub fn strays(&self) -> Result<Vec<PathBuf>, RunFolderError> {
        let is_run = |name: &OsString| name.to_str().is_some_and(|name| name.parse::<RunId>().is_ok());
        let paths = self.names()?.into_iter().filter(|name| !is_run(name)).map(|name| self.folder.join(name));
        let mut folders: Vec<PathBuf> = paths.filter(|path| path.is_dir()).collect();
        folders.sort();
        Ok(folders)
    }

    fn names(&self) -> Result<Vec<OsString>, RunFolderError> {
        let entries = std::fs::read_dir(&self.folder).map_err(failed("read the folder", &self.folder))?;
        let names: io::Result<Vec<OsString>> = entries.map(|entry| Ok(entry?.file_name())).collect();
        names.map_err(failed("read the folder", &self.folder))
    }

    /// Returns the file in which a run records a packet, whether it is there or not.
    #[must_use]
    pub fn record_path(&self, id: &RunId, packet: &PacketId) -> PathBuf {
        self.folder.join(id.as_str()).join(file_name(packet))
    }

    /// Returns the file in which a run says what became of the release's images, whether it is there or not.
    #[must_use]
    pub fn images_path(&self, id: &RunId, packet: &PacketId) -> PathBuf {
        self.folder.join(id.as_str()).join(images_name(packet))
    }

    /// Reads what a run recorded of a packet; `None` when it recorded nothing.
    ///
    /// # Errors
    /// [`RunFolderError::Io`] when it is there and cannot be read.
    pub fn record(&self, id: &RunId, packet: &PacketId) -> Result<Option<Vec<u8>>, RunFolderError> {
        read(&self.record_path(id, packet))
    }

    /// Reads the record of a packet in a folder that is not named as a run; `None` when there is none.
    ///
    /// # Errors
    /// [`RunFolderError::Io`] when it is there and cannot be read.
    pub fn stray_record(&self, stray: &Path, packet: &PacketId) -> Result<Option<Vec<u8>>, RunFolderError> {
        read(&stray.join(file_name(packet)))
    }

    /// Reads what a run said of the release's images; `None` when it built none.
    ///
    /// # Errors
    /// [`RunFolderError::Io`] when it is there and cannot be read.
    pub fn images(&self, id: &RunId, packet: &PacketId) -> Result<Option<Vec<u8>>, RunFolderError> {
        read(&self.images_path(id, packet))
    }

    /// Whether a run said that it works at this packet of this plan's folder.
    #[must_use]
    pub fn is_announced(&self, id: &RunId, packet: &PacketId, plan: &Path) -> bool {
        let said = std::fs::read(self.folder.join(id.as_str()).join(announcement::file_name(packet)));
        said.is_ok_and(|said| said == plan.as_os_str().as_encoded_bytes())
    }

    fn gate(&self, operation: FlockOperation) -> Result<File, RunFolderError> {
        let path = self.folder.join(".gate");
        let mut options = File::options();
        let gate = options.read(true).write(true).create(true).truncate(false);
        let gate = gate.open(&path).map_err(failed("open", &path))?;
        rustix::fs::flock(&gate, operation).map_err(|error| failed("lock", &path)(error.into()))?;
        Ok(gate)
    }
}

fn file_name(packet: &PacketId) -> String {
    format!("{packet}.json")
}

fn images_name(packet: &PacketId) -> String {
    format!("{packet}.images.json")
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, RunFolderError> {
    match door::read(path, door::RECORD_LIMIT) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some).map_err(failed("read", path)),
    }
}

/// The folder of our own run; the lease is held until it is dropped.
#[derive(Debug)]
pub struct RunDir {
    id: RunId,
    folder: PathBuf,
    _lease: File,
}

impl RunDir {
    /// Names the run in the store and in its records.
    #[must_use]
    pub fn id(&self) -> &RunId {
        &self.id
    }

    /// Returns the run's folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Announces that the run works on this packet of this plan's folder, until the packet is recorded or the result is dropped.
    ///
    /// # Errors
    /// [`RunFolderError::Io`] when the file cannot be made.
    pub fn announce(&self, packet: &PacketId, plan: &Path) -> Result<Announcement, RunFolderError> {
        Announcement::make(&self.folder, packet, plan, self.folder.join(file_name(packet)))
    }

    /// Writes the record of a packet, in place of an earlier one: a reader, or a crash, finds the one or the other, whole.
    ///
    /// # Errors
    /// [`RunFolderError::Io`] when it cannot be made durable.
    pub fn write_record(&self, packet: &PacketId, bytes: &[u8]) -> Result<(), RunFolderError> {
        self.write(&file_name(packet), bytes)
    }

    /// Writes what became of the release's images of a packet, as [`RunDir::write_record`] does.
    ///
    /// # Errors
    /// [`RunFolderError::Io`] when it cannot be made durable.
    pub fn write_images(&self, packet: &PacketId, bytes: &[u8]) -> Result<(), RunFolderError> {
        self.write(&images_name(packet), bytes)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), RunFolderError> {
        let path = self.folder.join(name);
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            file.persist(&path)?;
            File::open(&self.folder)?.sync_all()
        };
        write().map_err(failed("write", &path))
    }
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RunFolderError {
    let path = path.to_owned();
    move |source| RunFolderError::Io { doing, path, source }
}
