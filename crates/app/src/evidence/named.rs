//! What a manifest or record names, so that of a stranger's evidence nothing else is hashed at length or kept.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _};
use std::path::Path;

use crate::evidence::named_blobs;
use rcrepro_format::records::{gates_json, manifest_json, release_json};
use rcrepro_model::content::digest::{Digest, Sha256};
use rcrepro_model::content::tree::{Directory, TreeNode};
use rcrepro_model::evidence::manifest::{OutputEntry, ReproManifest};
use rcrepro_model::evidence::release_record::ReleaseRecord;
use rcrepro_model::plan::mutant::GatesRecord;
use rcrepro_store::door::{self, Admitted, RECORD_LIMIT};
use rcrepro_store::{BlobStore, GET_LIMIT};

/// The blobs that are named directly. Those of them that are trees name more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Named {
    blobs: BTreeMap<Sha256, u64>,
    trees: BTreeSet<Digest>,
}

impl Named {
    /// Reads what the file beside the evidence names: a manifest, a record of images or a record of mutants. One that is none
    /// of them, or cannot be read, names nothing.
    #[must_use]
    pub(crate) fn beside(path: &Path) -> Self {
        let Ok(bytes) = object(path) else { return Self::default() };
        if let Ok(manifest) = manifest_json::decode(&bytes) {
            return Self::of_manifest(&manifest);
        }
        if let Ok(record) = release_json::decode(&bytes) {
            return Self::of_images(&record);
        }
        gates_json::decode(&bytes).map_or_else(|_| Self::default(), |record| Self::of_mutants(&record))
    }

    /// Gives what a manifest names.
    #[must_use]
    pub(crate) fn of_manifest(manifest: &ReproManifest) -> Self {
        let outputs = manifest.commands.iter().flat_map(|command| command.outputs.values());
        let folders = outputs.flat_map(|output| match output {
            OutputEntry::Directory { raw, canonical } => vec![*raw, *canonical],
            OutputEntry::File { .. } | OutputEntry::Symlink { .. } => Vec::new(),
        });
        let inputs = manifest.commands.iter().map(|command| command.input_root);
        let frozen = manifest.frozen.values().map(|frozen| frozen.root);
        let git = manifest.source.git.iter().map(|git| git.root);
        let trees = [manifest.source.root].into_iter().chain(git).chain(inputs).chain(frozen).chain(folders).collect();
        Self::new(named_blobs(manifest), trees)
    }

    fn of_images(record: &ReleaseRecord) -> Self {
        let parts = record.images.values().flat_map(|built| [built.parts, built.again]);
        Self::new(record.blobs(), parts.map(|parts| parts.tree).collect())
    }

    fn of_mutants(record: &GatesRecord) -> Self {
        let evidence = record.mutants.iter().flat_map(|mutant| mutant.evidence.values().copied());
        Self::new(evidence, BTreeSet::new())
    }

    fn new(blobs: impl IntoIterator<Item = Digest>, trees: BTreeSet<Digest>) -> Self {
        Self { blobs: blobs.into_iter().map(|digest| (digest.hash, digest.size)).collect(), trees }
    }

    /// Opens an evidence file to be hashed: what is named has the size that is named, and what is not, such as a directory deep
    /// in a tree, is a blob that can be read at once.
    ///
    /// # Errors
    /// As [`door::open`].
    pub(crate) fn open(&self, path: &Path, hash: Sha256) -> io::Result<Admitted> {
        door::open(path, self.blobs.get(&hash).copied().unwrap_or(GET_LIMIT))
    }

    /// Hands out all that is named and that `there` has, through the trees that `take` has put into the store.
    ///
    /// # Errors
    /// What `take` returns.
    pub(crate) fn walk<E>(
        &self,
        there: &BTreeSet<Sha256>,
        store: &dyn BlobStore,
        mut take: impl FnMut(Digest) -> Result<(), E>,
    ) -> Result<(), E> {
        let blobs = self.blobs.iter().map(|(hash, size)| Digest { hash: *hash, size: *size });
        let mut open: Vec<(Digest, bool)> = blobs.map(|digest| (digest, self.trees.contains(&digest))).collect();
        let mut seen = BTreeSet::new();
        while let Some((digest, is_tree)) = open.pop() {
            if !there.contains(&digest.hash) || !seen.insert((digest, is_tree)) {
                continue;
            }
            take(digest)?;
            let tree = if is_tree { store.get(digest).ok() } else { None };
            let entries = tree.and_then(|bytes| Directory::decode(&bytes).ok()).map(|directory| directory.entries);
            open.extend(entries.into_iter().flatten().filter_map(|(_, node)| match node {
                TreeNode::Directory { digest } => Some((digest, true)),
                TreeNode::File { digest, .. } if there.contains(&digest.hash) => Some((digest, false)),
                TreeNode::File { .. } | TreeNode::Symlink { .. } => None,
            }));
        }
        Ok(())
    }
}

/// Reads a file that begins as a JSON object does; of another one, no more than its first byte.
fn object(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = door::open(path, RECORD_LIMIT)?;
    let mut bytes = vec![0];
    file.read_exact(&mut bytes)?;
    if bytes == b"{" {
        file.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
