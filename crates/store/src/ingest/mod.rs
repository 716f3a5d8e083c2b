//! Turns what is outside into blobs and REAPI `Directory` messages, hashing on the way.
//!
//! [`dir`] reads a folder, [`git`] a commit's tracked tree, [`tar`] an archive stream. All of them give the same root digest
//! for the same names, contents, link targets and executable bits. None of them guesses: an entry that cannot be in a
//! tree is an error that names it.

use std::cell::RefCell;
use std::io;

use crate::{BlobBatch, BlobWriter, StoreError};
use rcrepro_model::content::digest::{Digest, DigestHasher};

pub mod dir;
mod dir_error;
pub mod git;
pub mod layers;
mod scan;
pub mod tar;
mod tar_error;

pub use self::dir::{hash_dir, ingest_dir, ingest_dir_into, ingest_output};
pub use self::dir_error::DirError;
pub use self::git::{GitError, GitSource, IngestedSource, Visited, ingest_git, look_git, visit_git};
pub use self::layers::{Dress, RootTree, hash_layers, ingest_layers};
pub use self::scan::DirOptions;
pub use self::tar::{TarOptions, ingest_tar, ingest_tar_into};
pub use self::tar_error::TarError;

/// Bounds what one ingest may take in, so that a broken or hostile tree ends in an error and not in a full disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IngestLimits {
    /// Files, folders and symlinks together.
    pub entries: usize,
    /// The size of one file, in bytes.
    pub file_bytes: u64,
    /// The size of all files together, in bytes.
    pub total_bytes: u64,
}

impl Default for IngestLimits {
    /// Two million entries, 16 GiB a file, 64 GiB together.
    fn default() -> Self {
        Self { entries: 2_000_000, file_bytes: 16 << 30, total_bytes: 64 << 30 }
    }
}

/// Which of the [`IngestLimits`] was exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// Too many entries.
    #[error("more than {limit} entries")]
    Entries {
        /// [`IngestLimits::entries`].
        limit: usize,
    },
    /// A file that is too large.
    #[error("a file of {found} bytes, the limit is {limit}")]
    File {
        /// Its size in bytes.
        found: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// Too many bytes together.
    #[error("more than {limit} bytes together")]
    Total {
        /// The limit in bytes.
        limit: u64,
    },
}

/// Counts towards the [`IngestLimits`].
#[derive(Debug)]
pub(crate) struct Meter {
    limits: IngestLimits,
    entries: usize,
    bytes: u64,
}

impl Meter {
    pub(crate) fn new(limits: IngestLimits) -> Self {
        Self { limits, entries: 0, bytes: 0 }
    }

    pub(crate) fn entry(&mut self) -> Result<(), LimitError> {
        self.entries += 1;
        if self.entries > self.limits.entries {
            return Err(LimitError::Entries { limit: self.limits.entries });
        }
        Ok(())
    }

    fn file(&mut self, size: u64) -> Result<(), LimitError> {
        if size > self.limits.file_bytes {
            return Err(LimitError::File { found: size, limit: self.limits.file_bytes });
        }
        self.bytes = self.bytes.saturating_add(size);
        if self.bytes > self.limits.total_bytes {
            return Err(LimitError::Total { limit: self.limits.total_bytes });
        }
        Ok(())
    }
}

/// Files up to this size are read whole before it is decided whether they must be written; larger ones are read in
/// pieces of this size. It fits into the second-level cache, and one such buffer a thread is all the memory that is used.
const PIECE: usize = 512 << 10;

/// Lends the thread's buffer of [`PIECE`] bytes plus one, which tells a full piece from a larger file.
fn with_buffer<T>(work: impl FnOnce(&mut [u8]) -> T) -> T {
    thread_local! {
        static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    BUFFER.with_borrow_mut(|buffer| {
        buffer.resize(PIECE + 1, 0);
        work(buffer)
    })
}

/// A batch that keeps nothing: what is only to be hashed goes here.
struct HashOnly;

impl BlobBatch for HashOnly {
    fn contains(&self, _digest: Digest) -> Result<bool, StoreError> {
        Ok(true)
    }

    fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        Ok(Digest::of(bytes))
    }

    fn writer(&self) -> Result<Box<dyn BlobWriter + '_>, StoreError> {
        Ok(Box::new(HashWriter::default()))
    }

    fn commit(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}

#[derive(Default)]
struct HashWriter(DigestHasher);

impl io::Write for HashWriter {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0.update(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl BlobWriter for HashWriter {
    fn commit(self: Box<Self>) -> Result<Digest, StoreError> {
        Ok(self.0.finish())
    }
}
