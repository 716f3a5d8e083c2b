//! Why an archive cannot become a tree.

use super::LimitError;
use crate::StoreError;
use rcrepro_archive::tar::reader::TarReadError;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::TreeError;

/// Why an archive cannot become a tree. Names are shown with every byte that is not printable ASCII escaped.
#[derive(Debug, thiserror::Error)]
pub enum TarError {
    /// It is not a whole archive, or the stream failed.
    #[error(transparent)]
    Archive(#[from] TarReadError),
    /// An entry that cannot be in a tree.
    #[error("archive entry `{entry}` is refused: {reason}")]
    Entry {
        /// The entry's path in the archive.
        entry: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Nothing is at the path that the caller wants.
    #[error("the archive holds nothing at `{path}`")]
    Empty {
        /// The wanted path.
        path: TreePath,
    },
    /// More than is allowed.
    #[error("archive entry `{entry}` goes beyond the limits: {source}")]
    Limit {
        /// Where it was noticed.
        entry: String,
        /// What was exceeded.
        source: LimitError,
    },
    /// An entry below a file, or two entries of one name.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
