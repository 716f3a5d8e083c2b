//! Tier 2: where blobs live.
//!
//! [`BlobStore`] is the port; [`fs`] keeps blobs on disk, [`memory`] in memory. Everything that is read is checked
//! against its digest; a writer hashes while it streams, and a blob appears under its name only when it is whole.
//!
//! The compiler refuses what lies above or beside, because `Cargo.toml` does not name it:
//!
//! ```no_run
//! use rcrepro_model as _;
//! ```
//!
//! ```compile_fail,E0432
//! use rcrepro_engine as _;
//! ```

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "the store opens its own files, and the door is here"
)]

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use rcrepro_model::content::digest::Digest;
use rcrepro_model::text::hint::Hint;

pub use claim::Claim;

mod claim;
pub mod door;
pub mod export;
pub mod fs;
pub mod git;
pub mod ingest;
pub mod layered;
pub mod memory;
pub mod runs;
pub mod stacked;
pub mod verify;

/// Why a blob could not be stored or served.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The blob is not there.
    #[error("blob {digest} is not in the store")]
    Missing {
        /// The wanted blob.
        digest: Digest,
    },
    /// The blob's bytes do not match its name.
    #[error("blob {expected} is damaged: its bytes hash to {found}")]
    Damaged {
        /// The name it is kept under.
        expected: Digest,
        /// What its bytes hash to.
        found: Digest,
    },
    /// The blob is larger than the caller wants to hold in memory.
    #[error("blob {digest} is larger than the {limit} bytes that may be read at once")]
    TooLarge {
        /// The wanted blob.
        digest: Digest,
        /// The limit in bytes.
        limit: u64,
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

impl Hint for StoreError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Damaged { .. } => {
                Some("rcrepro doctor --blobs names each damaged blob, and the command that removes it".to_owned())
            }
            Self::Missing { .. } => {
                Some("evidence travels beside its manifest, in NAME.evidence/: git checkout -- manifests".to_owned())
            }
            Self::Io { .. } => Some("check the disk, or name another store: rcrepro --store DIR …".to_owned()),
            _ => None,
        }
    }
}

impl StoreError {
    /// Wraps what the file system said about a path, for use in `map_err`.
    fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}

/// The largest blob that [`BlobStore::get`] holds in memory: 64 MiB.
pub const GET_LIMIT: u64 = 64 << 20;

/// Keeps blobs by digest. Every method may be called from several threads, and several processes may share a store.
pub trait BlobStore: Send + Sync {
    /// Whether the blob is there, without reading it.
    ///
    /// # Errors
    /// [`StoreError::Io`] when that cannot be found out.
    fn contains(&self, digest: Digest) -> Result<bool, StoreError>;

    /// Opens a blob. The reader fails with [`io::ErrorKind::InvalidData`] at the end when the bytes do not match.
    ///
    /// # Errors
    /// [`StoreError::Missing`] or [`StoreError::Io`].
    fn reader(&self, digest: Digest) -> Result<Box<dyn Read + Send>, StoreError>;

    /// Begins a blob of yet unknown digest.
    ///
    /// # Errors
    /// [`StoreError::Io`] when no room can be made for it.
    fn writer(&self) -> Result<Box<dyn BlobWriter>, StoreError>;

    /// Returns the file that holds the blob, for stores that keep files; it must not be written to.
    fn local_path(&self, digest: Digest) -> Option<PathBuf>;

    /// Stores bytes that are already in memory.
    ///
    /// # Errors
    /// [`StoreError::Io`] when they cannot be written.
    fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError>;

    /// Reads a small blob whole and checked.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Damaged`], [`StoreError::TooLarge`] or [`StoreError::Io`].
    fn get(&self, digest: Digest) -> Result<Vec<u8>, StoreError>;

    /// Begins a batch: many blobs that become visible together, for one price in disk flushes.
    ///
    /// A store that gains nothing by it hands out one whose blobs are visible at once.
    ///
    /// # Errors
    /// [`StoreError::Io`] when no room can be made for it.
    fn batch(&self) -> Result<Box<dyn BlobBatch + '_>, StoreError> {
        Ok(Box::new(OneByOne(self)))
    }

    /// Claims the making of a tree, so that processes that share the store do not make it twice; none while another one makes it.
    ///
    /// # Errors
    /// [`StoreError::Io`] when that cannot be found out.
    fn claim(&self, _digest: Digest) -> Result<Option<Claim>, StoreError> {
        Ok(Some(Claim::default()))
    }
}

/// Takes many blobs. Every method may be called from several threads; dropped without [`BlobBatch::commit`], none of its
/// blobs need be kept.
pub trait BlobBatch: Send + Sync {
    /// Whether the blob is in the store or already in this batch.
    ///
    /// # Errors
    /// [`StoreError::Io`] when that cannot be found out.
    fn contains(&self, digest: Digest) -> Result<bool, StoreError>;

    /// Adds bytes that are already in memory.
    ///
    /// # Errors
    /// [`StoreError::Io`] when they cannot be written.
    fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError>;

    /// Begins a blob of yet unknown digest; its `commit` adds it to the batch.
    ///
    /// # Errors
    /// [`StoreError::Io`] when no room can be made for it.
    fn writer(&self) -> Result<Box<dyn BlobWriter + '_>, StoreError>;

    /// Makes every blob of the batch durable and then visible.
    ///
    /// # Errors
    /// [`StoreError::Io`]; then some of the blobs may be visible, each of them whole.
    fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// The batch of a store that gains nothing by batches.
struct OneByOne<'a, S: ?Sized>(&'a S);

impl<S: BlobStore + ?Sized> BlobBatch for OneByOne<'_, S> {
    fn contains(&self, digest: Digest) -> Result<bool, StoreError> {
        self.0.contains(digest)
    }

    fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        self.0.put(bytes)
    }

    fn writer(&self) -> Result<Box<dyn BlobWriter + '_>, StoreError> {
        self.0.writer()
    }

    fn commit(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Takes a blob's bytes. Dropped without [`BlobWriter::commit`], nothing is kept.
pub trait BlobWriter: Write + Send {
    /// Makes the blob visible under its digest.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the bytes cannot be made durable.
    fn commit(self: Box<Self>) -> Result<Digest, StoreError>;
}
