//! Trees of which only a part is seen.

use super::{ExportError, child, read_directory};
use crate::{BlobBatch, BlobStore};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::{Directory, TreeNode};
use rcrepro_model::plan::glob::PathGlob;

/// Returns the root of `base` with nothing but the files and symlinks that a glob matches, by their own path or by that of a
/// folder above. Folders in which nothing is left are left out. Only directories are read and written: what the part is follows
/// from them and the globs alone.
///
/// # Errors
/// [`ExportError`] when a directory cannot be read or written.
pub fn narrow(store: &dyn BlobStore, base: Digest, globs: &[PathGlob]) -> Result<Digest, ExportError> {
    let batch = store.batch()?;
    let root = batch.put(&narrow_below(store, &*batch, base, None, globs)?.encode())?;
    batch.commit()?;
    Ok(root)
}

fn narrow_below(
    store: &dyn BlobStore,
    batch: &dyn BlobBatch,
    base: Digest,
    at: Option<&TreePath>,
    globs: &[PathGlob],
) -> Result<Directory, ExportError> {
    let mut seen = Directory::default();
    for (name, node) in read_directory(store, base)?.entries {
        let path = child(at, &name);
        let is_seen = globs.iter().any(|glob| glob.matches(path.as_str()));
        let node = match node {
            node if is_seen => node,
            TreeNode::Directory { digest } => {
                let below = narrow_below(store, batch, digest, Some(&path), globs)?;
                if below.entries.is_empty() {
                    continue;
                }
                TreeNode::Directory { digest: batch.put(&below.encode())? }
            }
            TreeNode::File { .. } | TreeNode::Symlink { .. } => continue,
        };
        seen.entries.insert(name, node);
    }
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::{graft, walk};
    use crate::memory::MemoryStore;

    fn globs(texts: &[&str]) -> Vec<PathGlob> {
        texts.iter().map(|text| PathGlob::new(text).expect("a glob")).collect()
    }

    fn tree(store: &MemoryStore, paths: &[&str]) -> Digest {
        let node = |path: &&str| {
            let digest = store.put(path.as_bytes()).expect("stored");
            (path.parse().expect("a path"), TreeNode::File { digest, executable: false })
        };
        let empty = store.put(b"").expect("stored");
        graft(store, empty, &paths.iter().map(node).collect::<Vec<_>>()).expect("joined")
    }

    #[test]
    fn only_what_a_glob_matches_is_left_and_unseen_changes_change_nothing() {
        let store = MemoryStore::default();
        let paths = ["README.md", "docs/a.md", "docs/deep/b.txt", "go.mod", "ui/src/x.ts", "ui/y.ts"];
        let base = tree(&store, &paths);
        let left = |texts: &[&str]| {
            let root = narrow(&store, base, &globs(texts)).expect("narrowed");
            let all = walk(&store, root).expect("walked").into_iter();
            let files = all.filter(|(_, node)| !matches!(node, TreeNode::Directory { .. }));
            files.map(|(path, _)| path.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(left(&["ui/**", "go.mod"]), ["go.mod", "ui/src/x.ts", "ui/y.ts"]);
        assert_eq!(left(&["docs"]), ["docs/a.md", "docs/deep/b.txt"], "a folder is all that is below it");
        assert_eq!(left(&["**/*.md"]), ["README.md", "docs/a.md"]);
        assert_eq!(left(&["*.ts"]), Vec::<String>::new(), "a star stops at a slash");
        assert_eq!(left(&["**"]), paths);
        assert_eq!(narrow(&store, base, &globs(&["**"])).expect("narrowed"), base, "everything is the tree itself");
        let other = tree(&store, &["CHANGES.md", "docs/c.md", "go.mod", "ui/src/x.ts", "ui/y.ts"]);
        let part = |root| narrow(&store, root, &globs(&["ui/**", "go.mod"])).expect("narrowed");
        assert_eq!(part(base), part(other));
    }
}
