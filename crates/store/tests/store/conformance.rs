//! One suite for every store.

use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt as _;

use proptest::prelude::*;
use rcrepro_model::content::digest::Digest;
use rcrepro_store::fs::{BLOB_MTIME, FsStore};
use rcrepro_store::memory::MemoryStore;
use rcrepro_store::{BlobStore, GET_LIMIT, StoreError};

fn with_stores(check: impl Fn(&dyn BlobStore)) {
    check(&MemoryStore::default());
    let folder = tempfile::tempdir().expect("a temporary folder");
    check(&FsStore::open(folder.path()).expect("a new store"));
}

fn read(store: &dyn BlobStore, digest: Digest) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    store.reader(digest).expect("the blob is there").read_to_end(&mut bytes).map(|_| bytes)
}

#[test]
fn what_is_put_comes_back() {
    with_stores(|store| {
        for bytes in [&b""[..], b"beacon", &[0xff; 300_000]] {
            let digest = store.put(bytes).expect("put");
            assert_eq!(digest, Digest::of(bytes));
            assert_eq!(store.put(bytes).expect("a second put"), digest);
            assert!(store.contains(digest).expect("contains"));
            assert_eq!(store.get(digest).expect("get"), bytes);
            assert_eq!(read(store, digest).expect("read"), bytes);
        }
    });
}

#[test]
fn a_writer_keeps_nothing_before_commit() {
    with_stores(|store| {
        let digest = Digest::of(b"beacon");
        let mut writer = store.writer().expect("writer");
        writer.write_all(b"bea").expect("write");
        writer.write_all(b"con").expect("write");
        assert!(!store.contains(digest).expect("contains"));
        drop(writer);
        assert!(!store.contains(digest).expect("contains"));
        let mut writer = store.writer().expect("writer");
        writer.write_all(b"beacon").expect("write");
        assert_eq!(writer.commit().expect("commit"), digest);
        assert_eq!(store.get(digest).expect("get"), b"beacon");
    });
}

#[test]
fn a_batch_is_there_after_commit() {
    with_stores(|store| {
        let batch = store.batch().expect("batch");
        let mut digests: Vec<Digest> =
            (0..100).map(|index: i32| batch.put(&index.to_be_bytes()).expect("put")).collect();
        let mut writer = batch.writer().expect("writer");
        writer.write_all(&[7; 200_000]).expect("write");
        digests.push(writer.commit().expect("commit the writer"));
        for digest in &digests {
            assert!(batch.contains(*digest).expect("contains"));
        }
        batch.commit().expect("commit");
        for digest in digests {
            assert_eq!(Digest::of(&store.get(digest).expect("get")), digest);
        }
    });
}

#[test]
fn absent_blobs_are_missing_and_wrong_sizes_never_pass() {
    with_stores(|store| {
        let absent = Digest::of(b"absent");
        assert!(!store.contains(absent).expect("contains"));
        assert!(matches!(store.get(absent), Err(StoreError::Missing { digest }) if digest == absent));
        assert!(matches!(store.reader(absent), Err(StoreError::Missing { .. })));
        assert_eq!(store.local_path(absent), None);

        let there = store.put(b"beacon").expect("put");
        for size in [5, 7] {
            let wrong = Digest { size, ..there };
            assert!(!store.contains(wrong).expect("contains"));
            assert!(matches!(store.get(wrong), Err(StoreError::Damaged { found, .. }) if found == there));
            assert_eq!(read(store, wrong).expect_err("damaged").kind(), std::io::ErrorKind::InvalidData);
        }
        let huge = Digest { size: GET_LIMIT + 1, ..there };
        assert!(matches!(store.get(huge), Err(StoreError::TooLarge { .. })));
    });
}

#[test]
fn files_are_sealed_and_damage_is_found_and_mended() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = FsStore::open(folder.path()).expect("a new store");
    let digest = store.put(b"beacon").expect("put");
    let path = store.local_path(digest).expect("a file");
    let metadata = path.metadata().expect("metadata");
    assert_eq!((metadata.mode() & 0o7777, metadata.mtime()), (0o444, BLOB_MTIME));

    // The same size, another byte: only reading can tell.
    std::fs::write(&path, b"bXacon").expect("damage as root does");
    let found = Digest::of(b"bXacon");
    assert!(
        matches!(store.get(digest), Err(StoreError::Damaged { expected, found: f }) if expected == digest && f == found)
    );
    assert_eq!(read(&store, digest).expect_err("damaged").kind(), std::io::ErrorKind::InvalidData);
    store.discard(digest).expect("discard");
    store.put(b"beacon").expect("put again");
    assert_eq!(store.get(digest).expect("mended"), b"beacon");

    // Cut short: the next writer mends it by itself.
    std::fs::write(&path, b"bea").expect("cut short");
    assert!(!store.contains(digest).expect("contains"));
    assert!(matches!(store.get(digest), Err(StoreError::Damaged { .. })));
    store.put(b"beacon").expect("put again");
    assert_eq!(store.get(digest).expect("mended"), b"beacon");
}

#[test]
fn dropping_a_store_leaves_only_blobs() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = FsStore::open(folder.path()).expect("a new store");
    let batch = store.batch().expect("batch");
    batch.put(b"never committed").expect("put");
    let mut writer = store.writer().expect("writer");
    writer.write_all(b"never committed either").expect("write");
    drop((writer, batch));
    drop(store);
    let left: Vec<_> = std::fs::read_dir(folder.path().join("tmp"))
        .expect("tmp")
        .map(|entry| entry.expect("entry").file_name())
        .filter(|name| name != ".gate")
        .collect();
    assert_eq!(left, Vec::<std::ffi::OsString>::new());
    assert_eq!(std::fs::read_dir(folder.path().join("blobs/sha256")).expect("blobs").count(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pieces_make_the_same_blob(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..5000), 0..8)) {
        with_stores(|store| {
            let mut writer = store.writer().expect("writer");
            for piece in &pieces {
                writer.write_all(piece).expect("write");
            }
            let whole = pieces.concat();
            let digest = writer.commit().expect("commit");
            assert_eq!(digest, Digest::of(&whole));
            assert_eq!(store.get(digest).expect("get"), whole);
        });
    }
}
