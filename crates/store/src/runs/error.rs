//! Why a run's folder cannot be used.

use std::io;
use std::path::PathBuf;

/// Why a run's folder cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum RunFolderError {
    /// A text that names no run.
    #[error(
        "invalid run id `{found}`: expected a time like 20231114T221320Z, a dash, a number, a dash, and 1 to 32 of a-z and 0-9"
    )]
    Id {
        /// The text that was found.
        found: String,
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
}
