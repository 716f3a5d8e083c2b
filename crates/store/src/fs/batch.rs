//! Many blobs for one price in disk flushes.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::shared::Shared;
use super::staged::{Staged, Staging, fsync_directory, staged_bytes};
use super::writer::FsWriter;
use crate::{BlobBatch, BlobWriter, StoreError};
use rcrepro_model::content::digest::Digest;

/// Up to this many files are flushed by themselves in any case.
const FLUSH_EACH: usize = 16;
/// How many flushes are asked for at once: the file system's journal takes them together.
const FLUSHING: usize = 8;
/// A flush of one file of many takes as long as writing so many bytes (0.2 ms at 300 MB/s). One `syncfs` takes none of that, and waits for all that
/// others have written to the same file system: gigabytes, while an image is built.
const FLUSH_COST: u64 = 64 << 10;

/// A batch of a store on disk.
#[derive(Debug)]
pub(super) struct FsBatch {
    shared: Arc<Shared>,
    staging: Staging,
}

impl FsBatch {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, staging: Staging::default() }
    }
}

impl BlobBatch for FsBatch {
    fn contains(&self, digest: Digest) -> Result<bool, StoreError> {
        Ok(self.staging.holds(digest) || self.shared.contains(digest)?)
    }

    fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        if !self.contains(digest)? {
            self.staging.add(digest, staged_bytes(&self.shared.session, bytes)?);
        }
        Ok(digest)
    }

    fn writer(&self) -> Result<Box<dyn BlobWriter + '_>, StoreError> {
        Ok(Box::new(FsWriter::begin(Arc::clone(&self.shared), Some(&self.staging))?))
    }

    fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let Self { shared, staging } = *self;
        let files = staging.into_files();
        if is_cheaper_by_file(&files) {
            side_by_side(&files.values().collect::<Vec<_>>(), |staged| staged.flush())?;
        } else {
            rustix::fs::syncfs(&shared.blobs_handle)
                .map_err(|error| StoreError::io("flush the file system of", &shared.blobs)(error.into()))?;
        }
        let mut shards = BTreeSet::new();
        for (digest, staged) in &files {
            shards.insert(shared.publish(staged.path(), digest.hash)?);
        }
        side_by_side(&shards.iter().collect::<Vec<&PathBuf>>(), |shard| fsync_directory(shard))
    }
}

/// Whether flushing each file is done before one flush of the whole file system would be.
fn is_cheaper_by_file(files: &HashMap<Digest, Staged>) -> bool {
    let own: u64 = files.keys().map(|digest| digest.size).sum();
    let count = files.len();
    count <= FLUSH_EACH || count as u64 * FLUSH_COST < unwritten().saturating_sub(own)
}

/// Returns how many bytes the machine has yet to write to its disks, which is more than what concerns one file system; 0 where that cannot be told.
fn unwritten() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let dirty = text.lines().find_map(|line| line.strip_prefix("Dirty:")?.trim().strip_suffix(" kB"));
    dirty.and_then(|kibibytes| kibibytes.parse::<u64>().ok()).map_or(0, |kibibytes| kibibytes << 10)
}

/// Does something with all items, several at once.
fn side_by_side<T: Sync>(items: &[T], each: impl Fn(&T) -> Result<(), StoreError> + Sync) -> Result<(), StoreError> {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            each(item)?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..FLUSHING.min(items.len())).map(|_| scope.spawn(work)).collect();
        let own = work();
        let others = others.into_iter().map(|other| other.join().expect("flushing does not panic"));
        others.fold(own, Result::and)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_item_is_done_once_and_one_failure_is_told() {
        let done: Vec<AtomicUsize> = (0..100).map(|_| AtomicUsize::new(0)).collect();
        let add = |one: &AtomicUsize| {
            one.fetch_add(1, Ordering::Relaxed);
            Ok(())
        };
        side_by_side(&done, add).expect("all are done");
        side_by_side(&[], add).expect("nothing is done");
        assert!(done.iter().all(|one| one.load(Ordering::Relaxed) == 1));
        let numbers: Vec<usize> = (0..100).collect();
        let refused = side_by_side(&numbers, |number| match number {
            42 => fsync_directory(&PathBuf::from("/nowhere/at all")),
            _ => Ok(()),
        });
        assert!(refused.is_err_and(|error| error.to_string().contains("/nowhere/at all")));
    }
}
