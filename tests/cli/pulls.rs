//! Images through a registry: published, lost here and pulled again, lost there and built again, named by a plan alone.

use std::process::Command;

use rcrepro_format::images::lock_toml;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::image::lock::ImageLock;
use rcrepro_testkit::docker_registry::DockerRegistry;

use crate::scene::{Scene, command, shared_store};

const DEFINITION: &str = "images/tiny.toml";
const LOCK: &str = "lockfiles/images/amd64/tiny.lock";

/// A scene whose plan uses `tiny`: the base and one file, which no other test has.
fn scene(word: &str) -> (Scene, ImageLock) {
    let scene = Scene::new(&command("greet", "cat /etc/tiny", ""));
    scene.write(
        DEFINITION,
        format!("version = 1\nfrom = [\"base\"]\n[files]\n\"etc/tiny\" = \"{word}\\n\"\n").as_bytes(),
    );
    scene.replace("rcrepro.toml", "images/base.toml", DEFINITION);
    scene.ok(&["image", "build", "base"]);
    scene.ok(&["image", "--platform", "linux/amd64", "lock", "tiny"]);
    let lock = lock_toml::parse("tiny".parse().expect("a name"), &scene.read(LOCK)).expect("a lock");
    scene.commit("tiny");
    (scene, lock)
}

/// Takes the image out of the store and the engine, but for the base, which all tests share.
fn lose(lock: &ImageLock) {
    let record = Digest::of(lock_toml::write(lock).as_bytes());
    let own = lock.own_layer().expect("a layer of its own").digest;
    for digest in [record, own, lock.config_digest, lock.manifest_digest] {
        let hex = digest.hash.to_string();
        let path = shared_store().join("blobs/sha256").join(&hex[..2]).join(&hex);
        // The record was perhaps never made.
        drop(std::fs::remove_file(path));
    }
    let id = lock.config_digest.hash.to_oci();
    drop(Command::new("docker").args(["image", "rm", "-f", &id]).output().expect("the docker client is installed"));
}

/// Gives what a push printed behind the name: the reference with its digest.
fn push(scene: &Scene, registry: &DockerRegistry) -> String {
    let pushed = scene.ok(&["image", "push", "tiny", &format!("{}/team/tiny:1", registry.authority)]);
    let reference = pushed.stdout.split_whitespace().find(|word| word.contains("@sha256:"));
    reference.unwrap_or_else(|| panic!("no reference in `{}`", pushed.stdout)).to_owned()
}

#[test]
fn what_is_lost_here_comes_back_by_its_digest_and_gives_the_same_manifest() {
    let (scene, lock) = scene("comes back");
    let registry = DockerRegistry::open();
    scene.ok(&["run", "RC-05"]);
    let recorded = scene.read("manifests/RC-05.json");
    let reference = push(&scene, &registry);
    assert!(reference.ends_with(&lock.manifest_digest.hash.to_oci()), "{reference}");

    lose(&lock);
    let pulled = scene.ok(&["image", "pull", "--load", &reference]);
    for digest in [lock.manifest_digest, lock.config_digest] {
        assert!(pulled.stdout.contains(&digest.hash.to_oci()), "{}", pulled.stdout);
    }
    assert!(pulled.stderr.contains("image `tiny`, exactly as locked"), "{}", pulled.stderr);
    std::fs::remove_file(scene.path("manifests/RC-05.json")).expect("the manifest was there");
    let again = scene.ok(&["run", "RC-05"]);
    assert!(!again.stderr.contains("assembling"), "nothing was built: {}", again.stderr);
    assert_eq!(scene.read("manifests/RC-05.json"), recorded);
    lose(&lock);
}

#[test]
fn what_the_registry_has_lost_is_built_from_its_lock_and_says_so() {
    let (scene, lock) = scene("is built");
    let registry = DockerRegistry::open();
    let reference = push(&scene, &registry);
    let build = format!("build = \"{DEFINITION}\"");
    scene.replace("rcrepro.toml", &build, &format!("{build}\npull = \"{reference}\""));
    scene.commit("published");

    lose(&lock);
    let served = scene.ok(&["run", "RC-05"]);
    assert!(served.stderr.contains("pulled, loaded and confirmed"), "{}", served.stderr);
    let recorded = scene.read("manifests/RC-05.json");

    lose(&lock);
    drop(registry);
    let built = scene.ok(&["replay", "RC-05"]);
    assert!(built.stderr.contains("built from its lock, meets its digest, loaded and confirmed"), "{}", built.stderr);
    assert_eq!(scene.read("manifests/RC-05.json"), recorded);

    let other = reference.replace(&lock.manifest_digest.hash.to_oci(), &lock.config_digest.hash.to_oci());
    scene.replace("rcrepro.toml", &reference, &other);
    scene.commit("another plan");
    scene.run(&["run", "RC-05"]).failed(3, &["the lock of what it builds says", "hint: build and publish it anew"]);
    lose(&lock);
}

#[test]
fn a_plan_may_only_pull_and_has_to_say_a_digest() {
    let (scene, lock) = scene("is pulled");
    scene.lay_keys();
    let registry = DockerRegistry::open();
    push(&scene, &registry);
    let tag = format!("{}/team/tiny:1", registry.authority);
    scene.replace("rcrepro.toml", &format!("build = \"{DEFINITION}\""), &format!("pull = \"{tag}\""));
    scene.commit("another plan");
    scene.run(&["run", "RC-05"]).failed(3, &["has no digest", "hint: rcrepro image lock base"]);

    // The scene has a definition `base` as well, with a lock for one platform.
    let lock_base = ["image", "--platform", "linux/amd64", "lock", "base"];
    let locked = scene.ok(&lock_base);
    let digest = lock.manifest_digest.hash.to_oci();
    assert!(locked.stdout.contains(&format!("| reference | – | `{tag}@{digest}` |")), "{}", locked.stdout);
    assert!(scene.read("rcrepro.toml").contains(&format!("pull = \"{tag}@{digest}\"")));
    let again = scene.ok(&lock_base);
    assert!(!again.stderr.contains("locked"), "a second time: {}", again.stderr);
    let check = ["image", "--platform", "linux/amd64", "lock", "--check", "base"];
    assert!(scene.ok(&check).stdout.contains("fresh  ./lockfiles/pulled/amd64/base.lock"));
    scene.commit("pinned");

    lose(&lock);
    assert!(scene.ok(&["run", "RC-05"]).stderr.contains("pulled, loaded and confirmed"));
    scene.ok(&["replay", "RC-05"]);
    scene.ok(&["verify", "manifests/RC-05.json"]);

    let pulled = "lockfiles/pulled/amd64/base.lock";
    let text = scene.read(pulled);
    scene.write(pulled, text.replace(&digest, &lock.config_digest.hash.to_oci()).as_bytes());
    scene.commit("another plan");
    scene.run(&["run", "RC-05"]).failed(3, &["stale lock", "hint: rcrepro image lock base"]);
    scene.run(&check).failed(3, &["stale lock", "hint: rcrepro image lock base"]);
    std::fs::remove_file(scene.path(pulled)).expect("the lock was there");
    scene.commit("another plan");
    scene.run(&["run", "RC-05"]).failed(3, &["there is none", "hint: rcrepro image lock base"]);
    lose(&lock);
}
