//! How fast trees are hashed, beside `sha256sum` on the same tree in the same run.
//!
//! Printed by `cargo xtask bench`, and no test; a machine that is busy otherwise makes it mean little.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rcrepro_store::BlobStore as _;
use rcrepro_store::export::{CheckoutOptions, Contents, checkout};
use rcrepro_store::fs::FsStore;
use rcrepro_store::ingest::{DirOptions, hash_dir, ingest_dir};

const ROUNDS: usize = 9;

/// Makes 6,500 files of 86 MB together: like sources and modules, most of them small.
fn make_tree(root: &Path) {
    for index in 0..6_500_u64 {
        let folder = root.join(format!("module{:02}/package{:02}", index % 50, index / 50 % 16));
        std::fs::create_dir_all(&folder).expect("make folders");
        let size = if index % 100 == 0 { 700_000 } else { 300 + index * 7919 % 11_900 };
        let bytes: Vec<u8> = (0..size).map(|at| ((at ^ index).wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        std::fs::write(folder.join(format!("file{index}.go")), bytes).expect("write");
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    let _kept = work();
    start.elapsed()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[test]
#[ignore = "a measurement: wants a release build and a quiet machine"]
fn trees_are_hashed_faster_than_by_sha256sum() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let tree = folder.path().join("tree");
    make_tree(&tree);
    let store = FsStore::open(&folder.path().join("store")).expect("a store");
    let first = timed(|| ingest_dir(&store, &tree, &DirOptions::default()).expect("ingest"));
    println!("first ingest: {first:?}");

    let mut rows: Vec<[f64; 3]> = Vec::new();
    for _ in 0..ROUNDS {
        let tool = timed(|| {
            let line = "find . -type f -print0 | xargs -0 -P2 sha256sum >/dev/null";
            assert!(Command::new("sh").args(["-c", line]).current_dir(&tree).status().expect("sh").success());
        });
        let hashed = timed(|| hash_dir(&tree).expect("hash"));
        let kept = timed(|| ingest_dir(&store, &tree, &DirOptions::default()).expect("ingest"));
        rows.push([tool, hashed, kept].map(|time| time.as_secs_f64() * 1000.0));
    }
    let column = |index: usize| median(rows.iter().map(|row| row[index]).collect());
    let ratio = |index: usize| median(rows.iter().map(|row| row[0] / row[index]).collect());
    println!("sha256sum {:.0} ms, hash_dir {:.0} ms, ingest_dir {:.0} ms", column(0), column(1), column(2));
    println!("paired ratio: hash_dir {:.1}, ingest_dir {:.1} (goal 5)", ratio(1), ratio(2));

    let root = ingest_dir(&store, &tree, &DirOptions::default()).expect("ingest");
    for contents in [Contents::Link { check: false }, Contents::Link { check: true }, Contents::Copy] {
        let to = folder.path().join(format!("{contents:?}"));
        let options = CheckoutOptions { owner: None, mtime: 0, contents };
        println!("checkout {contents:?}: {:?}", timed(|| checkout(&store, root, &to, &options).expect("checkout")));
    }
    assert!(store.contains(root).expect("contains"));
}
