//! What differs between two trees.

use std::collections::BTreeSet;

use super::{ExportError, child, read_directory};
use crate::BlobStore;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_model::content::tree::TreeNode;

/// A path at which two trees differ: in one only, or other in each. A directory that only one tree has counts as all
/// that is in it; directories in both are looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeDifference {
    /// The path from the trees' roots.
    pub path: TreePath,
    /// What the first tree has there.
    pub left: Option<TreeNode>,
    /// What the second tree has there.
    pub right: Option<TreeNode>,
}

/// Compares two trees by digest, and opens only directories that differ. Sorted as [`super::walk()`] sorts.
///
/// # Errors
/// [`ExportError`] when a directory that differs is missing, damaged or not canonical.
pub fn diff(store: &dyn BlobStore, left: Digest, right: Digest) -> Result<Vec<TreeDifference>, ExportError> {
    let mut found = Vec::new();
    let mut waiting = if left == right { Vec::new() } else { compare(store, left, right, None)? };
    while let Some(difference) = waiting.pop() {
        match (&difference.left, &difference.right) {
            (Some(TreeNode::Directory { digest: left }), Some(TreeNode::Directory { digest: right })) => {
                waiting.extend(compare(store, *left, *right, Some(&difference.path))?);
            }
            _ => found.push(difference),
        }
    }
    Ok(found)
}

/// Returns the entries that differ between two directories, backwards.
fn compare(
    store: &dyn BlobStore,
    left: Digest,
    right: Digest,
    at: Option<&TreePath>,
) -> Result<Vec<TreeDifference>, ExportError> {
    let mut left = read_directory(store, left)?.entries;
    let mut right = read_directory(store, right)?.entries;
    let names: BTreeSet<Name> = left.keys().chain(right.keys()).cloned().collect();
    let differences = names.into_iter().rev().filter_map(|name| {
        let (left, right) = (left.remove(&name), right.remove(&name));
        (left != right).then(|| TreeDifference { path: child(at, &name), left, right })
    });
    Ok(differences.collect())
}
