//! A look at every blob of a store, for damage that no reader has met yet.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::FsStore;
use crate::StoreError;
use rcrepro_model::content::digest::{DigestHasher, Sha256};

/// Reports what was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// How many blobs the store has.
    pub blobs: usize,
    /// How many of them were read.
    pub checked: usize,
    /// The files whose bytes are not what their names say, sorted.
    pub damaged: Vec<PathBuf>,
}

impl FsStore {
    /// Hashes the store's blobs, those first whose files changed last, up to so many bytes in all; without a bound, all of
    /// them. Nothing is changed.
    ///
    /// # Errors
    /// [`StoreError::Io`] when a folder cannot be read. A blob that cannot be read is a damaged one.
    pub fn audit(&self, bound: Option<u64>) -> Result<Audit, StoreError> {
        let mut files = Vec::new();
        for shard in list(&self.shared.blobs)? {
            if shard.is_dir() {
                files.extend(list(&shard)?.into_iter().filter_map(named));
            }
        }
        files.sort_by(|a, b| b.changed.cmp(&a.changed).then_with(|| a.path.cmp(&b.path)));
        let (blobs, mut room) = (files.len(), bound.unwrap_or(u64::MAX));
        let fits = |file: &&Blob| {
            let fits = file.size <= room;
            room = room.saturating_sub(file.size);
            fits
        };
        let looked: Vec<&Blob> = files.iter().take_while(fits).collect();
        let mut damaged: Vec<PathBuf> =
            looked.par_iter().filter(|blob| !blob.is_whole()).map(|blob| blob.path.clone()).collect();
        damaged.sort();
        Ok(Audit { blobs, checked: looked.len(), damaged })
    }
}

/// A file that has the name of a blob.
struct Blob {
    path: PathBuf,
    hash: Sha256,
    size: u64,
    /// When the kernel last saw it change, in seconds and nanoseconds: no program can set that.
    changed: (i64, i64),
}

impl Blob {
    fn is_whole(&self) -> bool {
        let hash = || -> io::Result<Sha256> {
            let mut file = File::open(&self.path)?;
            let (mut hasher, mut piece) = (DigestHasher::default(), vec![0; 256 << 10]);
            loop {
                match file.read(&mut piece) {
                    Ok(0) => return Ok(hasher.finish().hash),
                    Ok(count) => hasher.update(&piece[..count]),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
        };
        // What is not a file, such as a link or a pipe, is not opened at all.
        self.path.symlink_metadata().is_ok_and(|found| found.is_file()) && hash().is_ok_and(|found| found == self.hash)
    }
}

fn named(path: PathBuf) -> Option<Blob> {
    let hash = path.file_name()?.to_str()?.parse().ok()?;
    let found = path.symlink_metadata().ok()?;
    Some(Blob { path, hash, size: found.len(), changed: (found.ctime(), found.ctime_nsec()) })
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let entries = std::fs::read_dir(folder).map_err(StoreError::io("read the folder", folder))?;
    let paths: io::Result<Vec<PathBuf>> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    paths.map_err(StoreError::io("read the folder", folder))
}
