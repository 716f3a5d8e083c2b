//! The folder of each run: who is alive, and what was recorded.
//!
//! ```text
//! STORE/runs/20231114T221320Z-k3f9/lease         held by an exclusive flock while the run's process lives
//! STORE/runs/20231114T221320Z-k3f9/RC-05.running the plan's folder: the run works or worked at this packet of it
//! STORE/runs/20231114T221320Z-k3f9/RC-05.json    the run record of a packet, whole or absent
//! STORE/runs/20231114T221320Z-k3f9/RC-06.images.json  what became of the release's images, whole or absent
//! ```
//!
//! A run is alive when its lease is held: the kernel lets go of it however the process ends, so neither a time nor a
//! process id, which may be given to another, is asked. It holds among processes of one machine; on a network file system
//! only as far as that carries flock.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use rustix::fs::FlockOperation;
use rustix::io::Errno;

use crate::model::plan::PacketId;

/// Says why a run's folder cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A text that names no run.
    #[error("`{found}` is no run id: expected a time like 20231114T221320Z, a dash, and 1 to 32 of a-z and 0-9")]
    Id {
        /// The text that was found.
        found: String,
    },
    /// The id is taken.
    #[error("run {id} exists already")]
    Exists {
        /// The run.
        id: RunId,
    },
    /// The file system failed.
    #[error("cannot {doing} `{}`", path.display())]
    Io {
        /// What was tried, as a verb.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Names a run: when it began, in UTC, and a suffix that tells it from others of the same second. Sorts by time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(String);

impl RunId {
    /// Makes an id from seconds since 1970 and a random suffix of 1 to 32 lower-case letters and digits.
    ///
    /// # Errors
    /// [`RunError::Id`] when the suffix is not such.
    pub fn new(seconds: u64, suffix: &str) -> Result<Self, RunError> {
        let time = humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        let time = time.to_string().replace(['-', ':'], "");
        format!("{time}-{suffix}").parse()
    }

    /// Gives the id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for RunId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RunId {
    type Err = RunError;

    fn from_str(text: &str) -> Result<Self, RunError> {
        let fits = |(time, suffix): (&str, &str)| {
            let mut shape = time.bytes().zip("ddddddddTddddddZ".bytes());
            time.len() == 16
                && shape.all(|(found, wanted)| if wanted == b'd' { found.is_ascii_digit() } else { found == wanted })
                && (1..=32).contains(&suffix.len())
                && suffix.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        match text.split_once('-').is_some_and(fits) {
            true => Ok(Self(text.to_owned())),
            false => Err(RunError::Id { found: text.to_owned() }),
        }
    }
}

/// Knows the runs below one store.
#[derive(Debug, Clone)]
pub struct Runs {
    folder: PathBuf,
}

impl Runs {
    /// Uses `STORE/runs`, and makes it where it lacks.
    ///
    /// # Errors
    /// [`RunError::Io`] when it cannot be made.
    pub fn open(store: &Path) -> Result<Self, RunError> {
        let folder = store.join("runs");
        std::fs::create_dir_all(&folder).map_err(failed("make the folder", &folder))?;
        Ok(Self { folder })
    }

    /// Makes a run's folder and takes its lease.
    ///
    /// # Errors
    /// [`RunError::Exists`] or [`RunError::Io`].
    pub fn begin(&self, id: RunId) -> Result<RunDir, RunError> {
        // Whoever asks meanwhile waits, and so never sees a folder whose lease is not held yet.
        let _gate = self.gate(FlockOperation::LockExclusive)?;
        let folder = self.folder.join(id.as_str());
        match std::fs::create_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(RunError::Exists { id }),
            result => result.map_err(failed("make the folder", &folder))?,
        }
        let path = folder.join("lease");
        let lease = File::options().write(true).create_new(true).open(&path).map_err(failed("make the file", &path))?;
        rustix::fs::flock(&lease, FlockOperation::LockExclusive)
            .map_err(|error| failed("lock", &path)(error.into()))?;
        Ok(RunDir { id, folder, _lease: lease })
    }

    /// Tells whether a run's process lives. A run that is not there does not.
    ///
    /// # Errors
    /// [`RunError::Io`] when it cannot be found out.
    pub fn is_alive(&self, id: &RunId) -> Result<bool, RunError> {
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

    /// Lists all runs, the oldest first. What is no run's folder is passed over.
    ///
    /// # Errors
    /// [`RunError::Io`] when the folder cannot be read.
    pub fn list(&self) -> Result<Vec<RunId>, RunError> {
        let unreadable = || failed("read the folder", &self.folder);
        let mut ids = Vec::new();
        for entry in std::fs::read_dir(&self.folder).map_err(unreadable())? {
            let name = entry.map_err(unreadable())?.file_name();
            ids.extend(name.to_str().and_then(|name| name.parse().ok()));
        }
        ids.sort();
        Ok(ids)
    }

    /// Reads what a run recorded of a packet; `None` when it recorded nothing.
    ///
    /// # Errors
    /// [`RunError::Io`] when it is there and cannot be read.
    pub fn record(&self, id: &RunId, packet: &PacketId) -> Result<Option<Vec<u8>>, RunError> {
        self.read(id, &file_name(packet))
    }

    /// Reads what a run said of the release's images; `None` when it built none.
    ///
    /// # Errors
    /// [`RunError::Io`] when it is there and cannot be read.
    pub fn images(&self, id: &RunId, packet: &PacketId) -> Result<Option<Vec<u8>>, RunError> {
        self.read(id, &images_name(packet))
    }

    fn read(&self, id: &RunId, name: &str) -> Result<Option<Vec<u8>>, RunError> {
        let path = self.folder.join(id.as_str()).join(name);
        match std::fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            result => result.map(Some).map_err(failed("read", &path)),
        }
    }

    /// Tells whether a run said that it works at this packet of this plan's folder.
    #[must_use]
    pub fn is_announced(&self, id: &RunId, packet: &PacketId, plan: &Path) -> bool {
        let said = std::fs::read(self.folder.join(id.as_str()).join(announcement(packet)));
        said.is_ok_and(|said| said == plan.as_os_str().as_encoded_bytes())
    }

    fn gate(&self, operation: FlockOperation) -> Result<File, RunError> {
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

fn announcement(packet: &PacketId) -> String {
    format!("{packet}.running")
}

/// Is the folder of our own run; the lease is held until it is dropped.
#[derive(Debug)]
pub struct RunDir {
    id: RunId,
    folder: PathBuf,
    _lease: File,
}

impl RunDir {
    /// Gives the run's id.
    #[must_use]
    pub fn id(&self) -> &RunId {
        &self.id
    }

    /// Gives the run's folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Says that the run works at this packet of this plan's folder from now on.
    ///
    /// # Errors
    /// [`RunError::Io`] when the file cannot be made.
    pub fn announce(&self, packet: &PacketId, plan: &Path) -> Result<(), RunError> {
        let path = self.folder.join(announcement(packet));
        std::fs::write(&path, plan.as_os_str().as_encoded_bytes()).map_err(failed("write", &path))
    }

    /// Writes the record of a packet, in place of an earlier one: a reader, or a crash, finds the one or the other, whole.
    ///
    /// # Errors
    /// [`RunError::Io`] when it cannot be made durable.
    pub fn write_record(&self, packet: &PacketId, bytes: &[u8]) -> Result<(), RunError> {
        self.write(&file_name(packet), bytes)
    }

    /// Writes what became of the release's images of a packet, as [`RunDir::write_record`] does.
    ///
    /// # Errors
    /// [`RunError::Io`] when it cannot be made durable.
    pub fn write_images(&self, packet: &PacketId, bytes: &[u8]) -> Result<(), RunError> {
        self.write(&images_name(packet), bytes)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), RunError> {
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

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RunError {
    let path = path.to_owned();
    move |source| RunError::Io { doing, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_show_the_time_and_sort_by_it() {
        let id = |seconds| RunId::new(seconds, "k3f9").expect("a good id").to_string();
        assert_eq!(id(0), "19700101T000000Z-k3f9");
        assert_eq!(id(951_782_399), "20000228T235959Z-k3f9");
        assert_eq!(id(951_782_400), "20000229T000000Z-k3f9");
        assert_eq!(id(1_700_000_000), "20231114T221320Z-k3f9");
        assert_eq!(id(4_107_542_400), "21000301T000000Z-k3f9");
        for wrong in [
            "",
            "x",
            "20231114T221320Z",
            "20231114T221320Z-",
            "20231114T221320Z-K",
            "20231114 221320Z-a",
            "../20231114T221320Z-a",
        ] {
            assert!(wrong.parse::<RunId>().is_err(), "{wrong}");
        }
        assert!(RunId::new(0, "a/b").is_err());
    }
}
