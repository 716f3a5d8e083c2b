//! A store with damaged blobs: what can be had again is written anew, and `doctor` finds the rest.

use std::path::{Path, PathBuf};

use rcrepro_format::records::manifest_json;
use rcrepro_model::content::digest::Digest;
use rcrepro_store::BlobStore as _;
use rcrepro_store::fs::FsStore;

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
        // What is taken over needs no source.
        let arguments: &[&str] = if verb == "run" { &["run", "--fresh", "RC-05"] } else { &[verb, "RC-05"] };
        let ended = scene.ok(arguments);
        assert!(is_whole(&store, blob), "{verb} {blob}: {}", ended.stderr);
        let told = format!("mending  blob {blob} was damaged in the store");
        assert_eq!(ended.stderr.contains(&told), said, "{verb} {blob}: {}", ended.stderr);
    }
}

#[test]
fn a_damaged_layer_is_made_again_from_what_is_locked() {
    let scene = Scene::new(&command("layered", "cat greeting.txt", ""));
    scene.ok(&["image", "build", "base"]);
    // Links to what the lock names: a store never writes into a blob's file.
    let shared = shared_store().canonicalize().expect("a store");
    let own = tempfile::tempdir_in(shared.with_file_name("")).expect("a folder on the same file system");
    let store = own.path().display().to_string();
    let lock = scene.read("lockfiles/images/amd64/base.lock");
    let mut layer: Option<Digest> = None;
    for hash in lock.split(|c: char| !c.is_ascii_hexdigit()).filter(|word| word.len() == 64) {
        let below = Path::new("blobs/sha256").join(&hash[..2]).join(hash);
        let Ok(size) = shared.join(&below).metadata().map(|found| found.len()) else { continue };
        let to = own.path().join(&below);
        if to.exists() {
            continue;
        }
        std::fs::create_dir_all(to.parent().expect("a shard")).expect("made");
        std::fs::hard_link(shared.join(&below), &to).expect("linked");
        // The largest of them is the layer.
        if layer.is_none_or(|layer| layer.size < size) {
            layer = Some(Digest { hash: hash.parse().expect("a hash"), size });
        }
    }
    let layer = layer.expect("the layer is in the store");
    scene.ok(&["--store", &store, "image", "build", "base"]);
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
