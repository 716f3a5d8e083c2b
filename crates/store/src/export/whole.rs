//! Whether a tree can be read at all.

use super::{ExportError, read_directory};
use crate::{BlobStore, StoreError};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::tree::TreeNode;

/// Whether every blob of a tree is in the store. Contents are checked when they are read, not here.
///
/// # Errors
/// [`ExportError`] when the store fails, or a directory is whole but not canonical.
pub fn is_whole(store: &dyn BlobStore, root: Digest) -> Result<bool, ExportError> {
    let mut open = vec![root];
    while let Some(at) = open.pop() {
        let directory = match read_directory(store, at) {
            Ok(directory) => directory,
            Err(ExportError::Store(StoreError::Missing { .. } | StoreError::Damaged { .. })) => return Ok(false),
            Err(error) => return Err(error),
        };
        for node in directory.entries.into_values() {
            match node {
                TreeNode::Directory { digest } => open.push(digest),
                TreeNode::File { digest, .. } if !store.contains(digest)? => return Ok(false),
                TreeNode::File { .. } | TreeNode::Symlink { .. } => {}
            }
        }
    }
    Ok(true)
}
