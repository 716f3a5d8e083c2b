//! Images of the release in a real registry: pushed as they were certified, and compared with what is served.

use std::path::Path;

use rcrepro_images::registry::PushImage;
use rcrepro_model::content::digest::Sha256;
use rcrepro_testkit::archives::{gzip, layer_of, zstd};
use rcrepro_testkit::busybox;
use rcrepro_testkit::docker_registry::DockerRegistry;
use rcrepro_testkit::published::{GZIP, INDEX, Kept, MANIFEST, Published, TAR, ZSTD, client, descriptor};
use serde_json::{Value, json};

use crate::scene::{Ended, Scene, command, shared_store};

const DOCKERFILE: &str =
    "FROM scratch\nCOPY busybox /busybox\nCOPY greeting.txt /greeting\nUSER 1234:1234\nENTRYPOINT [\"/busybox\"]\n";
/// The same of a program for each platform.
const FOR_EACH: &str = "FROM scratch\nARG TARGETARCH\nCOPY busybox-$TARGETARCH /busybox\nCOPY greeting.txt /greeting\nUSER 1234:1234\n\
                        ENTRYPOINT [\"/busybox\"]\n";
/// Where an ELF program says for which machine it is, and the numbers of the two.
const MACHINE: (usize, [(&str, u8); 2]) = (18, [("amd64", 62), ("arm64", 183)]);
const RECORD: &str = "manifests/RC-05.images.json";

/// Makes a repository whose packet builds one image and has recorded it; `more` goes into its table, names are unique among tests.
fn recorded(id: &str, more: &str) -> Scene {
    let made = command(&format!("{id}-make"), "true", "proof = \"exit-code\"");
    let image = format!(
        "[release-images.{id}]\ndockerfile = \"Dockerfile\"\n{more}\
         runs = [{{ arguments = [\"echo\", \"hi\"], stdout = \"hi\\n\" }}]\n"
    );
    let scene = Scene::new(&format!("release-images = [\"{id}\"]\n{made}{image}"));
    let text = if more.contains("platforms") { FOR_EACH } else { DOCKERFILE };
    scene.write("Dockerfile", text.as_bytes());
    let program = std::fs::read(busybox::program()).expect("a program");
    let write = |name: &str, program: &[u8]| {
        scene.write(name, program);
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(scene.path(name), executable).expect("our own file");
    };
    write("busybox", &program);
    if more.contains("platforms") {
        let (at, machines) = MACHINE;
        for (architecture, number) in machines {
            let mut program = program.clone();
            program[at] = number;
            write(&format!("busybox-{architecture}"), &program);
        }
    }
    if more.contains("buildkit") {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for folder in ["images", "images/keys", "lockfiles/images/amd64"] {
            for entry in std::fs::read_dir(root.join(folder)).expect("a folder").flatten() {
                if entry.path().is_file() {
                    let name = entry.file_name();
                    let name = name.to_str().expect("a name");
                    scene.write(&format!("{folder}/{name}"), &std::fs::read(entry.path()).expect("readable"));
                }
            }
        }
        scene.replace(
            "rcrepro.toml",
            "[images.base]",
            "[images.buildkit]\nbuild = \"images/buildkit.toml\"\n[images.base]",
        );
    }
    scene.commit("sources");
    scene.ok(&["run", "RC-05"]);
    scene.commit("record");
    scene
}

fn record(scene: &Scene, id: &str) -> Value {
    let record: Value = serde_json::from_str(&scene.read(RECORD)).expect("JSON");
    record["images"][id]["parts"].clone()
}

/// Makes the image that the record describes, as another tool would pack it: two layers, in gzip and in Zstandard.
fn packed(scene: &Scene, id: &str, greeting: (&str, u32), user: &str) -> Published {
    packed_with(scene, id, greeting, &json!({ "User": user }))
}

