//! Trees are walked, compared, joined and checked out.

use std::os::unix::fs::MetadataExt as _;

use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::{TreeBuilder, TreeNode};
use rcrepro_store::BlobStore;
use rcrepro_store::export::{
    CheckoutOptions, Contents, ExportError, Owner, checkout, diff, graft, lookup, merge, walk,
};
use rcrepro_store::fs::{BLOB_MTIME, FsStore};
use rcrepro_store::ingest::{DirOptions, hash_dir, ingest_dir};
use rcrepro_store::memory::MemoryStore;

use crate::nasty;

const EMPTY: &[u8] = b"";

fn path(text: &str) -> TreePath {
    text.parse().expect("a good path")
}

fn file(store: &dyn BlobStore, content: &str) -> TreeNode {
    TreeNode::File { digest: store.put(content.as_bytes()).expect("put"), executable: false }
}

/// Stores a tree of files whose contents are given beside their paths.
fn tree(store: &dyn BlobStore, files: &[(&str, &str)]) -> Digest {
    let mut builder = TreeBuilder::default();
    for (at, content) in files {
        builder.insert(&path(at), file(store, content)).expect("no duplicate");
    }
    builder.finish(&mut |_, bytes| store.put(&bytes).map(drop)).expect("put")
}

#[test]
fn a_walk_lists_folders_before_what_is_in_them() {
    let store = MemoryStore::default();
    let root = tree(&store, &[("b", "1"), ("a/z", "2"), ("a/b/c", "3"), ("a.txt", "4")]);
    let paths: Vec<String> = walk(&store, root).expect("walk").iter().map(|(path, _)| path.to_string()).collect();
    assert_eq!(paths, ["a", "a/b", "a/b/c", "a/z", "a.txt", "b"]);
    assert_eq!(lookup(&store, root, &path("a/b/c")).expect("lookup"), Some(file(&store, "3")));
    for absent in ["c", "b/c", "a/b/d"] {
        assert_eq!(lookup(&store, root, &path(absent)).expect("lookup"), None, "{absent}");
    }
}

#[test]
fn a_diff_names_each_path_once() {
    let store = MemoryStore::default();
    let left = tree(&store, &[("same/x", "1"), ("changed/deep/f", "1"), ("gone/a", "1"), ("kind", "1")]);
    let right = tree(&store, &[("same/x", "1"), ("changed/deep/f", "2"), ("new", "1"), ("kind/f", "1")]);
    let found = diff(&store, left, right).expect("diff");
    let shown: Vec<(&str, bool, bool)> =
        found.iter().map(|found| (found.path.as_str(), found.left.is_some(), found.right.is_some())).collect();
    let expected = [("changed/deep/f", true, true), ("gone", true, false), ("kind", true, true), ("new", false, true)];
    assert_eq!(shown, expected);
    assert_eq!(diff(&store, left, left).expect("diff"), []);
}

#[test]
fn a_graft_equals_the_tree_made_at_once() {
    let store = MemoryStore::default();
    let base = tree(&store, &[("work/a", "1"), ("work/b/c", "2")]);
    let dep = tree(&store, &[("m/f", "3")]);
    let grafts = [
        (path("deps/go"), TreeNode::Directory { digest: dep }),
        (path("work/b/d/e"), file(&store, "4")),
        (path("z"), file(&store, "5")),
    ];
    let expected =
        tree(&store, &[("work/a", "1"), ("work/b/c", "2"), ("deps/go/m/f", "3"), ("work/b/d/e", "4"), ("z", "5")]);
    let root = graft(&store, base, &grafts).expect("graft");
    assert_eq!(root, expected);
    walk(&store, root).expect("every directory is stored");
    assert_eq!(graft(&store, base, &[]).expect("graft nothing"), base);
    let source = TreeNode::Directory { digest: dep };
    let laid = graft(&store, Digest::of(EMPTY), &[(path("work"), source)]).expect("onto nothing");
    assert_eq!(laid, tree(&store, &[("work/m/f", "3")]));
}

#[test]
fn a_graft_replaces_a_folder_of_which_nothing_is_lost() {
    let store = MemoryStore::default();
    let base = tree(&store, &[("web/dist/.gitkeep", ""), ("web/dist/old/.gitignore", "*\n"), ("web/dist/fixed", "1")]);
    let built = tree(&store, &[("app.js", "2"), ("fixed", "1")]);
    let root = graft(&store, base, &[(path("web/dist"), TreeNode::Directory { digest: built })]).expect("graft");
    assert_eq!(root, tree(&store, &[("web/dist/app.js", "2"), ("web/dist/fixed", "1")]));
}

