//! What engines and other tools are handed.

use std::collections::BTreeMap;
use std::io::Read as _;

use futures_util::StreamExt as _;
use rcrepro::app::image::build::build;
use rcrepro::app::image::load::{load_stream, tag};
use rcrepro::model::digest::Sha256;
use rcrepro::oci::layout::write_folder;
use rcrepro::store::memory::MemoryStore;

use super::fixture::{context, lock_both, name};

#[tokio::test(flavor = "multi_thread")]
async fn folder_and_stream_hold_the_same_layout_and_every_blob_its_digest() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = MemoryStore::default();
    let (images, _, lock) = lock_both(folder.path(), &store).await;
    let context = context(&store);
    let built = build(&context, &images, &name("top")).await.expect("builds");
    assert_eq!(built.identity, lock.identity());

    let mut archive = Vec::new();
    let mut stream = Box::pin(load_stream(&context, &built));
    while let Some(piece) = stream.next().await {
        archive.extend_from_slice(&piece.expect("a piece"));
    }
    let mut streamed = BTreeMap::new();
    for entry in tar::Archive::new(archive.as_slice()).entries().expect("a tar") {
        let mut entry = entry.expect("an entry");
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("read");
        if !path.ends_with('/') {
            streamed.insert(path, bytes);
        }
    }
    let blobs: Vec<_> =
        streamed.iter().filter_map(|(path, bytes)| Some((path.strip_prefix("blobs/sha256/")?, bytes))).collect();
    assert_eq!(blobs.len(), 4, "manifest, config, two layers");
    for (hash, bytes) in blobs {
        assert_eq!(Sha256::of(bytes).to_string(), hash);
    }
    let index: serde_json::Value = serde_json::from_slice(&streamed["index.json"]).expect("JSON");
    assert_eq!(index["manifests"][0]["digest"], built.identity.manifest.to_oci());
    let load: serde_json::Value = serde_json::from_slice(&streamed["manifest.json"]).expect("JSON");
    assert_eq!(load[0]["RepoTags"][0], tag(&built));

    let out = folder.path().join("layout");
    write_folder(&built.blobs, Some(&tag(&built)), &store, &out).expect("written");
    for (path, bytes) in &streamed {
        assert_eq!(std::fs::read(out.join(path)).expect("there"), *bytes, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_blob_ends_the_stream_with_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = MemoryStore::default();
    let (images, _, _) = lock_both(folder.path(), &store).await;
    let built = build(&context(&store), &images, &name("top")).await.expect("builds");
    let mut stream = Box::pin(load_stream(&context(&MemoryStore::default()), &built));
    let mut ended_badly = false;
    while let Some(piece) = stream.next().await {
        ended_badly = piece.is_err();
    }
    assert!(ended_badly);
}
