//! A store with damaged blobs: what can be had again is written anew, and `doctor` finds the rest.

use std::path::{Path, PathBuf};

use rcrepro::format::manifest_json;
use rcrepro::model::digest::Digest;
use rcrepro::store::BlobStore as _;
use rcrepro::store::fs::FsStore;

use crate::scene::{Scene, command, shared_store};

/// Turns one bit of a blob in a store, leaves its size, and gives its file.
fn flip(store: &Path, digest: Digest) -> PathBuf {
    let path = FsStore::open(store).expect("a store").local_path(digest).expect("the blob is there");
    let mut bytes = std::fs::read(&path).expect("a blob");
    bytes[0] ^= 1;
    std::fs::remove_file(&path).expect("our own file");
    std::fs::write(&path, bytes).expect("our own file");
    path
}

fn is_whole(store: &Path, digest: Digest) -> bool {
    FsStore::open(store).expect("a store").get(digest).is_ok()
}

#[test]
fn a_run_and_a_replay_mend_what_they_need() {
    let scene = Scene::new(&command("mends", "cat greeting.txt; echo what only this test prints", ""));
    scene.write("greeting.txt", b"a source that only this test has\n");
    scene.commit("the source");
    scene.ok(&["run", "RC-05"]);
    let bytes = std::fs::read(scene.path("manifests/RC-05.json")).expect("a manifest");
    let manifest = manifest_json::decode(&bytes).expect("a manifest");
    let store = shared_store();
    let greeting = Digest::of(b"a source that only this test has\n");
    let stdout = manifest.commands[0].stdout.raw;
    for (verb, blob, said) in [
        ("run", manifest.source.root, true),
        ("replay", manifest.source.root, true),
        ("run", greeting, true),
        ("run", manifest.commands[0].input_root, true),
        // It is written whole again by the command, so that nobody need read it first.
        ("run", stdout, false),
        ("replay", stdout, false),
    ] {
        flip(&store, blob);
        assert!(!is_whole(&store, blob));
        let ended = scene.ok(&[verb, "RC-05"]);
        assert!(is_whole(&store, blob), "{verb} {blob}: {}", ended.stderr);
        let told = format!("mending  blob {blob} was damaged in the store");
        assert_eq!(ended.stderr.contains(&told), said, "{verb} {blob}: {}", ended.stderr);
    }
}

#[test]
fn a_damaged_layer_is_made_again_from_what_is_locked() {
    let scene = Scene::new(&command("layered", "cat greeting.txt", ""));
    scene.ok(&["image", "build", "base"]);
    let own = tempfile::tempdir().expect("a temporary folder");
    let copied = std::process::Command::new("cp").arg("-r").arg(shared_store().join("blobs")).arg(own.path()).status();
    assert!(copied.expect("cp").success());
    let store = own.path().display().to_string();
    let lock = scene.read("lockfiles/images/amd64/base.lock");
    let store_of = FsStore::open(own.path()).expect("a store");
    // The largest blob that the lock names by its hash and that is there is the layer.
    let named = lock.split(|c: char| !c.is_ascii_hexdigit()).filter(|word| word.len() == 64);
    let files = named.filter_map(|hash| {
        let path = own.path().join("blobs/sha256").join(&hash[..2]).join(hash);
        let size = path.metadata().ok()?.len();
        Some(Digest { hash: hash.parse().ok()?, size })
    });
    let layer = files.max_by_key(|digest| digest.size).expect("the layer is in the store");
    drop(store_of);
    let path = flip(own.path(), layer);

    let health = scene.run(&["--store", &store, "doctor", "--blobs"]);
    assert_eq!(health.code, 4, "{}", health.stdout);
    let cure = format!("hint: rm -f '{}'\n", path.display());
    assert!(
        health.stdout.contains("damaged  blobs: 1 damaged of ") && health.stdout.contains(&cure),
        "{}",
        health.stdout
    );

    let out = scene.path("out").display().to_string();
    let first = scene.run(&["--store", &store, "image", "build", "base", "--output", &out]);
    assert_eq!(first.code, 4, "{}", first.stderr);
    let told = format!("set aside  damaged blob {layer}");
    assert!(first.stderr.contains(&told), "{}", first.stderr);
    scene.ok(&["--store", &store, "image", "build", "base", "--output", &out]);
    let health = scene.run(&["--store", &store, "doctor", "--blobs"]);
    assert!(health.stdout.contains("each with the bytes that its name says"), "{}", health.stdout);
}