#[test]
fn a_graft_never_hides_what_is_there() {
    let store = MemoryStore::default();
    let base = tree(&store, &[("work/a", "1"), ("work/b/c", "2")]);
    let node = || file(&store, "x");
    let taken = |grafts: &[(TreePath, TreeNode)], at: &str| {
        let error = graft(&store, base, grafts).expect_err(at);
        assert!(matches!(&error, ExportError::Exists { path } if path.as_str() == at), "{error}");
    };
    taken(&[(path("work/a"), node())], "work/a");
    taken(&[(path("work/b"), TreeNode::Directory { digest: Digest::of(EMPTY) })], "work/b/c");
    taken(&[(path("work"), TreeNode::Directory { digest: tree(&store, &[("a", "1"), ("b/c", "3")]) })], "work/b/c");
    taken(&[(path("work/b"), node())], "work/b");
    taken(&[(path("work/a/b"), node())], "work/a");
    taken(&[(path("n"), node()), (path("n"), node())], "n");
    taken(&[(path("n"), node()), (path("n/m"), node())], "n");
}

#[test]
fn a_merged_tree_holds_what_each_of_them_holds() {
    let store = MemoryStore::default();
    let base = tree(&store, &[("0a/1", "1"), ("0b/2", "2")]);
    let more = tree(&store, &[("0a/3", "3"), ("0b/2", "2"), ("0c/4", "4")]);
    let other = tree(&store, &[("0c/5", "5")]);
    let root = merge(&store, base, &[more, other]).expect("merge");
    let all = [("0a/1", "1"), ("0a/3", "3"), ("0b/2", "2"), ("0c/4", "4"), ("0c/5", "5")];
    assert_eq!(root, tree(&store, &all));
    walk(&store, root).expect("every directory is stored");
    assert_eq!(merge(&store, base, &[]).expect("merge nothing"), base);
    assert_eq!(merge(&store, Digest::of(EMPTY), &[base]).expect("onto nothing"), base);
    for (file, at) in [("0b/2", "0b/2"), ("0b", "0b"), ("0b/2/x", "0b/2")] {
        let against = tree(&store, &[(file, "another")]);
        let error = merge(&store, base, &[against]).expect_err(at);
        assert!(matches!(&error, ExportError::Exists { path } if path.as_str() == at), "{error}");
    }
}

#[test]
fn checkouts_hash_to_what_they_were_made_from() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let source = folder.path().join("source");
    nasty::make(&source, nasty::FEW, false);
    let fs = FsStore::open(&folder.path().join("store")).expect("a store");
    let memory = MemoryStore::default();
    let root = ingest_dir(&fs, &source, &DirOptions::default()).expect("ingest");
    ingest_dir(&memory, &source, &DirOptions::default()).expect("ingest");
    let owner = Some(Owner { uid: 1000, gid: 1001 });
    let options = CheckoutOptions { owner, mtime: 1_700_000_000, contents: Contents::Copy };
    let linked = CheckoutOptions { contents: Contents::Link { check: true }, ..options };
    let stores: [(&str, &dyn BlobStore, CheckoutOptions); 4] =
        [("a", &fs, options), ("b", &fs, linked), ("c", &memory, options), ("d", &memory, linked)];
    for (name, store, options) in stores {
        let to = folder.path().join(name);
        checkout(store, root, &to, &options).expect("checkout");
        assert_eq!(hash_dir(&to).expect("hash"), root, "{name}");
        assert!(matches!(checkout(store, root, &to, &options), Err(ExportError::Io { .. })), "{name} exists");
    }
    let facts = |at: &str| {
        let metadata = folder.path().join(at).symlink_metadata().expect("metadata");
        (metadata.mode() & 0o7777, metadata.uid(), metadata.gid(), metadata.mtime())
    };
    assert_eq!(facts("a"), (0o755, 1000, 1001, 1_700_000_000));
    assert_eq!(facts("a/many/00"), (0o755, 1000, 1001, 1_700_000_000));
    assert_eq!(facts("a/modes/600"), (0o644, 1000, 1001, 1_700_000_000));
    assert_eq!(facts("a/modes/700"), (0o755, 1000, 1001, 1_700_000_000));
    assert_eq!(facts("a/links/dangling"), (0o777, 1000, 1001, 1_700_000_000));
    assert_eq!(facts("b/modes/700"), (0o755, 1000, 1001, 1_700_000_000));
    let (mode, _, _, mtime) = facts("b/modes/600");
    assert_eq!((mode, mtime), (0o444, BLOB_MTIME), "a link shows the blob's own mode and time");
}

#[test]
fn damaged_blobs_do_not_get_into_checkouts() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = FsStore::open(&folder.path().join("store")).expect("a store");
    let root = tree(&store, &[("f", "beacon")]);
    let blob = store.local_path(Digest::of(b"beacon")).expect("a file");
    std::fs::write(blob, "bXacon").expect("damage as root does");
    for (name, contents) in [("copy", Contents::Copy), ("link", Contents::Link { check: true })] {
        let options = CheckoutOptions { owner: None, mtime: 0, contents };
        let result = checkout(&store, root, &folder.path().join(name), &options);
        assert!(matches!(result, Err(ExportError::Read { path, .. }) if path.as_str() == "f"), "{name}");
    }
}
