//! Tier 2: packages, from where the machine's own clients get them to checked entries.
//!
//! [`sources`] says where, [`fetch`] brings the bytes into the store, [`debian`] resolves; [`deb`], [`go_module`] and [`npm`]
//! stream a package's entries. No package's script is ever run, and nothing is extracted onto a disk.

use std::io;

use rcrepro_model::content::digest::Digest;
use rcrepro_model::text::hint::Hint;
use rcrepro_store::StoreError;

mod ar;
pub mod archive;
pub mod deb;
pub mod debian;
pub mod fetch;
pub mod go_cache;
pub mod go_module;
pub mod go_source;
pub mod npm;
pub mod npm_cache;
pub mod sources;

/// Why a package could not be had or is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// An entry's name could leave the image, or is not a name at all.
    #[error("{package}: entry `{entry}` is refused: {reason}")]
    Entry {
        /// Its purl.
        package: String,
        /// The entry's name as the archive has it.
        entry: String,
        /// Why it is refused.
        reason: &'static str,
    },
    /// The archive is not of the form that its kind has.
    #[error("{package}: {reason}")]
    Form {
        /// Its purl.
        package: String,
        /// What was expected and what was found.
        reason: String,
    },
    /// A part that the definition places is not in the package.
    #[error("{package} holds nothing at `{part}`")]
    NoSuchPart {
        /// Its purl.
        package: String,
        /// The path in the package.
        part: String,
    },
    /// A checksum is not the one that was promised.
    #[error("{package}: {what} is {found}, expected {expected}")]
    Checksum {
        /// Its purl.
        package: String,
        /// Which checksum: `h1`, `sha512`, `sha256`, `size`.
        what: &'static str,
        /// What was promised.
        expected: String,
        /// Computed from the bytes, in the form of `expected`.
        found: String,
    },
    /// What arrived is not the file that was locked, or that a signed index names.
    #[error("{package}: what arrived has the digest {found}, expected {expected}")]
    Digest {
        /// Its purl.
        package: String,
        /// The digest that was promised.
        expected: Digest,
        /// What arrived.
        found: Digest,
    },
    /// Every place was tried.
    #[error("{package} cannot be fetched: {reason}")]
    Fetch {
        /// Its purl.
        package: String,
        /// What each place answered.
        reason: String,
    },
    /// The platform's certificate store cannot be used.
    #[error("no TLS connection can be made: {reason}")]
    Tls {
        /// What the TLS library said.
        reason: String,
    },
    /// The machine's own client says nothing of where to fetch from.
    #[error("no place is known to fetch {kind} from: {reason}")]
    NoSource {
        /// `Debian packages`, `Go modules` or `npm packages`.
        kind: &'static str,
        /// What was looked for.
        reason: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// A Debian archive's index is not believed, or what is wanted is not in it.
    #[error(transparent)]
    Debian(#[from] debian::DebianError),
    /// Reading an archive failed.
    #[error("{package}: cannot read the archive")]
    Io {
        /// Its purl.
        package: String,
        /// What the system or the decoder said.
        #[source]
        source: io::Error,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Hint for PackageError {
    fn hint(&self) -> Option<String> {
        let text = match self {
            Self::NoSource { hint, .. } => hint,
            Self::Debian(error) if error.hint().is_some() => return error.hint(),
            Self::Tls { .. } => {
                "apt-get install ca-certificates, or set SSL_CERT_FILE to the certificates that you trust"
            }
            _ => "rcrepro doctor says where packages come from; if a lock was edited: git checkout -- lockfiles",
        };
        Some(text.to_owned())
    }
}

impl PackageError {
    /// Makes an error of one of reading or writing, for `map_err`.
    pub fn io(package: &str) -> impl FnOnce(io::Error) -> Self {
        let package = package.to_owned();
        move |source| Self::Io { package, source }
    }
}