/// The same with these keys among the configuration's.
fn packed_with(scene: &Scene, id: &str, greeting: (&str, u32), more: &Value) -> Published {
    let digest = record(scene, id)["config"].as_str().expect("a digest").to_owned();
    let settings = digest.split('/').next().expect("a hash");
    let settings: Value =
        serde_json::from_str(&scene.read(&format!("manifests/RC-05.images.evidence/{settings}"))).expect("JSON");
    let low = layer_of(&[("busybox", 0o755, 0, std::fs::read(scene.path("busybox")).expect("a program"))]);
    let high = layer_of(&[("greeting", 0o644, greeting.1, greeting.0.as_bytes().to_vec())]);
    let mut config = json!({
        "architecture": settings["architecture"], "os": settings["os"],
        "config": { "Entrypoint": settings["entrypoint"], "Cmd": settings["cmd"], "Env": settings["env"],
            "WorkingDir": settings["working-dir"] },
    });
    for (key, value) in more.as_object().expect("keys") {
        config["config"][key] = value.clone();
    }
    Published::of(&[(GZIP, &gzip(&low), &low), (ZSTD, &zstd(&high), &high)], config)
}

/// Puts an image into the registry under a tag, without a tag by its digest; gives the reference.
fn put(registry: &DockerRegistry, image: &PushImage, kept: &Kept, tag: &str) -> String {
    let tail = if tag.is_empty() { format!("@{}", image.manifest.hash.to_oci()) } else { format!(":{tag}") };
    let reference = format!("{}/team/app{tail}", registry.authority);
    let to = reference.parse().expect("a reference");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(client().push(image, &to, &kept.store, &|_| {})).expect("the registry takes it");
    reference
}

fn put_image(registry: &DockerRegistry, image: &Published, tag: &str) -> String {
    let kept = Kept::new();
    put(registry, &image.keep_in(&*kept.store), &kept, tag)
}

/// Puts an index of these entries into the registry.
fn put_index(registry: &DockerRegistry, entries: &[Value], tag: &str) -> (String, Value) {
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries });
    let index = serde_json::to_vec(&index).expect("JSON");
    let kept = Kept::new();
    let manifest = kept.store.put(&index).expect("stored");
    let image = PushImage { manifest, manifest_type: INDEX.to_owned(), blobs: Vec::new() };
    (put(registry, &image, &kept, tag), descriptor(INDEX, &index))
}

/// Describes an image for an index.
fn entry(image: &Published, platform: (&str, &str)) -> Value {
    let mut entry = descriptor(MANIFEST, image.bytes(image.manifest));
    entry["platform"] = json!({ "architecture": platform.1, "os": platform.0 });
    entry
}

fn ends(scene: &Scene, arguments: &[&str], code: i32, texts: &[&str]) -> Ended {
    let ended = scene.run(&[&["image"], arguments].concat());
    assert_eq!(ended.code, code, "{arguments:?}: {}\n{}", ended.stdout, ended.stderr);
    for text in texts {
        let found = ended.stdout.contains(text) || ended.stderr.contains(text);
        assert!(found, "`{text}` in\n{}\n{}", ended.stdout, ended.stderr);
    }
    ended
}

/// Changes one byte of a blob on the registry's disk.
fn flip(registry: &DockerRegistry, hash: Sha256) {
    let path = registry.blob_path(hash);
    let mut bytes = std::fs::read(&path).expect("the registry has it");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).expect("our own registry");
}

