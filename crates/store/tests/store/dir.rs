//! Folders on disk become trees.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::{Directory, TreeNode};
use rcrepro_store::BlobStore;
use rcrepro_store::fs::FsStore;
use rcrepro_store::ingest::{DirError, DirOptions, IngestLimits, hash_dir, ingest_dir, ingest_output};
use rcrepro_store::memory::MemoryStore;

use crate::nasty;

const OVERLAY: DirOptions = DirOptions {
    overlay_upper: true,
    limits: IngestLimits { entries: 1000, file_bytes: 1 << 20, total_bytes: 1 << 20 },
};

fn path(text: &str) -> TreePath {
    text.parse().expect("a good path")
}

fn shell(folder: &Path, line: &str) {
    let status = Command::new("sh").arg("-ec").arg(line).current_dir(folder).status().expect("sh");
    assert!(status.success(), "{line}");
}

#[test]
fn a_small_tree_has_its_literal_digest() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    shell(folder.path(), "mkdir -p empty a/b; printf hi >a/b/run; chmod 755 a/b/run; ln -s b/run a/link; printf '' >z");
    let root = hash_dir(folder.path()).expect("hash");
    assert_eq!(root.to_string(), "491449b52499933e34ae9b27af8b722ef8e5e9f0810d9525bbbab6d2c683f772/225");
}

#[test]
fn store_and_hash_only_agree_and_every_blob_is_there() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let tree = folder.path().join("tree");
    nasty::make(&tree, nasty::MANY, false);
    let memory = MemoryStore::default();
    let fs = FsStore::open(&folder.path().join("store")).expect("a store");
    let digest = hash_dir(&tree).expect("hash");
    for store in [&memory as &dyn BlobStore, &fs] {
        assert_eq!(ingest_dir(store, &tree, &DirOptions::default()).expect("ingest"), digest);
        assert!(count(store, digest) >= nasty::MANY);
        assert_eq!(ingest_dir(store, &tree, &DirOptions::default()).expect("ingest again"), digest);
    }
}

/// Counts the entries of a tree while every blob of it is read and checked.
fn count(store: &dyn BlobStore, root: Digest) -> usize {
    let directory = Directory::decode(&store.get(root).expect("a directory blob")).expect("a canonical directory");
    let below = |node: &TreeNode| match node {
        TreeNode::Directory { digest } => count(store, *digest),
        TreeNode::File { digest, .. } => store.get(*digest).map(|_| 0).expect("a file's blob"),
        TreeNode::Symlink { .. } => 0,
    };
    directory.entries.values().map(|node| 1 + below(node)).sum()
}

#[test]
fn order_umask_time_zone_and_times_do_not_show() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    nasty::make(&one, nasty::FEW, false);
    nasty::make(&two, nasty::FEW, true);
    // The tree of a process with another umask and another idea of time: `cp` makes modes and times anew.
    shell(folder.path(), "umask 077; TZ=Asia/Kathmandu cp -R one three; find three -exec touch -h -d 1999-09-09 {} +");
    let digest = hash_dir(&one).expect("hash");
    assert_eq!(hash_dir(&two).expect("hash"), digest);
    assert_eq!(hash_dir(&folder.path().join("three")).expect("hash"), digest);
    shell(&one, "chmod +x many/42/f2");
    assert_ne!(hash_dir(&one).expect("hash"), digest);
}

#[test]
fn what_cannot_stand_in_a_tree_is_named() {
    let tree = |line: &str| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join("in")).expect("a folder");
        shell(folder.path(), line);
        folder
    };
    let error = |folder: &tempfile::TempDir| hash_dir(folder.path()).expect_err("no tree");

    let fifo = tree("mkfifo in/pipe");
    assert!(matches!(error(&fifo), DirError::Special { path, kind: "a fifo" } if path.ends_with("in/pipe")));
    let device = tree("mknod in/null c 1 3");
    assert!(matches!(error(&device), DirError::Special { kind: "a character device", .. }));
    let whiteout = tree("mknod in/gone c 0 0");
    assert!(matches!(error(&whiteout), DirError::Special { kind: "a character device", .. }));
    let socket = tree("true");
    let _listener = UnixListener::bind(socket.path().join("in/socket")).expect("a socket");
    assert!(matches!(error(&socket), DirError::Special { kind: "a socket", .. }));

    let name = tree("true");
    std::fs::write(name.path().join("in").join(OsStr::from_bytes(b"caf\xe9")), "").expect("a Latin-1 name");
    assert!(error(&name).to_string().contains(r"caf\xe9"), "{}", error(&name));
    let target = tree("true");
    symlink(OsStr::from_bytes(b"\xff"), target.path().join("in/link")).expect("a symlink");
    assert!(error(&target).to_string().contains(r"`\xff`"), "{}", error(&target));
}

