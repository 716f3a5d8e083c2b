//! Folders on disk.

use std::ffi::CString;
use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::dir_error::DirError;
use super::scan::{self, DirOptions, Folder, Shape, Slot};
use super::{HashOnly, LimitError, Meter, PIECE, with_buffer};
use crate::{BlobBatch, BlobStore, StoreError};
use rcrepro_archive::fill;
use rcrepro_model::content::digest::{Digest, DigestHasher};
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::{Directory, TreeNode};

/// Stores the tree below `path` and gives its root `Directory`'s digest. `path` itself may be a symlink to a folder;
/// nothing below it is followed. The tree must be at rest. Paths below it may have up to 4,095 bytes.
///
/// # Errors
/// [`DirError`]; then some of the tree's blobs may be in the store, and nothing refers to them.
pub fn ingest_dir(store: &dyn BlobStore, path: &Path, options: &DirOptions) -> Result<Digest, DirError> {
    let batch = store.batch()?;
    let digest = ingest_dir_into(&*batch, path, path, options)?;
    batch.commit()?;
    Ok(digest)
}

/// The same into a batch, which the caller commits. Errors show paths below `named`, which is what the folder is called where it
/// was made.
///
/// # Errors
/// [`DirError`].
pub fn ingest_dir_into(
    batch: &dyn BlobBatch,
    path: &Path,
    named: &Path,
    options: &DirOptions,
) -> Result<Digest, DirError> {
    ingest_folder(batch, open_root(path)?.as_fd(), named, options)
}

/// Hashes the tree below `path` as [`ingest_dir`] does, and keeps nothing.
///
/// # Errors
/// [`DirError`] when the folder cannot be read or cannot become a tree.
pub fn hash_dir(path: &Path) -> Result<Digest, DirError> {
    ingest_folder(&HashOnly, open_root(path)?.as_fd(), path, &DirOptions::default())
}

/// Adds to `batch` whatever is at `at` below the folder `root`: a file, a symlink or a tree. `None` means that
/// nothing is there, or an overlay's whiteout. Symlinks on the way are never followed: a container may have made them.
/// Errors show paths below `named`, which is what the folder is called where the output was made.
///
/// The caller commits the batch.
///
/// # Errors
/// [`DirError`], among them [`DirError::Crossing`] when a symlink is on the way.
pub fn ingest_output(
    batch: &dyn BlobBatch,
    root: &Path,
    named: &Path,
    at: &TreePath,
    options: &DirOptions,
) -> Result<Option<TreeNode>, DirError> {
    let shown = named.join(at.as_str());
    let root = open_root(root)?;
    let (above, name) = at.as_str().rsplit_once('/').unwrap_or(("", at.as_str()));
    let folder = match scan::open_beneath(root.as_fd(), Path::new(above), OFlags::DIRECTORY) {
        Ok(folder) => folder,
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::NOTDIR | Errno::LOOP) if whiteout_on_the_way(root.as_fd(), above, options) => return Ok(None),
        Err(Errno::NOTDIR | Errno::LOOP) => return Err(DirError::Crossing { path: shown }),
        Err(error) => return Err(DirError::io("open the folder of", &shown)(error.into())),
    };
    let name = CString::new(name).expect("a tree path holds no NUL");
    let stat = match rustix::fs::statat(&folder, &*name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => stat,
        Err(Errno::NOENT) => return Ok(None),
        Err(error) => return Err(DirError::io("look at", &shown)(error.into())),
    };
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Symlink => Ok(Some(TreeNode::Symlink { target: scan::read_link(&folder, &name, &shown)? })),
        FileType::RegularFile => {
            let file = Path::new(name.to_str().expect("a tree path is UTF-8"));
            Ok(Some(ingest_file(batch, folder.as_fd(), file, &shown, (options, &AtomicU64::new(0)))?))
        }
        FileType::Directory => {
            let below = scan::open_beneath(root.as_fd(), Path::new(at.as_str()), OFlags::DIRECTORY)
                .map_err(|error| DirError::io("open the folder", &shown)(error.into()))?;
            let digest = ingest_folder(batch, below.as_fd(), &shown, options)?;
            Ok(Some(TreeNode::Directory { digest }))
        }
        FileType::CharacterDevice if options.overlay_upper && stat.st_rdev == 0 => Ok(None),
        other => Err(DirError::Special { path: shown, kind: scan::kind_name(other) }),
    }
}

/// Whether the first thing on the way that is not a folder is an overlay's mark for "removed".
fn whiteout_on_the_way(root: BorrowedFd<'_>, above: &str, options: &DirOptions) -> bool {
    let ends = above.match_indices('/').map(|(end, _)| end).chain([above.len()]);
    let first = ends
        .map(|end| &above[..end])
        .find(|path| scan::open_beneath(root, Path::new(path), OFlags::DIRECTORY).is_err());
    options.overlay_upper
        && first.is_some_and(|path| {
            // Every folder above it opened without a symlink, so this look cannot be led astray.
            rustix::fs::statat(root, path, AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|stat| {
                FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice && stat.st_rdev == 0
            })
        })
}

fn open_root(path: &Path) -> Result<std::os::fd::OwnedFd, DirError> {
    rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .map_err(|error| DirError::io("open the folder", path)(error.into()))
}