#[test]
fn what_is_served_is_held_against_the_record_file_by_file() {
    let id = "published-classic";
    let scene = recorded(id, "");
    let registry = DockerRegistry::open();
    let same = packed(&scene, id, ("hello\n", 0), "1234:1234");
    let reference = put_image(&registry, &same, "1");
    // Nothing ties an image of the classic builder to a digest; what it holds can be compared.
    ends(&scene, &["push", id, &reference], 5, &["classic builder", "builder = \"buildkit\""]);
    ends(&scene, &["compare", &reference], 0, &["equal", "the same files, settings, modes and owners"]);

    let file = put_image(&registry, &packed(&scene, id, ("hullo\n", 0), "1234:1234"), "file");
    ends(&scene, &["compare", &file, id], 1, &["differs", "images.published-classic.tree:/greeting"]);
    let owner = put_image(&registry, &packed(&scene, id, ("hello\n", 7), "1234:1234"), "owner");
    ends(&scene, &["compare", &owner], 1, &["images.published-classic.owners:/greeting", "0644 7:7"]);
    let user = put_image(&registry, &packed(&scene, id, ("hello\n", 0), "0"), "user");
    let ended = ends(&scene, &["compare", "--json", &user], 1, &[]);
    let document: Value = serde_json::from_str(&ended.stdout).expect("one document");
    let one = &document["platforms"][0];
    assert_eq!((&document["standing"], &one["by"]), (&json!("failed"), &json!("files")), "{document:#}");
    assert_eq!(one["findings"][0]["at"], format!("images.{id}.config.user"), "{document:#}");
    assert_eq!((&one["certified"], &document["unserved"]), (&Value::Null, &json!([])), "{document:#}");

    // What the registry lost, never had, or keeps damaged.
    ends(&scene, &["compare", &format!("{}/team/app:none", registry.authority)], 4, &["tag `none`"]);
    lost_blobs_are_missed(&scene, &registry, &same, &reference);
    what_engines_obey_counts(&scene, &registry, id);
    let flipped = packed(&scene, id, ("flipped\n", 0), "1234:1234");
    let reference_of_flipped = put_image(&registry, &flipped, "flipped");
    flip(&registry, flipped.layers[1].hash);
    ends(&scene, &["compare", &reference_of_flipped], 6, &["has the digest"]);

    ends(&scene, &["compare", &reference, "publisched-classic"], 2, &["did you mean `published-classic`?"]);
    scene.write(&format!("images/{id}.toml"), b"version = 1\n");
    ends(&scene, &["push", id, &reference], 2, &["is both a toolchain image and an image of the release", "--release"]);
    ends(&scene, &["push", "--release", id, &reference], 5, &["classic builder"]);
    std::fs::remove_file(scene.path(&format!("images/{id}.toml"))).expect("our own file");
    a_bad_record_is_no_measure(&scene, id, &reference);
}

/// This machine's store has the blobs, which makes the registry's no less missing, or cut.
fn lost_blobs_are_missed(scene: &Scene, registry: &DockerRegistry, image: &Published, reference: &str) {
    let lost = registry.blob_path(image.layers[1].hash);
    let whole = std::fs::read(&lost).expect("the registry has it");
    std::fs::write(&lost, &whole[..whole.len() / 2]).expect("our own registry");
    ends(scene, &["compare", reference], 6, &["bytes, expected"]);
    std::fs::remove_file(&lost).expect("our own registry");
    ends(scene, &["compare", reference], 4, &[&image.layers[1].hash.to_oci()]);
    std::fs::write(&lost, &whole).expect("our own registry");
    ends(scene, &["compare", reference], 0, &["equal"]);
}

/// Docker takes the last of two keys, in any letters, and a shell is a setting like others.
fn what_engines_obey_counts(scene: &Scene, registry: &DockerRegistry, id: &str) {
    let put = |more: Value, tag: &str| {
        let image = packed_with(scene, id, ("hello\n", 0), &more);
        put_image(registry, &image, tag)
    };
    let root = put(json!({ "User": "1234:1234", "USER": "0" }), "root");
    ends(scene, &["compare", &root], 4, &["has the key `USER`", "engines take for `User`"]);
    let shell = put(json!({ "User": "1234:1234", "Shell": ["/busybox", "sh"] }), "shell");
    ends(scene, &["compare", &shell], 1, &["config.further", "config.Shell"]);
    let noise = put(json!({ "User": "1234:1234", "Hostname": "made-here", "Tty": false }), "noise");
    ends(scene, &["compare", &noise], 0, &["equal"]);
}

