//! Why a folder cannot become a tree.

use std::io;
use std::path::{Path, PathBuf};

use super::LimitError;
use crate::StoreError;
use rcrepro_model::content::name::NameError;

/// Why a folder cannot become a tree.
#[derive(Debug, thiserror::Error)]
pub enum DirError {
    /// The file system failed.
    #[error("cannot {doing} `{}`", path.display())]
    Io {
        /// What was tried, as a verb.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the file system.
        #[source]
        source: io::Error,
    },
    /// A name that REAPI cannot carry.
    #[error("the name `{bytes}` in `{}` is not UTF-8", folder.display())]
    NameNotUtf8 {
        /// Where the listing found it.
        folder: PathBuf,
        /// The name, with every byte that is not printable ASCII escaped.
        bytes: String,
    },
    /// A symlink's text that REAPI cannot carry.
    #[error("the target `{bytes}` of the symlink `{}` is not UTF-8", path.display())]
    TargetNotUtf8 {
        /// The symlink.
        path: PathBuf,
        /// The target, with every byte that is not printable ASCII escaped.
        bytes: String,
    },
    /// A device, fifo or socket.
    #[error("`{}` is {kind}: expected only files, folders and symlinks", path.display())]
    Special {
        /// The entry.
        path: PathBuf,
        /// Such as `a fifo`.
        kind: &'static str,
    },
    /// An overlay's upper directory that holds only a part of an entry.
    #[error("`{}` has its contents in a lower layer (overlay {attribute}): expected the whole of it", path.display())]
    NotWhole {
        /// The entry.
        path: PathBuf,
        /// The overlay's extended attribute: `redirect` or `metacopy`.
        attribute: &'static str,
    },
    /// Something on the way to an output is a symlink or a file, which may lead anywhere.
    #[error("`{}` cannot be reached: something on the way is a symlink or not a folder", path.display())]
    Crossing {
        /// The wanted path.
        path: PathBuf,
    },
    /// A file was written to while it was read.
    #[error("`{}` changed while it was read: {expected} bytes became {found}", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// Its size when it was opened, in bytes.
        expected: u64,
        /// How many bytes were read.
        found: u64,
    },
    /// More than is allowed.
    #[error("`{}` holds {source}", path.display())]
    Limit {
        /// Where it was noticed.
        path: PathBuf,
        /// What was exceeded.
        source: LimitError,
    },
    /// A name that cannot be in a tree.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DirError {
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}
