//! What engines and other tools are handed.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use futures_util::StreamExt as _;
use rcrepro_app::toolchain::build::build;
use rcrepro_app::toolchain::built_image::BuiltImage;
use rcrepro_app::toolchain::load::{load_stream, tag};
use rcrepro_app::toolchain::output::output;
use rcrepro_app::toolchain::{ImageContext, ImageError};
use rcrepro_archive::tar::reader::TarReader;
use rcrepro_images::oci::OciError;
use rcrepro_images::oci::layout_folder::WrittenLayout;
use rcrepro_model::content::digest::Sha256;
use rcrepro_store::memory::MemoryStore;
use rcrepro_testkit::toolchain::{context, lock_both, name};

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
    let mut bytes = archive.as_slice();
    let mut tar = TarReader::new(&mut bytes);
    while let Some(entry) = tar.next_entry().expect("a tar") {
        let path = String::from_utf8_lossy(&entry.path).into_owned();
        let mut bytes = Vec::new();
        tar.read_to_end(&mut bytes).expect("read");
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

    // In a folder the image has its own name; everything else is the same bytes.
    let out = folder.path().join("layout");
    assert_eq!(output(&context, std::slice::from_ref(&built), &out).await.expect("written"), WrittenLayout::New);
    for (path, bytes) in streamed.iter().filter(|(path, _)| *path != "index.json") {
        assert_eq!(std::fs::read(out.join(path)).expect("there"), *bytes, "{path}");
    }
    let index: serde_json::Value = read_json(&out.join("index.json"));
    assert_eq!(index["manifests"][0]["digest"], built.identity.manifest.to_oci());
    assert_eq!(index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"], "top");
}

fn read_json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).expect("there")).expect("JSON")
}

/// Builds both fixture images and writes them as one layout.
async fn layout(root: &Path) -> (ImageContext<'static>, Vec<BuiltImage>, PathBuf) {
    let store = MemoryStore::default();
    let (images, _, _) = lock_both(root, &store).await;
    let context = context(&store);
    let mut built = Vec::new();
    for image in ["base", "top"] {
        built.push(build(&context, &images, &name(image)).await.expect("builds"));
    }
    let out = root.join("out/layout");
    assert_eq!(output(&context, &built, &out).await.expect("written"), WrittenLayout::New);
    (context, built, out)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_written_whole_or_not_at_all_and_never_over_something_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let (context, built, out) = layout(folder.path()).await;
    assert_eq!(output(&context, &built, &out).await.expect("the same again"), WrittenLayout::AlreadyThere);
    let blobs = out.join("blobs/sha256");
    assert_eq!(std::fs::read_dir(&blobs).expect("blobs").count(), 6, "two layers, two configs, two manifests");

    // Another set of images, a foreign file, a changed, a missing one: refused, and nothing touched.
    assert!(matches!(output(&context, &built[..1], &out).await, Err(ImageError::Oci(OciError::Occupied { .. }))));
    let layer = blobs.join(built[0].identity.diff_ids[0].to_string());
    let whole = std::fs::read(&layer).expect("a layer");
    for spoil in ["foreign", "changed", "missing"] {
        match spoil {
            "foreign" => std::fs::write(out.join("notes.txt"), "mine").expect("written"),
            "changed" => std::fs::write(&layer, [&whole[..9], b"X", &whole[10..]].concat()).expect("written"),
            _ => std::fs::remove_file(&layer).expect("removed"),
        }
        let error = output(&context, &built, &out).await.expect_err(spoil).to_string();
        assert!(error.contains("holds something other than these images"), "{error}");
        std::fs::write(&layer, &whole).expect("written");
        drop(std::fs::remove_file(out.join("notes.txt")));
    }
    std::fs::write(folder.path().join("file"), "").expect("written");
    let error = output(&context, &built, &folder.path().join("file")).await.expect_err("a file");
    assert!(error.to_string().contains("it is not a folder"), "{error}");

    // A store that lacks a blob leaves neither the folder nor anything beside it.
    let empty = rcrepro_testkit::toolchain::context(&MemoryStore::default());
    let nowhere = folder.path().join("nowhere");
    std::fs::create_dir(&nowhere).expect("made");
    output(&empty, &built, &nowhere.join("layout")).await.expect_err("nothing to write");
    assert_eq!(std::fs::read_dir(&nowhere).expect("a folder").count(), 0);
}

/// Runs a tool of Debian's and gives what it prints.
fn tool(arguments: &[&str]) -> String {
    let hint = "cargo xtask test installs skopeo and umoci";
    let ended =
        Command::new(arguments[0]).args(&arguments[1..]).output().unwrap_or_else(|error| panic!("{error}; {hint}"));
    assert!(ended.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8_lossy(&ended.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn skopeo_and_umoci_read_the_same_digests_and_contents() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, built, out) = layout(folder.path()).await;
    for (image, name) in built.iter().zip(["base", "top"]) {
        let place = format!("oci:{}:{name}", out.display());
        let seen: serde_json::Value = serde_json::from_str(&tool(&["skopeo", "inspect", &place])).expect("JSON");
        assert_eq!(seen["Digest"], image.identity.manifest.to_oci());
        let layers: Vec<_> = image.identity.diff_ids.iter().map(|layer| layer.to_oci()).collect();
        assert_eq!(seen["Layers"], serde_json::json!(layers));
        let raw = tool(&["skopeo", "inspect", "--raw", "--config", &place]);
        assert_eq!(Sha256::of(raw.as_bytes()), image.identity.config);

        let copy = folder.path().join(format!("copy-{name}"));
        tool(&["skopeo", "--insecure-policy", "copy", "--quiet", &place, &format!("dir:{}", copy.display())]);
        let manifest = std::fs::read(copy.join("manifest.json")).expect("copied");
        assert_eq!(Sha256::of(&manifest), image.identity.manifest, "copied as it is");
        for layer in &image.identity.diff_ids {
            assert_eq!(Sha256::of(&std::fs::read(copy.join(layer.to_string())).expect("copied")), *layer);
        }
    }
    let bundle = folder.path().join("bundle");
    let place = format!("{}:top", out.display());
    tool(&["umoci", "unpack", "--rootless", "--image", &place, bundle.to_str().expect("UTF-8")]);
    let root = bundle.join("rootfs");
    for (path, content) in
        [("usr/bin/tool", "#!/bin/sh\necho tool\n"), ("usr/local/go/bin/go", "go"), ("etc/bundle.pem", "A\nB\n")]
    {
        assert_eq!(std::fs::read_to_string(root.join(path)).expect("unpacked"), content, "{path}");
    }
    assert_eq!(std::fs::read_link(root.join("bin")).expect("a link").to_str(), Some("usr/bin"));
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