/// A record of another source, and one that was changed, say nothing of an image.
fn a_bad_record_is_no_measure(scene: &Scene, id: &str, reference: &str) {
    let whole = scene.read(RECORD);
    let config = record(scene, id)["config"].as_str().expect("a digest").to_owned();
    let tree = record(scene, id)["tree"].as_str().expect("a digest").to_owned();
    scene.write(RECORD, whole.replace(&config, &tree).as_bytes());
    for verb in [["compare", reference, id], ["push", id, reference]] {
        let code = scene.run(&["verify", "manifests/RC-05.json"]).code;
        ends(scene, &verb, code, &["is not certified by RC-05"]);
        assert!([1, 5, 6].contains(&code), "{code}");
    }
    scene.write(RECORD, whole.as_bytes());
    scene.write("greeting.txt", b"good day\n");
    scene.commit("change");
    ends(
        scene,
        &["compare", reference],
        5,
        &["the source has changed since", "rcrepro run RC-05, and commit what it records"],
    );
}

#[test]
fn indexes_are_gone_down_to_the_image_of_the_records_platform() {
    let id = "published-index";
    let scene = recorded(id, "");
    let registry = DockerRegistry::open();
    let image = packed(&scene, id, ("hello\n", 0), "1234:1234");
    put_image(&registry, &image, "");
    // As buildx publishes with provenance: an index in an index, with an attestation beside the image.
    let statement = br#"{"_type":"https://in-toto.io/Statement/v0.1"}"#.as_slice();
    let attestation = Published::of(
        &[(TAR, statement, statement)],
        json!({ "architecture": "unknown", "os": "unknown", "config": {} }),
    );
    put_image(&registry, &attestation, "");
    let this = ("linux", rcrepro_testkit::published::architecture());
    let entries = [entry(&attestation, ("unknown", "unknown")), entry(&image, this)];
    let (inner, mut described) = put_index(&registry, &entries, "inner");
    ends(&scene, &["compare", &inner], 0, &["equal"]);
    let (outer, _) = put_index(&registry, std::slice::from_ref(&described), "outer");
    let ended = ends(&scene, &["compare", "--json", &outer], 0, &[]);
    let document: Value = serde_json::from_str(&ended.stdout).expect("one document");
    assert_eq!(document["platforms"][0]["served"], image.manifest.hash.to_oci(), "{document:#}");
    assert_ne!(document["asked"], document["platforms"][0]["served"], "{document:#}");

    let mut deep = String::new();
    for level in 2..=5 {
        (deep, described) = put_index(&registry, std::slice::from_ref(&described), &format!("deep-{level}"));
    }
    ends(&scene, &["compare", &deep], 4, &["index number 5 on the way down", "at most 4"]);
    // Some engines take the variant that fits the processor best: another image than the one that was compared.
    let other = packed(&scene, id, ("hallo\n", 0), "1234:1234");
    put_image(&registry, &other, "");
    let mut variant = entry(&other, this);
    variant["platform"]["variant"] = "v3".into();
    let (rival, _) = put_index(&registry, &[entry(&image, this), variant.clone()], "rival");
    let told = format!("also {} for linux/{}/v3", other.manifest.hash.to_oci(), this.1);
    ends(&scene, &["compare", &rival], 1, &[&told]);
    let (twice, _) = put_index(&registry, &[entry(&image, this), entry(&image, this)], "twice");
    ends(&scene, &["compare", &twice], 0, &["equal"]);
    let (foreign, _) = put_index(&registry, &[entry(&attestation, ("unknown", "unknown"))], "foreign");
    ends(&scene, &["compare", &foreign], 4, &["it is for unknown/unknown"]);
}

