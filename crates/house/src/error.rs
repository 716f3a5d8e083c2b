//! Why the house could not be measured.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a measurement could not be taken; a figure above its limit is a [`crate::check::Figure`] instead.
#[derive(Debug, Error)]
pub enum HouseError {
    /// An unreadable file.
    #[error("cannot read {path}", path = path.display())]
    Read {
        /// Relative to the repository.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// A folder that could not be listed.
    #[error("cannot list a folder of the sources")]
    Walk(#[from] walkdir::Error),
    /// Invalid TOML in a manifest or in the settings.
    #[error("invalid TOML in {path}")]
    Toml {
        /// Relative to the repository.
        path: PathBuf,
        /// The cause, with line and column.
        #[source]
        source: toml::de::Error,
    },
    /// A manifest without a key that cargo demands.
    #[error("invalid manifest {path}: expected the key `{key}`")]
    Manifest {
        /// Relative to the repository.
        path: PathBuf,
        /// Dotted, as TOML writes it.
        key: &'static str,
    },
    /// Source text that does not parse.
    #[error("invalid Rust in {path}, line {line}")]
    Rust {
        /// Relative to the repository.
        path: String,
        /// Counted from 1.
        line: usize,
        /// The cause.
        #[source]
        source: syn::Error,
    },
    /// A regular expression of the settings that does not compile.
    #[error("invalid pattern `{name}` in house.toml")]
    Phrase {
        /// As in the settings.
        name: String,
        /// The cause.
        #[source]
        source: regex::Error,
    },
    /// Fewer files than any version of the project had: nothing would have been checked.
    #[error("only {found} Rust files found: expected at least {expected}")]
    Hollow {
        /// Files found.
        found: usize,
        /// The least number that is believed.
        expected: usize,
    },
}
