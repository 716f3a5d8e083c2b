//! The one door for files that somebody else may have put there: manifests, evidence, records, plans, locks, documents.
//!
//! A repository that was cloned may hold links to devices and to files outside of it, and a folder that was copied may
//! hold FIFOs and files of any size. What comes through here is a regular file: the last part of its path is not a link, it
//! is opened without waiting for a writer, its size is known to be within a bound before the first byte is read, and
//! reading ends at that bound even when the file grows meanwhile.
//!
//! Refusals come as [`io::Error`] with a [`DoorError`] in it, so that callers keep their own errors and causes.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags};

/// The most bytes of a record, a lock, a plan or a document: 16 MiB.
pub const RECORD_LIMIT: u64 = 16 << 20;
/// Above this size a file that is nearly all holes is refused: 256 MiB. Compressing file systems are far from that for what
/// programs write.
const HOLLOW: u64 = 256 << 20;
/// The most entries of a folder that are listed.
pub const ENTRY_LIMIT: usize = 200_000;

/// Why a file or folder is not let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DoorError {
    /// Something else than a regular file.
    #[error("expected a regular file of at most {limit} bytes, found {found}")]
    NoFile {
        /// As the caller spelled it.
        path: PathBuf,
        /// The most bytes that would be read.
        limit: u64,
        /// What is there, such as a link and where it leads.
        found: String,
    },
    /// A file that is too large.
    #[error("expected a regular file of at most {limit} bytes, found {found} bytes")]
    TooLarge {
        /// As the caller spelled it.
        path: PathBuf,
        /// The most bytes that would be read.
        limit: u64,
        /// How many it has, or at least has.
        found: u64,
    },
    /// A large file that is nearly all holes: reading it would take much longer than sending it did.
    #[error("expected a regular file that is on disk, found {found} bytes of which {stored} are on disk")]
    Hollow {
        /// As the caller spelled it.
        path: PathBuf,
        /// How many bytes it seems to have.
        found: u64,
        /// How many of them take room.
        stored: u64,
    },
    /// Something else than a folder.
    #[error("expected a folder, found {found}")]
    NoFolder {
        /// As the caller spelled it.
        path: PathBuf,
        /// Such as `a file` or a link and where it leads.
        found: String,
    },
    /// A folder with too many entries.
    #[error("expected at most {limit} entries in the folder, found more")]
    TooMany {
        /// The folder.
        path: PathBuf,
        /// The most entries that would be listed.
        limit: usize,
    },
    /// A link on the way leads out of the folder that all has to stay in.
    #[error("expected a path within `{}`, found that a link leads to `{}`", root.display(), found.display())]
    Outside {
        /// As the caller spelled it.
        path: PathBuf,
        /// The folder that it has to stay in.
        root: PathBuf,
        /// Where its folder is.
        found: PathBuf,
    },
}

impl DoorError {
    /// Finds the refusal in what the door returned.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    /// Returns a command that shows what is there.
    #[must_use]
    pub fn hint(&self) -> String {
        let (Self::NoFile { path, .. }
        | Self::TooLarge { path, .. }
        | Self::Hollow { path, .. }
        | Self::NoFolder { path, .. }
        | Self::TooMany { path, .. }
        | Self::Outside { path, .. }) = self;
        format!("look at it, and put in its place what is expected: ls -ld {}", path.display())
    }
}

impl From<DoorError> for io::Error {
    fn from(error: DoorError) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}

/// A regular file that was let in. It reads no further than its limit.
#[derive(Debug)]
pub struct Admitted {
    content: io::Take<File>,
    size: u64,
    path: PathBuf,
    limit: u64,
}

impl Admitted {
    /// Returns how many bytes it had when it was opened.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Reads it whole.
    ///
    /// # Errors
    /// What the system said, or a [`DoorError`] when it has grown beyond the limit.
    pub fn whole(mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.size).unwrap_or_default());
        self.content.read_to_end(&mut bytes)?;
        let found = bytes.len() as u64;
        if found > self.limit {
            return Err(DoorError::TooLarge { path: self.path, limit: self.limit, found }.into());
        }
        Ok(bytes)
    }
}

impl Read for Admitted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.content.read(buffer)
    }
}

