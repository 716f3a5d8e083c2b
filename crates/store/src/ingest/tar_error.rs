//! Why an archive cannot become a tree.

use std::io;

use super::LimitError;
use crate::StoreError;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::TreeError;

/// Why an archive cannot become a tree. Names are shown with every byte that is not printable ASCII escaped.
#[derive(Debug, thiserror::Error)]
pub enum TarError {
    /// The stream failed.
    #[error("cannot read the archive")]
    Read {
        /// What the stream said.
        #[source]
        source: io::Error,
    },
    /// The stream ended inside an entry.
    #[error("the archive is cut in the middle, in or after `{after}`")]
    Cut {
        /// The last entry that was begun.
        after: String,
    },
    /// The stream ended between two entries.
    #[error("the archive ends after `{after}` without its end mark of two zero blocks: it was cut between two entries")]
    NoEnd {
        /// The last entry.
        after: String,
    },
    /// Something follows the end mark.
    #[error("the archive goes on after its end mark")]
    Trailing,
    /// A header that makes no sense.
    #[error("the archive is malformed after `{after}`: {reason}")]
    Malformed {
        /// The last entry whose name was read.
        after: String,
        /// What is wrong.
        reason: &'static str,
    },
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
