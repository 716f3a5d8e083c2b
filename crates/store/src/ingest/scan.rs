//! Lists a folder's tree, level by level and in parallel, without reading a file.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::dir_error::DirError;
use super::{IngestLimits, Meter};
use rcrepro_model::content::name::Name;

/// How a folder is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DirOptions {
    /// The folder is the upper directory of an overlay whose container has ended: whiteouts (character devices 0/0) mean
    /// that nothing is there; entries whose contents stayed in a lower layer are refused.
    pub overlay_upper: bool,
    /// What may be taken in.
    pub limits: IngestLimits,
}

/// A tree's shape. The folder of index 0 is the root; a folder comes after the one that holds it.
#[derive(Debug)]
pub(super) struct Shape {
    pub folders: Vec<Folder>,
    /// Every file's path from the root.
    pub files: Vec<PathBuf>,
    /// How many folders each level has, from the root down.
    pub levels: Vec<usize>,
}

/// A folder's entries, in no order.
#[derive(Debug, Default)]
pub(super) struct Folder {
    pub entries: Vec<(Name, Slot)>,
}

/// What an entry is; files and folders by index.
#[derive(Debug)]
pub(super) enum Slot {
    File(usize),
    Folder(usize),
    Symlink(String),
}

/// An entry as one folder's listing gives it.
enum Found {
    File,
    Folder,
    Symlink(String),
}

/// Lists everything below `root`; errors show paths below `shown`.
pub(super) fn scan(
    root: BorrowedFd<'_>,
    shown: &Path,
    options: &DirOptions,
    meter: &mut Meter,
) -> Result<Shape, DirError> {
    let mut shape = Shape { folders: vec![Folder::default()], files: Vec::new(), levels: Vec::new() };
    let mut level = vec![PathBuf::new()];
    while !level.is_empty() {
        let first = shape.folders.len() - level.len();
        let listings =
            level.par_iter().map(|path| list(root, shown, path, options)).collect::<Result<Vec<_>, DirError>>()?;
        shape.levels.push(level.len());
        let mut next = Vec::new();
        for (offset, (path, listing)) in level.iter().zip(listings).enumerate() {
            for (name, found) in listing {
                meter.entry().map_err(|source| DirError::Limit { path: shown.join(path), source })?;
                let slot = match found {
                    Found::File => {
                        shape.files.push(path.join(name.as_str()));
                        Slot::File(shape.files.len() - 1)
                    }
                    Found::Folder => {
                        next.push(path.join(name.as_str()));
                        shape.folders.push(Folder::default());
                        Slot::Folder(shape.folders.len() - 1)
                    }
                    Found::Symlink(target) => Slot::Symlink(target),
                };
                shape.folders[first + offset].entries.push((name, slot));
            }
        }
        level = next;
    }
    Ok(shape)
}

fn list(root: BorrowedFd<'_>, shown: &Path, path: &Path, options: &DirOptions) -> Result<Vec<(Name, Found)>, DirError> {
    let failed = |source: Errno| DirError::io("read the folder", &shown.join(path))(source.into());
    let folder = open_beneath(root, path, OFlags::DIRECTORY).map_err(failed)?;
    if options.overlay_upper {
        refuse_attribute(&folder, "redirect", &shown.join(path))?;
    }
    let mut found = Vec::new();
    for entry in Dir::read_from(&folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let bytes = entry.file_name().to_bytes();
        if bytes == b"." || bytes == b".." {
            continue;
        }
        let at = || shown.join(path).join(OsStr::from_bytes(bytes));
        let kind = match entry.file_type() {
            FileType::Unknown => {
                let stat = rustix::fs::statat(&folder, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?;
                FileType::from_raw_mode(stat.st_mode)
            }
            kind => kind,
        };
        let entry_found = match kind {
            FileType::RegularFile => Found::File,
            FileType::Directory => Found::Folder,
            FileType::Symlink => Found::Symlink(read_link(&folder, entry.file_name(), &at())?),
            FileType::CharacterDevice if options.overlay_upper && is_whiteout(&folder, entry.file_name()) => continue,
            other => return Err(DirError::Special { path: at(), kind: kind_name(other) }),
        };
        let text = std::str::from_utf8(bytes)
            .map_err(|_| DirError::NameNotUtf8 { folder: shown.join(path), bytes: bytes.escape_ascii().to_string() })?;
        found.push((text.parse()?, entry_found));
    }
    Ok(found)
}

/// Opens a path below `root` and follows no symlink on the way, so that nothing inside the tree can lead outside.
pub(super) fn open_beneath(root: BorrowedFd<'_>, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    // NONBLOCK: a fifo that took a file's place must not hold us up; it changes nothing for files and folders.
    let flags = flags | OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    match rustix::fs::openat2(root, path, flags, Mode::empty(), resolve) {
        // Kernels before 5.6 do not have it, some sandboxes refuse it.
        Err(Errno::NOSYS | Errno::PERM) => open_by_segment(root, path, flags),
        result => result,
    }
}

fn open_by_segment(root: BorrowedFd<'_>, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    let segments: Vec<&OsStr> = path.iter().collect();
    let (last, parents) = segments.split_last().ok_or(Errno::NOENT)?;
    let mut held: Option<OwnedFd> = None;
    for parent in parents {
        let here = held.as_ref().map_or(root, AsFd::as_fd);
        let step = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        held = Some(rustix::fs::openat(here, *parent, step, Mode::empty())?);
    }
    rustix::fs::openat(held.as_ref().map_or(root, AsFd::as_fd), *last, flags, Mode::empty())
}

pub(super) fn read_link(folder: impl AsFd, name: &std::ffi::CStr, at: &Path) -> Result<String, DirError> {
    let target = rustix::fs::readlinkat(folder, name, Vec::new())
        .map_err(|error| DirError::io("read the symlink", at)(error.into()))?;
    target.into_string().map_err(|error| DirError::TargetNotUtf8 {
        path: at.to_owned(),
        bytes: error.into_cstring().as_bytes().escape_ascii().to_string(),
    })
}

/// Whether a character device is overlayfs's mark for "removed": device number 0/0.
pub(super) fn is_whiteout(folder: impl AsFd, name: &std::ffi::CStr) -> bool {
    rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|stat| stat.st_rdev == 0)
}

/// Fails when overlayfs keeps a part of the entry in a lower layer, which the upper directory alone cannot show.
pub(super) fn refuse_attribute(entry: impl AsFd, attribute: &'static str, at: &Path) -> Result<(), DirError> {
    for class in ["trusted", "user"] {
        let name = format!("{class}.overlay.{attribute}");
        match rustix::fs::fgetxattr(&entry, name.as_str(), &mut [0_u8; 0][..]) {
            Ok(_) => return Err(DirError::NotWhole { path: at.to_owned(), attribute }),
            Err(Errno::NODATA | Errno::NOTSUP | Errno::PERM | Errno::ACCESS) => {}
            Err(error) => return Err(DirError::io("read the attributes of", at)(io::Error::from(error))),
        }
    }
    Ok(())
}

pub(super) fn kind_name(kind: FileType) -> &'static str {
    match kind {
        FileType::Fifo => "a fifo",
        FileType::Socket => "a socket",
        FileType::CharacterDevice => "a character device",
        FileType::BlockDevice => "a block device",
        _ => "no file, folder or symlink",
    }
}
