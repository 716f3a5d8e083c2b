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
/// [`ExportError::Exists`] when something is already at a path, or a file or symlink is on the way there: a declared output must
/// not exist in the source. A folder may be there if all that is in it is in the new one, too, unchanged, or was only there so that
/// git keeps the folder. Otherwise when a directory on the way cannot be read or written.
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
            ([(rest, node)], Some(there)) if rest.is_empty() => {
                if let Some(path) = hidden(store, &path, there, node)? {
                    return Err(ExportError::Exists { path });
                }
                (*node).clone()
            }
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

/// Returns the root of a tree that holds what `base` holds and what each of the others does. Only directories that two of them have
/// are read.
///
/// # Errors
/// [`ExportError::Exists`] when two of them have different things, other than directories, at one path. Otherwise when a directory
/// cannot be read or written.
pub fn merge(store: &dyn BlobStore, base: Digest, others: &[Digest]) -> Result<Digest, ExportError> {
    let mut root = base;
    for other in others {
        // One batch for each: what is written to a batch can only be read when that is committed.
        let batch = store.batch()?;
        root = merge_below(store, &*batch, None, root, *other)?;
        batch.commit()?;
    }
    Ok(root)
}

fn merge_below(
    store: &dyn BlobStore,
    batch: &dyn BlobBatch,
    at: Option<&TreePath>,
    base: Digest,
    other: Digest,
) -> Result<Digest, ExportError> {
    if base == other {
        return Ok(base);
    }
    let mut directory = read_directory(store, base)?;
    for (name, node) in read_directory(store, other)?.entries {
        let path = child(at, &name);
        let joined = match (directory.entries.get(&name), node) {
            (None, node) => node,
            (Some(TreeNode::Directory { digest: base }), TreeNode::Directory { digest: other }) => {
                TreeNode::Directory { digest: merge_below(store, batch, Some(&path), *base, other)? }
            }
            (Some(there), node) if *there == node => node,
            (Some(_), _) => return Err(ExportError::Exists { path }),
        };
        directory.entries.insert(name, joined);
    }
    Ok(batch.put(&directory.encode())?)
}

/// Finds a file or symlink that a folder in the place of another one would hide; none where everything is still in it, or was only
/// there so that git keeps the folder. Anything but a folder hides what is in its place.
fn hidden(
    store: &dyn BlobStore,
    path: &TreePath,
    there: &TreeNode,
    node: &TreeNode,
) -> Result<Option<TreePath>, ExportError> {
    let (TreeNode::Directory { digest: there }, TreeNode::Directory { digest: node }) = (there, node) else {
        return Ok(Some(path.clone()));
    };
    let (there, laid) = (read_directory(store, *there)?, read_directory(store, *node)?);
    for (name, old) in &there.entries {
        let below = child(Some(path), name);
        let found = match (old, laid.entries.get(name)) {
            (old, Some(new)) if old == new => None,
            (TreeNode::Directory { .. }, Some(new @ TreeNode::Directory { .. })) => hidden(store, &below, old, new)?,
            (TreeNode::Directory { .. }, None) => {
                let empty = TreeNode::Directory { digest: Digest::of(b"") };
                hidden(store, &below, old, &empty)?
            }
            (TreeNode::File { digest, .. }, None) if keeps_a_folder(name, *digest) => None,
            _ => Some(below),
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Whether a file says nothing to a command: git keeps no empty folder, so that one is put into it.
fn keeps_a_folder(name: &Name, content: Digest) -> bool {
    content == Digest::of(b"") || name.as_str() == ".gitignore"
}
