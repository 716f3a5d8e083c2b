//! Whatever is changed in an image is found, and everything is listed in one go.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use futures_util::StreamExt as _;
use rcrepro_app::toolchain::build::build;
use rcrepro_app::toolchain::built_image::BuiltImage;
use rcrepro_app::toolchain::load::load_stream;
use rcrepro_app::toolchain::output::output;
use rcrepro_app::toolchain::validate;
use rcrepro_images::oci::validate::judge::judge;
use rcrepro_images::oci::validate::{FaultName, ImageFault, Validation, sources};
use rcrepro_store::BlobStore as _;
use rcrepro_store::fs::FsStore;
use rcrepro_store::memory::MemoryStore;
use rcrepro_testkit::archives::gzip;
use rcrepro_testkit::surveyed::{Files, check};
use rcrepro_testkit::toolchain::{context, lock_both, name};

fn names(validation: &Validation) -> Vec<FaultName> {
    validation.faults.iter().map(|fault| fault.name).collect()
}

struct Scene {
    folder: tempfile::TempDir,
    store: MemoryStore,
    built: Vec<BuiltImage>,
}

impl Scene {
    /// Builds both fixture images and writes them as one layout.
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = MemoryStore::default();
        let (images, _, _) = lock_both(folder.path(), &store).await;
        let mut built = Vec::new();
        for image in ["base", "top"] {
            built.push(build(&context(&store), &images, &name(image)).await.expect("builds"));
        }
        output(&context(&store), &built, &folder.path().join("layout")).await.expect("written");
        Self { folder, store, built }
    }

    fn files(&self) -> Files {
        let root = self.folder.path().join("layout");
        let blobs = std::fs::read_dir(root.join("blobs/sha256"))
            .expect("blobs")
            .map(|entry| format!("blobs/sha256/{}", entry.expect("an entry").file_name().to_str().expect("UTF-8")));
        let documents = ["index.json", "manifest.json", "oci-layout"].map(str::to_owned);
        blobs.chain(documents).map(|path| (path.clone(), std::fs::read(root.join(&path)).expect("a file"))).collect()
    }

    /// The paths of what the upper image is made of.
    fn manifest(&self) -> String {
        format!("blobs/sha256/{}", self.built[1].identity.manifest)
    }

    fn config(&self) -> String {
        format!("blobs/sha256/{}", self.built[1].identity.config)
    }

    fn layer(&self) -> String {
        format!("blobs/sha256/{}", self.built[1].identity.diff_ids[1])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_image_has_no_fault_wherever_it_is() {
    let scene = Scene::new().await;
    let good = |validation: Validation, images: usize| {
        assert_eq!(validation.faults, Vec::<ImageFault>::new());
        assert_eq!(validation.notes, Vec::<ImageFault>::new());
        assert_eq!(validation.images.len(), images);
        let top = &scene.built[1].identity;
        assert!(validation.images.iter().any(|image| {
            image.manifest == Some(top.manifest)
                && image.config == Some(top.config)
                && image.diff_ids == top.diff_ids.iter().copied().map(Some).collect::<Vec<_>>()
        }));
    };
    good(check(&scene.files()), 2);
    good(validate::path(&scene.folder.path().join("layout")).await.expect("a folder"), 2);
    let images = rcrepro_app::toolchain::folder::ImageFolder::new(
        scene.folder.path(),
        rcrepro_model::image::definition::ImagePlatform::LinuxAmd64,
    );
    let store = Arc::new(scene.store.clone());
    good(validate::stored(&images, &name("top"), store).await.expect("a lock"), 1);

    let mut archive = Vec::new();
    let mut stream = Box::pin(load_stream(&context(&scene.store), &scene.built[1]));
    while let Some(piece) = stream.next().await {
        archive.extend_from_slice(&piece.expect("a piece"));
    }
    let path = scene.folder.path().join("image.tar");
    std::fs::write(&path, &archive).expect("written");
    good(validate::path(&path).await.expect("an archive"), 1);
    // Docker loads what gzip made of it, too.
    std::fs::write(&path, gzip(&archive)).expect("written");
    good(validate::path(&path).await.expect("an archive"), 1);
    // Cut anywhere, it is a fault and no panic.
    for length in (0..archive.len()).step_by(3_001) {
        let cut = sources::archive("cut", &mut &archive[..length]).expect("no failure of the disk");
        assert!(!judge(&cut, None).faults.is_empty(), "cut at {length}");
    }
}

#[tokio::test]
async fn a_flipped_byte_is_found_wherever_it_stands() {
    let scene = Scene::new().await;
    let files = scene.files();
    for (path, bytes) in &files {
        // The layers have their own step; everything else is tried byte by byte.
        let step = if bytes.len() > 8_192 { 211 } else { 1 };
        let mut unseen = Vec::new();
        for at in (0..bytes.len()).step_by(step) {
            let mut spoiled = files.clone();
            spoiled.get_mut(path).expect("there")[at] ^= 0x02;
            let validation = check(&spoiled);
            if validation.faults.is_empty() && validation.notes.is_empty() {
                unseen.push(at);
            }
        }
        // Nothing but a lock or a signature covers names that are there for people.
        let text = String::from_utf8_lossy(bytes).into_owned();
        let free: Vec<_> = match path.as_str() {
            "index.json" => {
                free_text(&text, &["io.containerd.image.name\":\"", "org.opencontainers.image.ref.name\":\""])
            }
            "manifest.json" => free_text(&text, &["RepoTags\":[\""]),
            _ => Vec::new(),
        };
        let unexplained: Vec<_> =
            unseen.iter().filter(|at| !free.iter().any(|range| range.contains(at))).map(|at| &text[*at..]).collect();
        assert!(unexplained.is_empty(), "{path}: {unexplained:#?}");
    }
}

/// Gives where texts stand that begin after one of the markers, and where the keys of such texts stand.
fn free_text(text: &str, markers: &[&str]) -> Vec<std::ops::Range<usize>> {
    let places = markers.iter().flat_map(|marker| text.match_indices(marker));
    places
        .map(|(at, marker)| {
            let start = at + marker.len();
            let end = start + text[start..].find('"').expect("the text ends");
            // An annotation's key is free, too; `RepoTags` is not, a key that Docker does not know is noted.
            if marker.starts_with("Repo") { start..end } else { at..end }
        })
        .collect()
}

#[tokio::test]
async fn each_kind_of_damage_is_named() {
    let scene = Scene::new().await;
    let whole = scene.files();
    let (manifest, config, layer) = (scene.manifest(), scene.config(), scene.layer());
    let flip = |path: &str| {
        let mut files = whole.clone();
        let bytes = files.get_mut(path).expect("there");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x01;
        files
    };
    let without = |path: &str| {
        let mut files = whole.clone();
        files.remove(path);
        files
    };
    let with = |path: &str, bytes: &[u8]| {
        let mut files = whole.clone();
        files.insert(path.to_owned(), bytes.to_vec());
        files
    };
    let cut = |path: &str| with(path, &whole[path][..whole[path].len() / 2]);
    let swapped = {
        let mut files = whole.clone();
        let (one, other) = (whole[&layer].clone(), whole[&config].clone());
        files.extend([(config.clone(), one), (layer.clone(), other)]);
        files
    };
    for (what, files, expected) in [
        ("flipped manifest", flip(&manifest), FaultName::DigestDiffers),
        ("flipped config", flip(&config), FaultName::DigestDiffers),
        ("flipped layer", flip(&layer), FaultName::DiffIdDiffers),
        ("cut manifest", cut(&manifest), FaultName::SizeDiffers),
        ("cut config", cut(&config), FaultName::Malformed),
        ("cut layer", cut(&layer), FaultName::Malformed),
        ("cut index", cut("index.json"), FaultName::Malformed),
        ("cut marker", cut("oci-layout"), FaultName::Malformed),
        ("no manifest", without(&manifest), FaultName::Missing),
        ("no config", without(&config), FaultName::Missing),
        ("no layer", without(&layer), FaultName::Missing),
        ("no index", without("index.json"), FaultName::Missing),
        ("no marker", without("oci-layout"), FaultName::Missing),
        ("swapped", swapped, FaultName::Malformed),
        ("another version", with("oci-layout", br#"{"imageLayoutVersion":"2.0.0"}"#), FaultName::Version),
        ("a blob of another name", with(&format!("blobs/sha256/{}", "0".repeat(64)), b"x"), FaultName::DigestDiffers),
        ("another algorithm", with("blobs/md5/abc", b"x"), FaultName::Algorithm),
        ("nothing", Files::new(), FaultName::NoImage),
    ] {
        let validation = check(&files);
        assert!(names(&validation).contains(&expected), "{what}: {:#?}", validation.faults);
    }
    let extra = check(&with("blobs/notes.txt", b"x"));
    assert_eq!(names(&extra), [FaultName::Algorithm], "{extra:#?}");
    let extra = check(&with("notes.txt", b"x"));
    assert_eq!((extra.faults.len(), extra.notes.len()), (0, 1));
    assert_eq!(extra.notes[0].name, FaultName::Unreferenced);
    let no_list = check(&without("manifest.json"));
    assert_eq!((no_list.faults.len(), no_list.notes[0].name), (0, FaultName::Wanting));
}

#[tokio::test]
async fn all_faults_are_listed_in_one_go() {
    let scene = Scene::new().await;
    let mut files = scene.files();
    let base = &scene.built[0].identity;
    let (manifest, config, layer) = (scene.manifest(), scene.config(), scene.layer());
    let base_layer = format!("blobs/sha256/{}", base.diff_ids[0]);
    let text = String::from_utf8(files[&manifest].clone()).expect("JSON");
    let at = text.rfind("tar\"").expect("a layer's media type") + 3;
    files.insert(manifest.clone(), format!("{}+gzip{}", &text[..at], &text[at..]).into_bytes());
    let text = String::from_utf8(files[&config].clone()).expect("JSON");
    files.insert(config.clone(), text.replace("amd64", "arm64").replacen("{", "{\"os\":\"linux\",", 1).into_bytes());
    files.get_mut(&layer).expect("there")[700] ^= 1;
    files.remove(&base_layer);
    let text = String::from_utf8(files["index.json"].clone()).expect("JSON");
    files.insert("index.json".to_owned(), text.replace("\"schemaVersion\":2", "\"schemaVersion\":1").into_bytes());
    files.insert("oci-layout".to_owned(), b"{}".to_vec());
    let validation = check(&files);
    let has = |name: FaultName, object: &str| {
        let found = validation.faults.iter().any(|fault| fault.name == name && fault.object.contains(object));
        assert!(found, "{name:?} of {object} in {:#?}", validation.faults);
    };
    has(FaultName::DigestDiffers, &manifest);
    has(FaultName::SizeDiffers, "index.json manifests[1]");
    has(FaultName::MediaType, &format!("{manifest} layers[1]"));
    has(FaultName::DigestDiffers, &config);
    has(FaultName::DuplicateKey, &config);
    has(FaultName::Contradiction, &config);
    has(FaultName::SizeDiffers, &format!("{manifest} config"));
    has(FaultName::DigestDiffers, &layer);
    has(FaultName::DiffIdDiffers, &format!("{config} rootfs diff_ids[1]"));
    has(FaultName::Missing, &base_layer);
    has(FaultName::Version, "index.json");
    has(FaultName::Version, "oci-layout");
}

/// The program says the same through exit codes: 0 whole, 1 faults, 6 when a locked digest does not match.
#[tokio::test(flavor = "multi_thread")]
async fn exit_codes_tell_faults_from_tampering() {
    let scene = Scene::new().await;
    let root = scene.folder.path();
    let store = FsStore::open(&root.join("store")).expect("a store");
    for image in &scene.built {
        for digest in image.blobs.all() {
            store.put(&scene.store.get(digest).expect("built")).expect("stored");
        }
    }
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rcrepro"));
        command.current_dir(root).env_clear().args([
            "--store",
            "store",
            "image",
            "--platform",
            "linux/amd64",
            "validate",
        ]);
        let ended = command.args(arguments).output().expect("runs");
        (ended.status.code(), String::from_utf8_lossy(&ended.stdout).into_owned())
    };
    let (code, text) = run(&[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("base: no fault") && text.contains("top: no fault"), "{text}");
    assert_eq!(run(&["layout", "base"]).0, Some(0));

    let layer = scene.built[0].blobs.layers[0];
    let path = store.local_path(layer).expect("there");
    spoil(&path);
    let (code, text) = run(&["top", "layout"]);
    assert_eq!(code, Some(6), "{text}");
    assert!(text.contains("lock-differs: image `top`: layer 0"), "{text}");
    assert!(text.contains(&format!("expected: sha256:{}", layer.hash)), "{text}");
    assert!(text.contains("layout: no fault"), "the others are still looked at: {text}");

    spoil(&root.join("layout").join(scene.layer()));
    let (code, text) = run(&["--json", "./layout"]);
    assert_eq!(code, Some(1), "{text}");
    let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let faults = document[0]["faults"].as_array().expect("faults");
    assert!(faults.iter().any(|fault| fault["name"] == "diff-id-differs"), "{text}");
    assert_eq!(run(&["./nowhere"]).0, Some(2), "no such place and no such image");

    // An image that was never built is no fault: it is named as such, and passed over when all are meant.
    let base = &scene.built[0].blobs;
    store.discard(base.manifest).expect("removed");
    store.discard(base.config).expect("removed");
    assert_eq!(run(&["base"]).0, Some(4));
    let (code, text) = run(&[]);
    assert_eq!(code, Some(6), "the upper image is still spoiled: {text}");
    assert!(!text.contains("base: "), "{text}");
}

/// Flips a byte of a file, whatever its mode says.
fn spoil(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).expect("our own file");
    let mut bytes = std::fs::read(path).expect("a file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).expect("written");
}
