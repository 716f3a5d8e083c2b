//! Who makes what: processes that share a store and need the same tree at the same time make it once.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use rcrepro_model::content::digest::Digest;

/// The right to make a tree, until it is dropped or its process ends.
#[derive(Debug, Default)]
pub struct Claim {
    /// Locked; none where nobody else could make the tree.
    held: Option<(File, PathBuf)>,
}

impl Claim {
    /// Claims a tree by a file of a folder that others use, too; none while another one has the claim.
    pub(crate) fn take(folder: &Path, digest: Digest) -> io::Result<Option<Self>> {
        let path = folder.join(format!("making-{}", digest.hash));
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(&path)?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        // The process that had it may have removed the file meanwhile; then another one may lock another file.
        let is_there = same_file(&file, &path)?;
        Ok(is_there.then(|| Self { held: Some((file, path)) }))
    }
}

fn same_file(file: &File, path: &Path) -> io::Result<bool> {
    match path.symlink_metadata() {
        Ok(there) => Ok((there.dev(), there.ino()) == (file.metadata()?.dev(), file.metadata()?.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some((_file, path)) = &self.held {
            // One that cannot be removed is locked by nobody, so that the next process takes it.
            drop(std::fs::remove_file(path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_has_a_claim_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let take = |what: &[u8]| Claim::take(folder.path(), Digest::of(what)).expect("it can be locked");
        let first = take(b"a").expect("it is free");
        assert!(take(b"a").is_none() && take(b"b").is_some());
        drop(first);
        // What a process that was killed has left is locked by nobody.
        std::fs::write(folder.path().join(format!("making-{}", Digest::of(b"a").hash)), "").expect("a file");
        drop(take(b"a").expect("it is free again"));
        assert_eq!(folder.path().read_dir().expect("it is a folder").count(), 0);
    }

    #[test]
    fn of_many_that_wait_each_gets_it_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let inside = std::sync::atomic::AtomicU32::new(0);
        let order = std::sync::atomic::Ordering::SeqCst;
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let mut taken = 0;
                    while taken < 20 {
                        let Some(claim) = Claim::take(folder.path(), Digest::of(b"a")).expect("it can be locked")
                        else {
                            std::thread::yield_now();
                            continue;
                        };
                        assert_eq!(inside.fetch_add(1, order), 0, "two have it");
                        inside.fetch_sub(1, order);
                        taken += 1;
                        drop(claim);
                    }
                });
            }
        });
    }
}