#[test]
#[ignore = "compiles BuildKit: cargo xtask dockerfiles"]
fn a_certified_image_is_pushed_as_it_is() {
    let id = "published-buildkit";
    let scene = recorded(id, "builder = \"buildkit\"\n");
    let registry = DockerRegistry::open();
    let reference = format!("{}/team/app:1", registry.authority);
    let parts = record(&scene, id);
    let manifest = parts["manifest"].as_str().and_then(|text| text.split('/').next()).expect("a digest").to_owned();
    let pinned = format!("{reference}@sha256:{manifest}");
    ends(&scene, &["push", id, &reference], 0, &[&pinned]);
    ends(&scene, &["push", id, &reference], 0, &["were there"]);
    ends(&scene, &["compare", &reference], 0, &["equal", "the certified manifest"]);
    ends(&scene, &["compare", &pinned, id], 0, &["equal"]);
    ends(&scene, &["pull", &pinned], 0, &[&manifest]);
    let wrong = format!("{reference}@{}", Sha256::of(b"another").to_oci());
    ends(&scene, &["push", id, &wrong], 4, &["the reference says"]);
    ends(&scene, &["push", "--platform", "linux/arm64", id, &reference], 2, &["linux/arm64 was asked for"]);
    let same = put_image(&registry, &packed(&scene, id, ("hello\n", 0), "1234:1234"), "same");
    ends(&scene, &["compare", &same], 0, &["equal", "in another manifest"]);
    let other = put_image(&registry, &packed(&scene, id, ("hullo\n", 0), "1234:1234"), "other");
    ends(&scene, &["compare", &other], 1, &["tree:/greeting"]);

    let document = blob(&manifest);
    let document: Value = serde_json::from_slice(&std::fs::read(document).expect("stored")).expect("JSON");
    let layer =
        document["layers"][0]["digest"].as_str().and_then(|text| text.strip_prefix("sha256:")).expect("a layer");
    // What a store lost or keeps damaged is not pushed; a replay brings it back.
    let damages: [&dyn Fn(&Path); 2] = [&|path| std::fs::remove_file(path).expect("it was there"), &|path| {
        let size = std::fs::metadata(path).expect("it is there").len();
        std::fs::remove_file(path).expect("it was there");
        std::fs::write(path, vec![b'x'; usize::try_from(size).expect("small")]).expect("our own store");
    }];
    for damage in damages {
        damage(&blob(layer));
        ends(&scene, &["push", id, &reference], 4, &["not whole in the store", "rcrepro replay RC-05"]);
        scene.ok(&["replay", "RC-05"]);
        ends(&scene, &["push", id, &reference], 0, &[&pinned]);
    }
    // The manifest alone is not the image.
    std::fs::remove_file(registry.blob_path(layer.parse().expect("a hash"))).expect("the registry has it");
    ends(&scene, &["compare", &reference], 4, &[layer]);
}

