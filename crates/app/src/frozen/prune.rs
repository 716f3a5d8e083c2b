//! What is kept of a fetched tree.

use std::collections::BTreeMap;

use super::FrozenError;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::content::tree::{Directory, TreeNode};
use rcrepro_store::BlobStore;

/// Rebuilds a tree with those files and links that `keep` wants; directories that become empty are dropped.
pub fn filter(store: &dyn BlobStore, root: Digest, keep: &dyn Fn(&str) -> bool) -> Result<Digest, FrozenError> {
    let kept = filter_below(store, root, "", keep)?.unwrap_or_default();
    Ok(store.put(&kept.encode())?)
}

fn filter_below(
    store: &dyn BlobStore,
    at: Digest,
    prefix: &str,
    keep: &dyn Fn(&str) -> bool,
) -> Result<Option<Directory>, FrozenError> {
    let mut kept = Directory::default();
    for (name, node) in Directory::decode(&store.get(at)?)?.entries {
        let path = join(prefix, &name);
        match node {
            TreeNode::Directory { digest } => {
                if let Some(below) = filter_below(store, digest, &path, keep)? {
                    kept.entries.insert(name, TreeNode::Directory { digest: store.put(&below.encode())? });
                }
            }
            leaf if keep(&path) => drop(kept.entries.insert(name, leaf)),
            _ => {}
        }
    }
    Ok((!kept.entries.is_empty()).then_some(kept))
}

/// Lists the regular files of a tree by path.
pub fn files(store: &dyn BlobStore, root: Digest) -> Result<BTreeMap<String, Digest>, FrozenError> {
    let mut found = BTreeMap::new();
    let mut open = vec![(String::new(), root)];
    while let Some((prefix, at)) = open.pop() {
        for (name, node) in Directory::decode(&store.get(at)?)?.entries {
            let path = join(&prefix, &name);
            match node {
                TreeNode::Directory { digest } => open.push((path, digest)),
                TreeNode::File { digest, .. } => drop(found.insert(path, digest)),
                TreeNode::Symlink { .. } => {}
            }
        }
    }
    Ok(found)
}

fn join(prefix: &str, name: &Name) -> String {
    if prefix.is_empty() { name.to_string() } else { format!("{prefix}/{name}") }
}
