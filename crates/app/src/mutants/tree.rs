//! The trees of frozen inputs: their files, and a tree with some files more.

use std::collections::BTreeMap;

use super::MutateError;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::{TreeBuilder, TreeNode};
use rcrepro_store::BlobStore;
use rcrepro_store::export::walk;

/// Reads every file of a tree into memory; for advisory data, which is text.
///
/// # Errors
/// [`MutateError`] when the tree is not whole.
pub(crate) fn files(store: &dyn BlobStore, root: Digest) -> Result<BTreeMap<String, Vec<u8>>, MutateError> {
    let mut files = BTreeMap::new();
    for (path, node) in walk(store, root)? {
        if let TreeNode::File { digest, .. } = node {
            files.insert(path.to_string(), store.get(digest)?);
        }
    }
    Ok(files)
}

/// Stores the tree that has these files beside, or in place of, those of another one.
///
/// # Errors
/// [`MutateError`] when the tree is not whole, or a file stands where a folder is.
pub(crate) fn with_files(
    store: &dyn BlobStore,
    root: Digest,
    files: &BTreeMap<TreePath, Vec<u8>>,
) -> Result<Digest, MutateError> {
    let mut builder = TreeBuilder::default();
    for (path, node) in walk(store, root)? {
        match node {
            TreeNode::Directory { .. } => builder.insert_directory(&path)?,
            node if !files.contains_key(&path) => builder.insert(&path, node)?,
            _ => {}
        }
    }
    for (path, bytes) in files {
        builder.insert(path, TreeNode::File { digest: store.put(bytes)?, executable: false })?;
    }
    Ok(builder.finish(&mut |_, bytes| store.put(&bytes).map(drop))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_store::memory::MemoryStore;

    #[test]
    fn files_come_and_change_and_the_rest_stays() {
        let store = MemoryStore::default();
        let path = |text: &str| text.parse::<TreePath>().expect("a path");
        let first: BTreeMap<TreePath, Vec<u8>> = [(path("a/b"), b"1".to_vec()), (path("c"), b"2".to_vec())].into();
        let root = with_files(&store, Digest::of(b""), &first).expect("a tree");
        let more = [(path("a/d"), b"3".to_vec()), (path("c"), b"4".to_vec())].into();
        let root = with_files(&store, root, &more).expect("a tree");
        let found = files(&store, root).expect("whole");
        let expected = [("a/b", "1"), ("a/d", "3"), ("c", "4")];
        assert_eq!(found, expected.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).into());
        let clash = [(path("c/x"), Vec::new())].into();
        assert!(with_files(&store, root, &clash).is_err(), "a folder where a file is");
    }
}