#[test]
#[ignore = "compiles BuildKit: cargo xtask dockerfiles"]
fn every_platform_is_pushed_and_compared() {
    let id = "published-platforms";
    let scene = recorded(id, "builder = \"buildkit\"\nplatforms = [\"linux/amd64\", \"linux/arm64\"]\n");
    let registry = DockerRegistry::open();
    let [all, one, part] = ["all", "one", "part"].map(|tag| format!("{}/team/app:{tag}", registry.authority));
    let this = rcrepro_testkit::published::architecture();
    let other = if this == "amd64" { "arm64" } else { "amd64" };
    let (here, there) = (format!("linux/{this}"), format!("linux/{other}"));
    let first = ends(&scene, &["push", id, &all], 0, &[&all]).stdout;
    assert_eq!(ends(&scene, &["push", id, &all], 0, &["were there"]).stdout, first, "the same index");
    let ended = ends(&scene, &["compare", "--json", &all], 0, &[]);
    let document: Value = serde_json::from_str(&ended.stdout).expect("one document");
    let platforms = document["platforms"].as_array().expect("a list");
    assert!(platforms.len() == 2 && platforms.iter().all(|one| one["by"] == "digest"), "{document:#}");
    assert_ne!(platforms[0]["served"], platforms[1]["served"], "{document:#}");

    // One platform alone is a manifest without an index, and says nothing of the others.
    ends(&scene, &["push", "--platform", &there, id, &one], 0, &[]);
    ends(&scene, &["compare", &one], 0, &["equal", &there, &format!("certified for {here}, too")]);
    ends(&scene, &["compare", "--platform", &there, &one], 0, &["equal"]);
    ends(&scene, &["compare", "--platform", &here, &one, id], 4, &[&format!("it is for {there}, expected {here}")]);

    // An index without one of them, and one with another image for one of them.
    let manifest = record(&scene, id)["manifest"].as_str().expect("a digest").to_owned();
    let bytes = std::fs::read(blob(manifest.split('/').next().expect("a hash"))).expect("stored");
    let mut entry = descriptor(MANIFEST, &bytes);
    entry["platform"] = json!({ "architecture": this, "os": "linux" });
    put_index(&registry, std::slice::from_ref(&entry), "part");
    ends(&scene, &["compare", &part], 1, &["equal", "differs", &format!("the index has no image for {there}")]);
    ends(&scene, &["compare", "--platform", &here, &part], 0, &["equal"]);
    let settings = json!({ "architecture": other, "os": "linux", "config": { "User": "0" } });
    let tar = layer_of(&[("greeting", 0o644, 0, b"hello\n".to_vec())]);
    let evil = Published::of(&[(GZIP, &gzip(&tar), &tar)], settings);
    put_image(&registry, &evil, "");
    put_index(&registry, &[entry, self::entry(&evil, ("linux", other))], "part");
    let at = format!("images.{id}.platforms.{there}.config.user");
    ends(&scene, &["compare", &part], 1, &["equal", "differs", &at]);
}

#[test]
#[ignore = "compiles BuildKit: cargo xtask dockerfiles"]
fn an_image_of_a_registry_is_a_base() {
    let id = "published-base";
    let scene = recorded(id, "builder = \"buildkit\"\n");
    let registry = DockerRegistry::open();
    // As another tool packs it: in gzip and in Zstandard.
    let packed = packed(&scene, id, ("hello\n", 0), "1234:1234");
    let tag = put_image(&registry, &packed, "base");
    let pinned = format!("{tag}@{}", packed.manifest.hash.to_oci());
    scene.replace("rcrepro.toml", "[images.base]", &format!("[images.app]\npull = \"{pinned}\"\n[images.base]"));
    let builder = "builder = \"buildkit\"\n";
    scene.replace("rcrepro.toml", builder, &format!("{builder}bases = {{ \"{pinned}\" = \"app\" }}\n"));
    let platform = format!("linux/{}", rcrepro_testkit::published::architecture());
    scene.ok(&["image", "--platform", &platform, "lock", "app"]);
    scene.write("Dockerfile", format!("FROM {pinned}\nCOPY greeting.txt /again\n").as_bytes());
    scene.commit("a base of a registry");
    let first = record(&scene, id);
    scene.ok(&["run", "RC-05"]);
    let parts = record(&scene, id);
    assert_ne!(first["tree"], parts["tree"], "it has one more file");
    scene.commit("recorded");
    scene.ok(&["verify", "manifests/RC-05.json"]);
    // What a registry served once is in the store.
    let to = format!("{}/team/app:again", registry.authority);
    ends(&scene, &["push", id, &to], 0, &[&to]);
    ends(&scene, &["compare", &to], 0, &["equal", "the certified manifest"]);
    drop(registry);
    scene.ok(&["replay", "RC-05"]);
}

/// Finds where the store of all tests keeps a blob.
fn blob(hex: &str) -> std::path::PathBuf {
    shared_store().join("blobs/sha256").join(&hex[..2]).join(hex)
}
