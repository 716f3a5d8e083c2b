//! A tree as a folder on disk.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps};

use super::{ExportError, walk};
use crate::BlobStore;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::TreeNode;

/// A numeric owner.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Owner {
    /// The user's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
}

/// How files come into a checkout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contents {
    /// Every file is a copy of its own, checked while it is copied.
    Copy,
    /// Files that are not executable are hard links to the store's own files, when the store keeps files on the same file
    /// system; the others are copies.
    ///
    /// **Only for checkouts that nobody writes to**, such as the lower directory of an overlay: a write to such a file is a
    /// write to the blob. They share the blob's mode (0444), owner and time ([`crate::fs::BLOB_MTIME`]), so the
    /// checkout's owner does not apply to them.
    Link {
        /// Whether each blob is read and checked before it is linked. Without it a damaged blob goes unnoticed.
        check: bool,
    },
}

/// How a tree is written out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckoutOptions {
    /// Who owns what is made; `None` is the user that runs us.
    pub owner: Option<Owner>,
    /// The modification time of what is made, in seconds since 1970.
    pub mtime: i64,
    /// Whether files are copied or linked.
    pub contents: Contents,
}

/// Writes a tree into the new folder `to`: directories and executable files 0755, other files 0644, whatever the umask.
/// Nothing is flushed to the disk: a checkout is made to be thrown away.
///
/// # Errors
/// [`ExportError`], also when `to` exists; what was made until then is left for the caller to remove.
pub fn checkout(store: &dyn BlobStore, root: Digest, to: &Path, options: &CheckoutOptions) -> Result<(), ExportError> {
    let entries = walk(store, root)?;
    make_folder(to)?;
    let mut folders = vec![to.to_owned()];
    for (path, node) in &entries {
        if matches!(node, TreeNode::Directory { .. }) {
            let at = to.join(path.as_str());
            make_folder(&at)?;
            folders.push(at);
        }
    }
    entries.par_iter().try_for_each(|(path, node)| {
        let at = to.join(path.as_str());
        match node {
            TreeNode::Directory { .. } => Ok(()),
            TreeNode::File { digest, executable } => file(store, *digest, *executable, path, &at, options),
            TreeNode::Symlink { target } => {
                std::os::unix::fs::symlink(target, &at).map_err(failed("make the symlink", &at))?;
                dress(&at, options)
            }
        }
    })?;
    // Last, because making an entry changes its folder's time.
    folders.iter().try_for_each(|folder| dress(folder, options))
}

fn make_folder(at: &Path) -> Result<(), ExportError> {
    std::fs::create_dir(at).map_err(failed("make the folder", at))?;
    std::fs::set_permissions(at, std::fs::Permissions::from_mode(0o755)).map_err(failed("set the mode of", at))
}

fn file(
    store: &dyn BlobStore,
    digest: Digest,
    executable: bool,
    path: &TreePath,
    at: &Path,
    options: &CheckoutOptions,
) -> Result<(), ExportError> {
    if let (Contents::Link { check }, false) = (options.contents, executable)
        && link(store, digest, check, path, at)?
    {
        return Ok(());
    }
    let mut reader = store.reader(digest)?;
    let mode = if executable { 0o755 } else { 0o644 };
    let mut file =
        File::options().write(true).create_new(true).mode(mode).open(at).map_err(failed("make the file", at))?;
    drain(&mut *reader, path, |bytes| file.write_all(bytes).map_err(failed("write", at)))?;
    file.set_permissions(std::fs::Permissions::from_mode(mode)).map_err(failed("set the mode of", at))?;
    dress(at, options)
}

/// Links the store's file; `false` when there is none, or when it cannot be linked to from here.
fn link(store: &dyn BlobStore, digest: Digest, check: bool, path: &TreePath, at: &Path) -> Result<bool, ExportError> {
    let Some(blob) = store.local_path(digest) else { return Ok(false) };
    if check {
        drain(&mut *store.reader(digest)?, path, |_| Ok(()))?;
    }
    match std::fs::hard_link(&blob, at) {
        Ok(()) => Ok(true),
        // Another file system, or a blob that already has as many links as the file system allows.
        Err(error) if matches!(error.kind(), io::ErrorKind::CrossesDevices | io::ErrorKind::TooManyLinks) => Ok(false),
        Err(error) => Err(failed("link to the store", at)(error)),
    }
}

/// Reads a blob to its end, which is what checks it.
fn drain(
    reader: &mut dyn Read,
    path: &TreePath,
    mut take: impl FnMut(&[u8]) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let mut piece = [0; 64 << 10];
    loop {
        match reader.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(count) => take(&piece[..count])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(ExportError::Read { path: path.clone(), source }),
        }
    }
}

/// Sets an entry's owner and time; a symlink's own, not its target's.
fn dress(at: &Path, options: &CheckoutOptions) -> Result<(), ExportError> {
    if let Some(owner) = options.owner {
        std::os::unix::fs::lchown(at, Some(owner.uid), Some(owner.gid)).map_err(failed("set the owner of", at))?;
    }
    let time = Timespec { tv_sec: options.mtime, tv_nsec: 0 };
    let times = Timestamps { last_access: time, last_modification: time };
    rustix::fs::utimensat(CWD, at, &times, AtFlags::SYMLINK_NOFOLLOW)
        .map_err(|error| failed("set the time of", at)(error.into()))
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ExportError {
    let path: PathBuf = path.to_owned();
    move |source| ExportError::Io { doing, path, source }
}
