//! Blobs whose bytes changed after they were written, with the same size: as a failing disk or a careless editor leaves them.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rcrepro_model::content::digest::Digest;
use rcrepro_store::fs::FsStore;
use rcrepro_store::{BlobStore, StoreError};

/// Turns one bit of a stored blob and leaves its times alone.
fn flip(root: &Path, digest: Digest) -> PathBuf {
    let hex = digest.hash.to_string();
    let path = root.join("blobs/sha256").join(&hex[..2]).join(&hex);
    let times = std::fs::metadata(&path).expect("a blob").modified().expect("a time");
    let mut bytes = std::fs::read(&path).expect("a blob");
    bytes[0] ^= 1;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("our own file");
    std::fs::write(&path, &bytes).expect("our own file");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).expect("our own file");
    std::fs::File::options().read(true).open(&path).and_then(|file| file.set_modified(times)).expect("our own file");
    path
}

/// Reads a blob in both ways; the first that meets damage says so.
fn read(store: &FsStore, digest: Digest, streamed: bool) -> Result<Vec<u8>, String> {
    if !streamed {
        return store.get(digest).map_err(|error| error.to_string());
    }
    let mut bytes = Vec::new();
    let mut reader = store.reader(digest).map_err(|error| error.to_string())?;
    reader.read_to_end(&mut bytes).map(|_| bytes).map_err(|error| error.to_string())
}

#[test]
fn a_damaged_blob_is_set_aside_by_whoever_reads_it_and_written_again() {
    for streamed in [false, true] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = FsStore::open_mending(folder.path()).expect("a store");
        let (damaged, whole) = (store.put(b"source tree").expect("put"), store.put(b"beside").expect("put"));
        let path = flip(folder.path(), damaged);
        assert_eq!(store.put(b"source tree").expect("put"), damaged);
        let error = read(&store, damaged, streamed).expect_err("a put reads nothing, so that it is still damaged");
        assert!(error.contains("is damaged"), "{error}");
        assert!(!path.exists() && !store.contains(damaged).expect("looked"));
        assert_eq!(store.take_set_aside(), [damaged]);
        assert_eq!(store.take_set_aside(), []);
        let kept = folder.path().join("damaged").join(damaged.hash.to_string());
        assert_eq!(std::fs::read(kept).expect("kept").len(), b"source tree".len());
        store.put(b"source tree").expect("put");
        for (digest, bytes) in [(damaged, &b"source tree"[..]), (whole, b"beside")] {
            assert_eq!(read(&store, digest, streamed).expect("whole"), bytes);
        }
    }
}

#[test]
fn a_store_that_only_looks_leaves_damage_where_it_is() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = FsStore::open(folder.path()).expect("a store");
    let digest = store.put(b"evidence").expect("put");
    let path = flip(folder.path(), digest);
    for streamed in [false, true] {
        read(&store, digest, streamed).expect_err("damaged");
    }
    assert!(path.exists() && store.take_set_aside().is_empty());
}

#[test]
fn a_blob_that_is_written_once_more_replaces_a_damaged_one_and_no_other() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = FsStore::open(folder.path()).expect("a store");
    let write = || {
        let mut writer = store.writer().expect("a writer");
        writer.write_all(b"standard output").expect("written");
        writer.commit().expect("committed")
    };
    let digest = write();
    let inode = |path: &Path| std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(path).expect("a blob"));
    let path = store.local_path(digest).expect("a file");
    let first = inode(&path);
    write();
    assert_eq!(inode(&path), first, "a whole one stays");
    flip(folder.path(), digest);
    assert!(matches!(store.get(digest), Err(StoreError::Damaged { .. })));
    write();
    assert_eq!(store.get(digest).expect("whole again"), b"standard output");
}

#[test]
fn an_audit_finds_every_damaged_blob_and_looks_first_at_what_changed_last() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = FsStore::open(folder.path()).expect("a store");
    let blobs: Vec<Digest> = (0..40).map(|n| store.put(format!("blob {n:02}").as_bytes()).expect("put")).collect();
    let audit = store.audit(None).expect("an audit");
    assert_eq!((audit.blobs, audit.checked, audit.damaged.len()), (40, 40, 0));
    // The time of a change has the clock's ticks, which a fast machine is within.
    std::thread::sleep(std::time::Duration::from_millis(50));
    let mut damaged = vec![flip(folder.path(), blobs[7])];
    std::thread::sleep(std::time::Duration::from_millis(50));
    let bounded = store.audit(Some(7)).expect("an audit");
    assert_eq!((bounded.blobs, bounded.checked, &bounded.damaged), (40, 1, &damaged));
    damaged.push(flip(folder.path(), blobs[30]));
    let shard = damaged[0].parent().expect("a shard");
    let odd = shard.join(Digest::of(b"a pipe, or a link").hash.to_string());
    std::os::unix::fs::symlink("/dev/zero", &odd).expect("a link");
    std::fs::write(shard.join("not a blob"), b"").expect("a file");
    damaged.push(odd);
    damaged.sort();
    let audit = store.audit(None).expect("an audit");
    assert_eq!((audit.checked, audit.damaged), (41, damaged));
}
