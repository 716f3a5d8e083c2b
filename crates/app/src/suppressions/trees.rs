//! Sources that were read once, for as many manifests as are of them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use super::reading::TreeReading;
use crate::workspace::Workspace;
use rcrepro_model::content::digest::Digest;
use rcrepro_store::BlobStore;
use rcrepro_store::memory::MemoryStore;

/// Reads sources by the digest of their root.
#[derive(Debug, Default)]
pub(crate) struct SourceReadings {
    known: RefCell<BTreeMap<Digest, Option<Rc<TreeReading>>>>,
}

impl SourceReadings {
    /// Reads a source from its blobs, or where some are missing from the commit that is checked out where its manifest lies, if it has
    /// this very source. None where a folder of it is missing.
    pub(crate) fn read(&self, manifest: &Path, blobs: &dyn BlobStore, root: Digest) -> Option<Rc<TreeReading>> {
        if let Some(known) = self.known.borrow().get(&root) {
            return known.clone();
        }
        let stored = TreeReading::of_store(blobs, root).ok();
        let read = match stored {
            Some(read) if read.unread.is_empty() => Some(read),
            partial => of_checkout(manifest, root).or(partial),
        };
        let read = read.map(Rc::new);
        self.known.borrow_mut().insert(root, read.clone());
        read
    }
}

fn of_checkout(manifest: &Path, root: Digest) -> Option<TreeReading> {
    let workspace = Workspace::at(manifest.canonicalize().ok()?.parent()?.parent()?, "HEAD").ok()?;
    let is_this = workspace.ingest_source("HEAD", &MemoryStore::default()).ok()?.root == root;
    is_this.then(|| TreeReading::of_commit(&workspace, "HEAD").ok()).flatten()
}
