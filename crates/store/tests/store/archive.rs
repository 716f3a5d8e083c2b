//! Tar streams become trees.

use std::path::Path;
use std::process::Command;

use rcrepro_archive::tar::MemberKind;
use rcrepro_archive::tar::reader::TarReadError;
use rcrepro_archive::tar::unchecked::UncheckedMember;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::tree::TreeNode;
use rcrepro_store::BlobStore as _;
use rcrepro_store::export::{TarStyle, export_tar, lookup};
use rcrepro_store::ingest::{DirOptions, IngestLimits, TarError, TarOptions, hash_dir, ingest_dir, ingest_tar};
use rcrepro_store::memory::MemoryStore;

use crate::nasty;

fn strip(path: &str) -> TarOptions {
    TarOptions { strip: Some(path.parse().expect("a path")), ..TarOptions::default() }
}

fn ingest(bytes: &[u8], options: &TarOptions) -> Result<TreeNode, TarError> {
    ingest_tar(&MemoryStore::default(), &mut &*bytes, options)
}

/// Runs GNU tar and gives what it writes.
fn gnu_tar(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("tar").args(["-c", "-C"]).arg(folder).args(arguments).output().expect("tar");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Makes the bytes of one entry of an archive, whatever a writer would refuse.
fn entry(kind: MemberKind, path: &str, link: &str, data: &[u8]) -> Vec<u8> {
    UncheckedMember { kind, name: path, mode: 0o644, link, content: data }.bytes()
}

fn file(path: &str, data: &[u8]) -> Vec<u8> {
    entry(MemberKind::File, path, "", data)
}

fn ended(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = entries.concat();
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

#[test]
fn every_format_of_gnu_tar_gives_the_folders_digest() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let tree = folder.path().join("out");
    nasty::make(&tree, nasty::FEW, false);
    let digest = hash_dir(&tree).expect("hash");
    for format in ["--format=pax", "--format=gnu"] {
        let below = gnu_tar(folder.path(), &[format, "out"]);
        assert_eq!(ingest(&below, &strip("out")).expect("ingest"), TreeNode::Directory { digest }, "{format}");
        let dotted = gnu_tar(&tree, &[format, "."]);
        assert_eq!(
            ingest(&dotted, &TarOptions::default()).expect("ingest"),
            TreeNode::Directory { digest },
            "{format}"
        );
    }
}

#[test]
fn single_files_and_symlinks_are_themselves() {
    let node = TreeNode::File { digest: Digest::of(b"x"), executable: false };
    assert_eq!(ingest(&ended(&[file("app", b"x")]), &strip("app")).expect("a file"), node);
    let link = entry(MemberKind::Symlink, "app", "../dangling", b"");
    assert_eq!(
        ingest(&ended(&[link]), &strip("app")).expect("a link"),
        TreeNode::Symlink { target: "../dangling".into() }
    );
    assert!(matches!(ingest(&ended(&[]), &strip("app")), Err(TarError::Empty { .. })));
    let empty = TreeNode::Directory { digest: Digest::of(b"") };
    assert_eq!(ingest(&ended(&[]), &TarOptions::default()).expect("nothing"), empty);
}

#[test]
fn hard_links_become_files() {
    let store = MemoryStore::default();
    let bytes = ended(&[file("out/a", b"x"), entry(MemberKind::Hardlink, "out/b", "out/a", b"")]);
    let TreeNode::Directory { digest } = ingest_tar(&store, &mut &*bytes, &strip("out")).expect("ingest") else {
        panic!("a directory")
    };
    let found = lookup(&store, digest, &"b".parse().expect("a path")).expect("lookup");
    assert_eq!(found, Some(TreeNode::File { digest: Digest::of(b"x"), executable: false }));
    for (target, entries) in
        [("out/none", vec![]), ("elsewhere", vec![]), ("out/d", vec![entry(MemberKind::Directory, "out/d/", "", b"")])]
    {
        let bytes = ended(&[entries, vec![entry(MemberKind::Hardlink, "out/b", target, b"")]].concat());
        assert!(matches!(ingest(&bytes, &strip("out")), Err(TarError::Entry { .. })), "{target}");
    }
}

#[test]
fn bad_entries_are_named() {
    let cases = [
        (entry(MemberKind::File, "/etc/passwd", "", b""), "absolute"),
        (entry(MemberKind::File, "out/../../x", "", b""), ".."),
        (entry(MemberKind::File, "outside", "", b""), "outside"),
        (entry(MemberKind::File, "out//x", "", b""), "segment"),
        (entry(MemberKind::File, "out/./x", "", b""), "segment"),
        (entry(MemberKind::CharDevice, "out/null", "", b""), "device"),
        (entry(MemberKind::BlockDevice, "out/disk", "", b""), "device"),
        (entry(MemberKind::Fifo, "out/pipe", "", b""), "fifo"),
        (entry(MemberKind::Sparse, "out/holes", "", b""), "sparse"),
        (entry(MemberKind::Other(b'V'), "out/volume", "", b""), "unknown"),
    ];
    for (bytes, reason) in cases {
        let error = ingest(&ended(&[bytes]), &strip("out")).expect_err(reason);
        assert!(matches!(&error, TarError::Entry { .. }), "{error}");
        assert!(error.to_string().contains(reason), "{error}");
    }
    let twice = ended(&[file("out/a", b"x"), file("out/a", b"y")]);
    assert!(ingest(&twice, &strip("out")).expect_err("twice").to_string().contains("out/a"));
    let folder = || entry(MemberKind::Directory, "out/d/", "", b"");
    assert!(ingest(&ended(&[folder(), folder()]), &strip("out")).is_err(), "a folder twice");
    for leaf in [file("out/a", b"x"), entry(MemberKind::Symlink, "out/a", "/etc", b"")] {
        let through = ended(&[leaf, file("out/a/b", b"y")]);
        assert!(matches!(ingest(&through, &strip("out")), Err(TarError::Tree(_))), "through a file or symlink");
    }
    for below in [[file("out", b""), file("out/a", b"")], [file("out/a", b""), file("out", b"")]] {
        assert!(matches!(ingest(&ended(&below), &strip("out")), Err(TarError::Entry { .. })), "below a file");
    }
}

#[test]
fn every_cut_is_noticed() {
    // The last file ends in zeros, as an end mark does: only its header tells that they are data.
    let entries = [file("out/a", b"abc"), file("out/b", &[0; 2048])];
    let whole = ended(&entries);
    ingest(&whole, &strip("out")).expect("whole");
    let padded = [whole.clone(), vec![0; 8192]].concat();
    ingest(&padded, &strip("out")).expect("padded as GNU tar does");
    for length in (0..whole.len()).step_by(128) {
        let error = ingest(&whole[..length], &strip("out")).expect_err("cut");
        match length {
            0 | 1024 | 3584 | 4096 => {
                assert!(matches!(error, TarError::Archive(TarReadError::NoEnd { .. })), "{length}: {error}")
            }
            _ => assert!(matches!(error, TarError::Archive(TarReadError::Cut { .. })), "{length}: {error}"),
        }
    }
    let single = [&entries.concat()[..], &[0; 512], &file("out/c", b"")[..]].concat();
    assert!(matches!(ingest(&single, &strip("out")), Err(TarError::Archive(TarReadError::Malformed { .. }))));
    assert!(matches!(
        ingest(&[whole, vec![1]].concat(), &strip("out")),
        Err(TarError::Archive(TarReadError::Trailing))
    ));
}

#[test]
fn damaged_and_greedy_headers_are_refused() {
    let mut flipped = ended(&[file("out/a", b"abc")]);
    flipped[4] ^= 1;
    assert!(matches!(ingest(&flipped, &strip("out")), Err(TarError::Archive(TarReadError::Malformed { .. }))));
    let long = ended(&[entry(MemberKind::Other(b'L'), "x", "", &vec![b'a'; 2 << 20]), file("y", b"")]);
    assert!(matches!(ingest(&long, &TarOptions::default()), Err(TarError::Archive(TarReadError::Malformed { .. }))));
    let limits = IngestLimits { file_bytes: 2, ..IngestLimits::default() };
    let large = ended(&[file("out/a", b"abc")]);
    assert!(matches!(ingest(&large, &TarOptions { limits, ..strip("out") }), Err(TarError::Limit { .. })));
}

#[test]
fn what_is_exported_reads_back_and_gnu_tar_unpacks_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let tree = folder.path().join("tree");
    nasty::make(&tree, nasty::FEW, false);
    let store = MemoryStore::default();
    let root = ingest_dir(&store, &tree, &DirOptions::default()).expect("ingest");
    let style =
        TarStyle { prefix: Some("work/src".parse().expect("a path")), mtime: 1_700_000_000, ..TarStyle::default() };
    let export = || {
        let mut bytes = Vec::new();
        export_tar(&store, root, &style, &mut bytes).expect("export");
        bytes
    };
    let bytes = export();
    assert!(bytes == export(), "the same tree gives the same bytes");
    assert_eq!(
        ingest(&bytes, &strip("work/src")).err().map(|error| error.to_string()),
        Some("archive entry `work/` is refused: it lies outside the path that was asked for".into())
    );
    let TreeNode::Directory { digest } = ingest_tar(&store, &mut &*bytes, &TarOptions::default()).expect("ingest")
    else {
        panic!("a directory")
    };
    let below = lookup(&store, digest, &"work/src".parse().expect("a path")).expect("lookup");
    assert_eq!(below, Some(TreeNode::Directory { digest: root }));

    std::fs::write(folder.path().join("t.tar"), &bytes).expect("write");
    let unpacked = Command::new("tar").args(["-xf", "t.tar"]).current_dir(folder.path()).status().expect("tar");
    assert!(unpacked.success());
    assert_eq!(hash_dir(&folder.path().join("work/src")).expect("hash"), root);
}

#[test]
fn a_missing_blob_leaves_the_archive_without_its_end() {
    let store = MemoryStore::default();
    let bytes = ended(&[file("a", b"x"), file("b", b"y")]);
    let other = MemoryStore::default();
    let TreeNode::Directory { digest } = ingest_tar(&store, &mut &*bytes, &TarOptions::default()).expect("ingest")
    else {
        panic!("a directory")
    };
    other.put(&store.get(digest).expect("the directory")).expect("put");
    other.put(b"x").expect("put");
    let mut out = Vec::new();
    export_tar(&other, digest, &TarStyle::default(), &mut out).expect_err("b is missing");
    assert!(matches!(
        ingest(&out, &TarOptions::default()),
        Err(TarError::Archive(TarReadError::NoEnd { .. } | TarReadError::Cut { .. }))
    ));
}
