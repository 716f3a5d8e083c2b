//! Reads trees out of a store: walks and compares them, joins them, and turns them back into archives and folders.
//!
//! Every blob that is read is checked against its digest on the way.

#![warn(clippy::expect_used)]

use std::io;
use std::path::PathBuf;

use crate::{BlobStore, StoreError};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_model::content::tree::{Directory, TreeError};

pub mod checkout;
pub mod diff;
pub mod graft;
pub mod narrow;
pub mod tar;
pub mod walk;
pub mod whole;

pub use self::checkout::{CheckoutOptions, Contents, Owner, checkout};
pub use self::diff::{TreeDifference, diff};
pub use self::graft::{graft, merge};
pub use self::narrow::narrow;
pub use self::tar::{TarStyle, export_tar};
pub use self::walk::{lookup, walk};
pub use self::whole::is_whole;

/// Why a tree cannot be read or written out.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A directory's blob is not a canonical `Directory`.
    #[error("directory {digest} is not usable")]
    Directory {
        /// The blob.
        digest: Digest,
        /// What is wrong with it.
        #[source]
        source: TreeError,
    },
    /// A tree with more entries than we take.
    #[error("the tree {root} has more than {limit} entries")]
    TooMany {
        /// The tree's root.
        root: Digest,
        /// Files, folders and symlinks together.
        limit: usize,
    },
    /// A path that should be free is taken.
    #[error("`{path}` is already there: expected nothing at it and only folders above it")]
    Exists {
        /// The path, from the tree's root.
        path: TreePath,
    },
    /// A file's blob could not be read, or is damaged.
    #[error("cannot read the contents of `{path}`")]
    Read {
        /// The file's path in the tree.
        path: TreePath,
        /// What the store's reader said.
        #[source]
        source: io::Error,
    },
    /// The archive could not be written.
    #[error("cannot write the archive")]
    Write {
        /// What the writer said.
        #[source]
        source: io::Error,
    },
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
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads and checks one directory. The empty one need not be stored.
///
/// # Errors
/// [`ExportError::Store`] or [`ExportError::Directory`].
pub fn read_directory(store: &dyn BlobStore, digest: Digest) -> Result<Directory, ExportError> {
    if digest == Digest::of(b"") {
        return Ok(Directory::default());
    }
    Directory::decode(&store.get(digest)?).map_err(|source| ExportError::Directory { digest, source })
}

/// Returns the path of an entry of a directory; the root has none.
#[expect(clippy::expect_used, reason = "a name is a path of one segment")]
fn child(parent: Option<&TreePath>, name: &Name) -> TreePath {
    let below: TreePath = name.as_str().parse().expect("a name is a path of one segment");
    parent.map_or_else(|| below.clone(), |parent| parent.join(&below))
}
