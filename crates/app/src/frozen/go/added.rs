//! What a command adds to a frozen build cache, in the form that is equal each time: as an output, it is laid over the cache for the
//! commands that need that command.

use std::collections::{BTreeMap, BTreeSet};

use super::std_cache;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_model::content::tree::{Directory, TreeNode};
use rcrepro_model::execution::action::{Action, ActionResult, Output};
use rcrepro_model::execution::kept;
use rcrepro_store::BlobStore;
use rcrepro_store::export::{self, ExportError};

/// Brings what a command added to frozen build caches into its canonical form: of the tree that the command left, the entries that
/// its input did not have, each with the same time. Other outputs stay as they are.
///
/// # Errors
/// [`ExportError`] when a tree cannot be read or written.
pub(crate) fn even(store: &dyn BlobStore, action: &Action, result: &mut ActionResult) -> Result<(), ExportError> {
    for (path, output) in &mut result.outputs {
        let (Some(name), Output::Directory { root }) = (kept::frozen(path), output) else { continue };
        let before = match export::lookup(store, action.input_root, &kept::root(&name))? {
            Some(TreeNode::Directory { digest }) => digest,
            _ => Digest::of(b""),
        };
        *root = added(store, before, *root)?;
    }
    Ok(())
}

fn added(store: &dyn BlobStore, before: Digest, after: Digest) -> Result<Digest, ExportError> {
    let there: BTreeSet<TreePath> = export::walk(store, before)?.into_iter().map(|(path, _)| path).collect();
    let batch = store.batch()?;
    let mut folders: BTreeMap<Name, Directory> = BTreeMap::new();
    for (path, node) in export::walk(store, after)? {
        let TreeNode::File { digest, .. } = node else { continue };
        let segments: Vec<Name> = path.segments().collect();
        let [folder, entry] = &segments[..] else { continue };
        if !std_cache::keep(path.as_str()) || there.contains(&path) {
            continue;
        }
        let digest = match entry.as_str().ends_with("-a") {
            true => batch.put(&std_cache::evened(store.get(digest)?))?,
            false => digest,
        };
        let entries = &mut folders.entry(folder.clone()).or_default().entries;
        entries.insert(entry.clone(), TreeNode::File { digest, executable: false });
    }
    let mut root = Directory::default();
    for (name, folder) in folders {
        root.entries.insert(name, TreeNode::Directory { digest: batch.put(&folder.encode())? });
    }
    let root = batch.put(&root.encode())?;
    batch.commit()?;
    Ok(root)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_store::memory::MemoryStore;

    const ENTRY: &str = "v1 0aff 01ee                  123";

    fn tree(store: &MemoryStore, files: &[(&str, &str)]) -> Digest {
        let nodes: Vec<(TreePath, TreeNode)> = (files.iter())
            .map(|(path, text)| {
                let digest = store.put(text.as_bytes()).expect("a blob");
                (path.parse().expect("a path"), TreeNode::File { digest, executable: true })
            })
            .collect();
        export::graft(store, Digest::of(b""), &nodes).expect("a tree")
    }

    fn paths(store: &MemoryStore, root: Digest) -> Vec<String> {
        export::walk(store, root).expect("a tree").into_iter().map(|(path, _)| path.to_string()).collect()
    }

    #[test]
    fn entries_that_were_not_there_are_kept_and_have_one_time() {
        let store = MemoryStore::default();
        let before = tree(&store, &[("0a/0aff-a", "old"), ("0a/0aff-d", "old")]);
        let left = |time: &str, day: &str| {
            let entry = format!("{ENTRY} {time:>20}\n");
            tree(
                &store,
                &[
                    ("0a/0aff-a", &entry),
                    ("0a/0aee-a", &entry),
                    ("0a/0aee-d", "out"),
                    ("01/01ee-d/app", "a program"),
                    ("README", "words"),
                    ("trim.txt", day),
                ],
            )
        };
        let one = added(&store, before, left("1700000000000000000", "1")).expect("a tree");
        let two = added(&store, before, left("1800000000000000001", "2")).expect("a tree");
        assert_eq!(one, two);
        assert_eq!(paths(&store, one), ["0a", "0a/0aee-a", "0a/0aee-d"]);
        let node = export::lookup(&store, one, &"0a/0aee-a".parse().expect("a path")).expect("a tree");
        let expected = store.put(format!("{ENTRY} {:>20}\n", 1).as_bytes()).expect("a blob");
        assert_eq!(node, Some(TreeNode::File { digest: expected, executable: false }));
        // Laid over what was there, it is what the next command begins with.
        let merged = export::merge(&store, before, &[one]).expect("a tree");
        assert_eq!(paths(&store, merged), ["0a", "0a/0aee-a", "0a/0aee-d", "0a/0aff-a", "0a/0aff-d"]);
    }
}