#[test]
fn limits_hold() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    shell(folder.path(), "printf 12345 >a; printf 12345 >b; mkdir c");
    let ingest =
        |limits| ingest_dir(&MemoryStore::default(), folder.path(), &DirOptions { limits, ..DirOptions::default() });
    let fits = IngestLimits { entries: 3, file_bytes: 5, total_bytes: 10 };
    ingest(fits).expect("fits exactly");
    for limits in [
        IngestLimits { entries: 2, ..fits },
        IngestLimits { file_bytes: 4, ..fits },
        IngestLimits { total_bytes: 9, ..fits },
    ] {
        assert!(matches!(ingest(limits), Err(DirError::Limit { .. })), "{limits:?}");
    }
}

#[test]
fn the_upper_directory_of_an_overlay_gives_its_outputs() {
    let upper = tempfile::tempdir().expect("a temporary folder");
    shell(
        upper.path(),
        "mkdir -p work/dist/old work/odd; printf x >work/dist/app; mknod work/dist/old/gone c 0 0
         mknod work/removed c 0 0; ln -s dist work/link; ln -s /etc work/escape; mkfifo work/odd/pipe; printf y >work/log",
    );
    let store = MemoryStore::default();
    let batch = store.batch().expect("batch");
    let output = |at: &str| ingest_output(&*batch, upper.path(), upper.path(), &path(at), &OVERLAY);

    let expected = tempfile::tempdir().expect("a temporary folder");
    shell(expected.path(), "mkdir old; printf x >app");
    let dist = hash_dir(expected.path()).expect("hash");
    assert_eq!(output("work/dist").expect("a folder"), Some(TreeNode::Directory { digest: dist }));
    let file = |bytes: &[u8]| TreeNode::File { digest: Digest::of(bytes), executable: false };
    assert_eq!(output("work/log").expect("a file"), Some(file(b"y")));
    assert_eq!(output("work/dist/app").expect("a file"), Some(file(b"x")));
    assert_eq!(output("work/link").expect("a link"), Some(TreeNode::Symlink { target: "dist".into() }));
    for absent in ["work/nothing", "work/removed", "work/removed/below", "work/dist/old/gone", "no/where"] {
        assert_eq!(output(absent).expect("nothing"), None, "{absent}");
    }
    for crossing in ["work/escape/passwd", "work/link/app", "work/log/below"] {
        assert!(matches!(output(crossing), Err(DirError::Crossing { .. })), "{crossing}");
    }
    assert!(matches!(output("work/odd"), Err(DirError::Special { path, .. }) if path.ends_with("work/odd/pipe")));
}

#[test]
fn what_an_overlay_left_in_a_lower_layer_is_refused() {
    let upper = tempfile::tempdir().expect("a temporary folder");
    shell(upper.path(), "mkdir -p out/moved; printf '' >out/meta");
    let store = MemoryStore::default();
    let batch = store.batch().expect("batch");
    let output = || ingest_output(&*batch, upper.path(), upper.path(), &path("out"), &OVERLAY);
    output().expect("whole so far");
    let mark = |at: &str, name: &str, set: bool| {
        let at = upper.path().join(at);
        if set {
            rustix::fs::setxattr(&at, name, b"/x", rustix::fs::XattrFlags::empty()).expect("set as root");
        } else {
            rustix::fs::removexattr(&at, name).expect("remove as root");
        }
    };
    for (at, name) in [("out/moved", "trusted.overlay.redirect"), ("out/meta", "trusted.overlay.metacopy")] {
        mark(at, name, true);
        assert!(matches!(output(), Err(DirError::NotWhole { .. })), "{name}");
        mark(at, name, false);
    }
    mark("out/moved", "trusted.overlay.opaque", true);
    output().expect("an opaque folder is whole");
}