/// Lists, hashes every file in parallel, then encodes the folders from the deepest level up.
fn ingest_folder(
    batch: &dyn BlobBatch,
    root: BorrowedFd<'_>,
    shown: &Path,
    options: &DirOptions,
) -> Result<Digest, DirError> {
    // All of it on the pool: otherwise each step would cost a hand-over from the caller's thread and back.
    rayon::scope(|_| ingest_on_pool(batch, root, shown, options))
}

fn ingest_on_pool(
    batch: &dyn BlobBatch,
    root: BorrowedFd<'_>,
    shown: &Path,
    options: &DirOptions,
) -> Result<Digest, DirError> {
    let mut meter = Meter::new(options.limits);
    let Shape { mut folders, files, levels } = scan::scan(root, shown, options, &mut meter)?;
    let taken = AtomicU64::new(0);
    let nodes = files
        .par_iter()
        .map(|path| ingest_file(batch, root, path, &shown.join(path), (options, &taken)))
        .collect::<Result<Vec<_>, _>>()?;
    let mut digests: Vec<Option<Digest>> = vec![None; folders.len()];
    let mut end = folders.len();
    for count in levels.into_iter().rev() {
        let start = end - count;
        let level = folders.split_off(start);
        let encoded = level
            .into_par_iter()
            .map(|folder| batch.put(&encode(folder, &nodes, &digests)))
            .collect::<Result<Vec<_>, _>>()?;
        for (slot, digest) in digests[start..end].iter_mut().zip(encoded) {
            *slot = Some(digest);
        }
        end = start;
    }
    Ok(digests[0].expect("the root is the last level to be encoded"))
}

fn encode(folder: Folder, files: &[TreeNode], folders: &[Option<Digest>]) -> Vec<u8> {
    let entries = folder.entries.into_iter().map(|(name, slot)| {
        let node = match slot {
            Slot::File(index) => files[index].clone(),
            Slot::Folder(index) => {
                TreeNode::Directory { digest: folders[index].expect("a folder is encoded before the one it is in") }
            }
            Slot::Symlink(target) => TreeNode::Symlink { target },
        };
        (name, node)
    });
    Directory { entries: entries.collect() }.encode()
}

/// Hashes a file, writes it when the batch lacks it, and gives its node. What files hold is counted before they are read: a
/// sparse file of many gigabytes costs nothing to make.
fn ingest_file(
    batch: &dyn BlobBatch,
    root: BorrowedFd<'_>,
    path: &Path,
    shown: &Path,
    (options, taken): (&DirOptions, &AtomicU64),
) -> Result<TreeNode, DirError> {
    let opened = scan::open_beneath(root, path, OFlags::empty())
        .map_err(|error| DirError::io("open the file", shown)(error.into()))?;
    let stat = rustix::fs::fstat(&opened).map_err(|error| DirError::io("look at", shown)(error.into()))?;
    let kind = FileType::from_raw_mode(stat.st_mode);
    if kind != FileType::RegularFile {
        return Err(DirError::Special { path: shown.to_owned(), kind: scan::kind_name(kind) });
    }
    if options.overlay_upper {
        scan::refuse_attribute(&opened, "metacopy", shown)?;
    }
    let size = u64::try_from(stat.st_size).expect("the kernel gives no negative sizes");
    if size > options.limits.file_bytes {
        let source = LimitError::File { found: size, limit: options.limits.file_bytes };
        return Err(DirError::Limit { path: shown.to_owned(), source });
    }
    if taken.fetch_add(size, Ordering::Relaxed).saturating_add(size) > options.limits.total_bytes {
        let source = LimitError::Total { limit: options.limits.total_bytes };
        return Err(DirError::Limit { path: shown.to_owned(), source });
    }
    let digest = with_buffer(|buffer| keep(batch, &mut File::from(opened), size, shown, buffer))?;
    Ok(TreeNode::File { digest, executable: stat.st_mode & 0o100 != 0 })
}

fn keep(
    batch: &dyn BlobBatch,
    file: &mut File,
    expected: u64,
    shown: &Path,
    buffer: &mut [u8],
) -> Result<Digest, DirError> {
    let failed = || DirError::io("read", shown);
    let unchanged = |found| {
        if found == expected { Ok(()) } else { Err(DirError::Changed { path: shown.to_owned(), expected, found }) }
    };
    if expected <= PIECE as u64 {
        // The buffer is longer than the file: a read that gives as much as was expected has met the end, and a second read
        // that only finds it again would cost a small file a tenth of its time.
        let mut count = file.read(buffer).map_err(failed())?;
        if count as u64 != expected {
            count += fill(file, &mut buffer[count..]).map_err(failed())?;
        }
        unchanged(count as u64)?;
        return Ok(batch.put(&buffer[..count])?);
    }
    // Hashed first and copied only when it is new: reading twice from the page cache is cheaper than writing in vain.
    let mut hasher = DigestHasher::default();
    loop {
        let count = fill(file, &mut buffer[..PIECE]).map_err(failed())?;
        if count == 0 {
            break;
        }
        hasher.update(&buffer[..count]);
    }
    let digest = hasher.finish();
    unchanged(digest.size)?;
    if batch.contains(digest)? {
        return Ok(digest);
    }
    file.rewind().map_err(failed())?;
    let mut writer = batch.writer()?;
    loop {
        let count = fill(file, &mut buffer[..PIECE]).map_err(failed())?;
        if count == 0 {
            break;
        }
        writer.write_all(&buffer[..count]).map_err(|source| StoreError::Io {
            doing: "store",
            path: shown.to_owned(),
            source,
        })?;
    }
    let digest = writer.commit()?;
    unchanged(digest.size)?;
    Ok(digest)
}
