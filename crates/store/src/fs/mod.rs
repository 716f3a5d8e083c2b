//! A store on disk, for several processes at once.
//!
//! ```text
//! ROOT/blobs/sha256/ab/abcd…   one file a blob, mode 0444, mtime 1980-01-01, named by the whole hash
//! ROOT/tmp/SESSION/            what one open store is writing; its `lock` file is held while it lives
//! ROOT/damaged/                blobs that were found damaged and set aside, named by what they should have been
//! ROOT/runs/                   see [`super::runs`]
//! ```
//!
//! **Why a crash cannot put a wrong blob under a name.** A blob is written into the session's folder, flushed (`fsync`, or
//! one `syncfs` for a batch), then renamed, then the shard's folder is flushed. The rename is asked for only after the
//! flush has returned, so a name that survives a crash always means flushed bytes; a name that does not survive is a
//! missing blob, which the next ingest writes again. Were the disk to lie about flushing, the blob would be short or wrong,
//! and [`super::verify`] catches that on every read; a short one is also overwritten by the next writer, because a blob
//! counts as present only with the right size.
//!
//! **How damage heals.** Size alone tells whether a blob is there, so that nothing is read before it is needed: a blob whose
//! bytes changed later is found by its reader. A store that was opened with [`FsStore::open_mending`] then sets it aside,
//! and a process that derives or fetches it once more writes it again. A single blob that was written whole is compared with what
//! lies there, which costs one read more and heals at once. [`audit`] looks for the rest.
//!
//! **Why processes cannot hurt each other.** Names are content, so two writers of one blob rename equal files over each
//! other. Session folders are private; whose owner is dead is told by its lock, never by its age.

pub mod audit;
mod batch;
mod damage;
pub mod reader;
mod session;
mod set_aside;
mod shared;
mod staged;
mod writer;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Mode, OFlags};

use self::damage::Watched;
use self::session::Session;
use self::set_aside::SetAside;
use self::shared::Shared;
pub use self::staged::BLOB_MTIME;
use self::staged::{fsync_directory, staged_bytes};
use self::writer::FsWriter;
use super::verify::read_whole;
use super::{BlobBatch, BlobStore, BlobWriter, Claim, StoreError};
use rcrepro_model::content::digest::Digest;

/// Where blobs are before they have names, and claims.
const TMP: &str = "tmp";

/// Keeps blobs on disk. Clones share one session.
#[derive(Debug, Clone)]
pub struct FsStore {
    shared: Arc<Shared>,
}

impl FsStore {
    /// Opens the store at `root`, makes its folders if they are missing, and removes what dead processes left behind.
    ///
    /// # Errors
    /// [`StoreError::Io`] when a folder cannot be made, locked or read.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        Self::begin(root, None)
    }

    /// Opens the store as [`FsStore::open`] does; a blob that is found damaged when it is read is moved to `ROOT/damaged`, so that
    /// a process that can have its bytes again writes it anew.
    ///
    /// # Errors
    /// As [`FsStore::open`].
    pub fn open_mending(root: &Path) -> Result<Self, StoreError> {
        Self::begin(root, Some(SetAside::default()))
    }

    /// Lists the damaged blobs that were set aside since this was last asked.
    #[must_use]
    pub fn take_set_aside(&self) -> Vec<Digest> {
        self.shared.set_aside.as_ref().map(SetAside::take).unwrap_or_default()
    }

    fn begin(root: &Path, set_aside: Option<SetAside>) -> Result<Self, StoreError> {
        let blobs = root.join("blobs/sha256");
        std::fs::create_dir_all(&blobs).map_err(StoreError::io("make the folder", &blobs))?;
        let session = Session::begin(&root.join(TMP))?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let blobs_handle = rustix::fs::open(&blobs, flags, Mode::empty())
            .map_err(|error| StoreError::io("open the folder", &blobs)(error.into()))?;
        Ok(Self { shared: Arc::new(Shared { root: root.to_owned(), blobs, blobs_handle, session, set_aside }) })
    }

    /// Returns the store's folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.shared.root
    }

    /// Removes a blob, such as one that was found damaged, so that the next ingest writes it again.
    ///
    /// # Errors
    /// [`StoreError::Io`] when it is there and cannot be removed.
    pub fn discard(&self, digest: Digest) -> Result<(), StoreError> {
        let path = self.shared.path(digest.hash);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::io("remove", &path)(error)),
            _ => Ok(()),
        }
    }

    fn open_blob(&self, digest: Digest) -> Result<(File, PathBuf), StoreError> {
        let path = self.shared.path(digest.hash);
        match File::open(&path) {
            Ok(file) => Ok((file, path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(StoreError::Missing { digest }),
            Err(error) => Err(StoreError::io("open", &path)(error)),
        }
    }
}

impl BlobStore for FsStore {
    fn contains(&self, digest: Digest) -> Result<bool, StoreError> {
        self.shared.contains(digest)
    }

    fn reader(&self, digest: Digest) -> Result<Box<dyn Read + Send>, StoreError> {
        let (file, path) = self.open_blob(digest)?;
        Ok(Box::new(Watched::new(file, path, digest, Arc::clone(&self.shared))))
    }

    fn writer(&self) -> Result<Box<dyn BlobWriter>, StoreError> {
        Ok(Box::new(FsWriter::begin(Arc::clone(&self.shared), None)?))
    }

    fn local_path(&self, digest: Digest) -> Option<PathBuf> {
        self.contains(digest).is_ok_and(|there| there).then(|| self.shared.path(digest.hash))
    }

    fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        if self.contains(digest)? {
            return Ok(digest);
        }
        let staged = staged_bytes(&self.shared.session, bytes)?;
        staged.flush()?;
        fsync_directory(&self.shared.publish(staged.path(), digest.hash)?)?;
        Ok(digest)
    }

    fn get(&self, digest: Digest) -> Result<Vec<u8>, StoreError> {
        let (mut file, path) = self.open_blob(digest)?;
        let read = read_whole(&mut file, digest, |error| StoreError::io("read", &path)(error));
        if let Err(StoreError::Damaged { .. }) = read {
            self.shared.found_damaged(digest, self.shared.name_of(&file), &path);
        }
        read
    }

    fn batch(&self) -> Result<Box<dyn BlobBatch + '_>, StoreError> {
        Ok(Box::new(batch::FsBatch::new(Arc::clone(&self.shared))))
    }

    fn claim(&self, digest: Digest) -> Result<Option<Claim>, StoreError> {
        let folder = self.root().join(TMP);
        Claim::take(&folder, digest).map_err(StoreError::io("claim a tree in", &folder))
    }
}
