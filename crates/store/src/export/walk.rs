//! Trees as lists.

use super::{ExportError, child, read_directory};
use crate::BlobStore;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::TreeNode;

/// How many entries a tree may unfold to. Equal directories share one blob, so a few blobs can describe more entries than
/// any disk holds.
const LIMIT: usize = 2_000_000;

/// Lists every entry below `root`: each directory's entries in the order of their names' bytes, a directory before what is
/// in it.
///
/// # Errors
/// [`ExportError`] when a directory is missing, damaged or not canonical, or there are more than two million entries.
pub fn walk(store: &dyn BlobStore, root: Digest) -> Result<Vec<(TreePath, TreeNode)>, ExportError> {
    walk_within(store, root, LIMIT)
}

/// The same, for no more than so many entries.
fn walk_within(store: &dyn BlobStore, root: Digest, limit: usize) -> Result<Vec<(TreePath, TreeNode)>, ExportError> {
    let mut found = Vec::new();
    // The entries still to be visited, the next one last.
    let mut waiting = entries(store, root, None)?;
    while let Some((path, node)) = waiting.pop() {
        if found.len() + waiting.len() >= limit {
            return Err(ExportError::TooMany { root, limit });
        }
        if let TreeNode::Directory { digest } = &node {
            waiting.extend(entries(store, *digest, Some(&path))?);
        }
        found.push((path, node));
    }
    Ok(found)
}

/// Returns a directory's entries backwards.
fn entries(
    store: &dyn BlobStore,
    digest: Digest,
    at: Option<&TreePath>,
) -> Result<Vec<(TreePath, TreeNode)>, ExportError> {
    let directory = read_directory(store, digest)?;
    Ok(directory.entries.into_iter().rev().map(|(name, node)| (child(at, &name), node)).collect())
}

/// Finds what is at a path; `None` when there is nothing, or when a file or symlink is on the way.
///
/// # Errors
/// [`ExportError`] when a directory on the way is missing, damaged or not canonical.
pub fn lookup(store: &dyn BlobStore, root: Digest, path: &TreePath) -> Result<Option<TreeNode>, ExportError> {
    let mut here = TreeNode::Directory { digest: root };
    for name in path.segments() {
        let TreeNode::Directory { digest } = here else { return Ok(None) };
        match read_directory(store, digest)?.entries.remove(&name) {
            Some(node) => here = node,
            None => return Ok(None),
        }
    }
    Ok(Some(here))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStore;
    use rcrepro_model::content::tree::TreeBuilder;

    #[test]
    fn a_tree_that_unfolds_without_end_is_refused() {
        let store = MemoryStore::default();
        let path = |name: &str| name.parse::<TreePath>().expect("a path");
        let mut digest = store.put(b"").expect("put");
        for _ in 0..40 {
            let mut builder = TreeBuilder::default();
            for name in ["a", "b"] {
                builder.insert(&path(name), TreeNode::Directory { digest }).expect("no duplicate");
            }
            digest = builder.finish(&mut |_, bytes| store.put(&bytes).map(drop)).expect("put");
        }
        assert!(matches!(walk_within(&store, digest, 10_000), Err(ExportError::TooMany { limit: 10_000, .. })));
    }
}