/// Opens a regular file of at most `limit` bytes.
///
/// # Errors
/// What the system said, `NotFound` among it, or a [`DoorError`].
pub fn open(path: &Path, limit: u64) -> io::Result<Admitted> {
    // A device may do something when it is opened: it is looked at before.
    let no_file = |found| DoorError::NoFile { path: path.to_owned(), limit, found };
    let before = rustix::fs::lstat(path)?;
    if let Some(found) = other_than(FileType::RegularFile, FileType::from_raw_mode(before.st_mode), path) {
        return Err(no_file(found).into());
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let found = rustix::fs::fstat(&file)?;
    if let Some(found) = other_than(FileType::RegularFile, FileType::from_raw_mode(found.st_mode), path) {
        return Err(no_file(found).into());
    }
    let size = u64::try_from(found.st_size).unwrap_or_default();
    if size > limit {
        return Err(DoorError::TooLarge { path: path.to_owned(), limit, found: size }.into());
    }
    let stored = u64::try_from(found.st_blocks).unwrap_or_default().saturating_mul(512);
    if size > HOLLOW && stored < size / 64 {
        return Err(DoorError::Hollow { path: path.to_owned(), found: size, stored }.into());
    }
    // One byte more, so that a file that grows is told from one that ends at the limit.
    Ok(Admitted { content: file.take(limit.saturating_add(1)), size, path: path.to_owned(), limit })
}

/// Reads a regular file of at most `limit` bytes.
///
/// # Errors
/// As [`open`].
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    open(path, limit)?.whole()
}

/// Reads a regular text file of at most `limit` bytes.
///
/// # Errors
/// As [`open`], and `InvalidData` when it is not UTF-8.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    String::from_utf8(read(path, limit)?)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))
}

/// Reads a record, lock, plan or document below a folder; no link on the way may lead out of it.
///
/// # Errors
/// As [`open`], and a [`DoorError::Outside`].
pub fn read_below(root: &Path, path: &Path) -> io::Result<Vec<u8>> {
    let whole = root.join(path);
    stays(root, &whole)?;
    read(&whole, RECORD_LIMIT)
}

/// As [`read_below`], for text.
///
/// # Errors
/// As [`read_below`], and `InvalidData` when it is not UTF-8.
pub fn read_text_below(root: &Path, path: &Path) -> io::Result<String> {
    let whole = root.join(path);
    stays(root, &whole)?;
    read_text(&whole, RECORD_LIMIT)
}

/// Checks that the folder of a path, with all links followed, is within another.
fn stays(root: &Path, path: &Path) -> io::Result<()> {
    let folder = |path: &Path| if path.as_os_str().is_empty() { PathBuf::from(".") } else { path.to_owned() };
    let within = folder(root).canonicalize()?;
    let found = folder(path.parent().unwrap_or(path)).canonicalize()?;
    if found.starts_with(&within) {
        return Ok(());
    }
    Err(DoorError::Outside { path: path.to_owned(), root: root.to_owned(), found }.into())
}

/// Lists a folder's entries, sorted. A link to a folder is refused.
///
/// # Errors
/// What the system said, `NotFound` among it, or a [`DoorError`].
pub fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let kind = FileType::from_raw_mode(rustix::fs::lstat(folder)?.st_mode);
    if let Some(found) = other_than(FileType::Directory, kind, folder) {
        return Err(DoorError::NoFolder { path: folder.to_owned(), found }.into());
    }
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        if paths.len() == ENTRY_LIMIT {
            return Err(DoorError::TooMany { path: folder.to_owned(), limit: ENTRY_LIMIT }.into());
        }
        paths.push(entry?.path());
    }
    paths.sort();
    Ok(paths)
}

/// Returns a regular file's size without opening it; `None` when something else, or nothing, is there.
#[must_use]
pub fn size_of(path: &Path) -> Option<u64> {
    let found = rustix::fs::lstat(path).ok()?;
    let regular = FileType::from_raw_mode(found.st_mode) == FileType::RegularFile;
    u64::try_from(found.st_size).ok().filter(|_| regular)
}

