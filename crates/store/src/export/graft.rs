//! Trees joined from parts.

use std::collections::BTreeMap;

use super::{ExportError, child, read_directory};
use crate::{BlobBatch, BlobStore};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_model::content::tree::{Directory, TreeNode};

/// Returns the root of `base` with the nodes put at their paths. Directories on the way come into being if they are missing; only
/// the directories on the way are read and written. [`Digest::of`] no bytes is the empty base.
///
/// # Errors
/// [`ExportError::Exists`] when something is already at a path, even a directory, or a file or symlink is on the way there:
/// a declared output must not exist in the source. Otherwise when a directory on the way cannot be read or written.
pub fn graft(store: &dyn BlobStore, base: Digest, nodes: &[(TreePath, TreeNode)]) -> Result<Digest, ExportError> {
    let batch = store.batch()?;
    let parts = nodes.iter().map(|(path, node)| (path.segments().collect(), node)).collect();
    let root = graft_below(store, &*batch, read_directory(store, base)?, None, parts)?;
    batch.commit()?;
    Ok(root)
}

/// The rest of a path, first segment first, and what goes there.
type Part<'a> = (Vec<Name>, &'a TreeNode);

#[expect(clippy::expect_used, reason = "the end of a path is taken one level above")]
fn graft_below(
    store: &dyn BlobStore,
    batch: &dyn BlobBatch,
    mut directory: Directory,
    at: Option<&TreePath>,
    parts: Vec<Part<'_>>,
) -> Result<Digest, ExportError> {
    let mut groups: BTreeMap<Name, Vec<Part<'_>>> = BTreeMap::new();
    for (mut segments, node) in parts {
        let rest = segments.split_off(1);
        let first = segments.pop().expect("a path has a segment, and its end was taken one level above");
        groups.entry(first).or_default().push((rest, node));
    }
    for (name, group) in groups {
        let path = child(at, &name);
        let node = match (&group[..], directory.entries.get(&name)) {
            ([(rest, node)], None) if rest.is_empty() => (*node).clone(),
            (group, _) if group.iter().any(|(rest, _)| rest.is_empty()) => return Err(ExportError::Exists { path }),
            (_, None) => {
                TreeNode::Directory { digest: graft_below(store, batch, Directory::default(), Some(&path), group)? }
            }
            (_, Some(TreeNode::Directory { digest })) => {
                let below = read_directory(store, *digest)?;
                TreeNode::Directory { digest: graft_below(store, batch, below, Some(&path), group)? }
            }
            (_, Some(_)) => return Err(ExportError::Exists { path }),
        };
        directory.entries.insert(name, node);
    }
    Ok(batch.put(&directory.encode())?)
}