/// Returns what is at a path when it is not the wanted kind.
fn other_than(wanted: FileType, found: FileType, path: &Path) -> Option<String> {
    if found == wanted {
        return None;
    }
    Some(match found {
        FileType::Symlink => match rustix::fs::readlink(path, Vec::new()) {
            Ok(target) => format!("a link to `{}`", target.to_string_lossy()),
            Err(_) => "a link".to_owned(),
        },
        FileType::RegularFile => "a file".to_owned(),
        FileType::Directory => "a folder".to_owned(),
        FileType::Fifo => "a FIFO".to_owned(),
        FileType::Socket => "a socket".to_owned(),
        FileType::CharacterDevice | FileType::BlockDevice => "a device".to_owned(),
        FileType::Unknown => "something of an unknown kind".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn said(result: io::Result<impl std::fmt::Debug>) -> String {
        result.expect_err("it is not let in").to_string()
    }

    #[test]
    fn only_regular_files_within_the_bound_come_in() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("file"), b"12345").expect("written");
        std::fs::create_dir(at("folder")).expect("made");
        for (name, target) in [("zero", "/dev/zero"), ("inside", "file"), ("itself", "itself"), ("gone", "nowhere")] {
            symlink(target, at(name)).expect("linked");
        }
        rustix::fs::mkfifoat(rustix::fs::CWD, at("fifo"), Mode::RUSR).expect("a FIFO");
        File::create(at("giant")).expect("made").set_len(1 << 40).expect("sparse");

        assert_eq!(read(&at("file"), 5).expect("let in"), b"12345");
        let expected = "expected a regular file of at most 4 bytes, found";
        for (name, found) in [
            ("file", "5 bytes"),
            ("giant", "1099511627776 bytes"),
            ("zero", "a link to `/dev/zero`"),
            ("inside", "a link to `file`"),
            ("itself", "a link to `itself`"),
            ("gone", "a link to `nowhere`"),
            ("fifo", "a FIFO"),
            ("folder", "a folder"),
        ] {
            assert_eq!(said(read(&at(name), 4)), format!("{expected} {found}"));
        }
        let hollow = said(open(&at("giant"), u64::MAX));
        assert!(
            hollow.starts_with("expected a regular file that is on disk, found 1099511627776 bytes of which"),
            "{hollow}"
        );
        assert_eq!(said(read(Path::new("/dev/null"), 4)), format!("{expected} a device"));
        assert_eq!(read(&at("none"), 4).expect_err("nothing").kind(), io::ErrorKind::NotFound);
        let error = read(&at("zero"), 4).expect_err("a link");
        assert!(
            DoorError::of(&error).expect("a refusal").hint().ends_with(&format!("ls -ld {}", at("zero").display()))
        );
    }

    #[test]
    fn a_file_that_grows_ends_at_the_bound() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        std::fs::write(&path, b"1234").expect("written");
        let open = || open(&path, 4).expect("let in");
        let (mut streamed, whole) = (open(), open());
        std::fs::write(&path, [b'x'; 100]).expect("grown");
        assert_eq!(streamed.read_to_end(&mut Vec::new()).expect("read"), 5);
        assert!(said(whole.whole()).ends_with("found 5 bytes"));
    }

    #[test]
    fn no_link_on_the_way_leads_out_and_a_folder_is_no_link() {
        let (folder, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let root = folder.path();
        std::fs::create_dir(root.join("a")).expect("made");
        std::fs::write(root.join("a/file"), b"in").expect("written");
        std::fs::write(other.path().join("file"), b"out").expect("written");
        symlink("a", root.join("within")).expect("linked");
        symlink(other.path(), root.join("without")).expect("linked");
        assert_eq!(read_below(root, Path::new("a/file")).expect("let in"), b"in");
        assert_eq!(read_text_below(root, Path::new("within/file")).expect("let in"), "in");
        assert!(said(read_below(root, Path::new("without/file"))).contains("found that a link leads to"));
        assert!(said(read_below(root, Path::new("a/../../x"))).contains("expected a path within"));
        assert!(said(list(&root.join("without"))).starts_with("expected a folder, found a link to"));
        assert_eq!(list(&root.join("a")).expect("listed"), [root.join("a/file")]);
        assert!(said(list(&root.join("a/file"))).ends_with("found a file"));
    }
}
