//! What becomes of what an image's pip leaves, on an engine that runs nothing.

use crate::frozen::FrozenError;
use crate::frozen::failed_step::Blame;
use crate::frozen::network_tests::Scene;
use rcrepro_engine::fake::Script;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::tree::{TreeBuilder, TreeNode};
use rcrepro_model::execution::action::Output;
use rcrepro_model::plan::FrozenKind;
use rcrepro_model::text::hint::Hint as _;
use rcrepro_store::BlobStore as _;

const FLASK: &str = "flask-3.0.3-py3-none-any.whl";

fn python(files: &[(&str, &str)], script: Option<Script>) -> Scene {
    let mut scene = Scene::new(FrozenKind::PythonPackages, "api", files, script);
    scene.input.requirements = vec!["requirements.txt".parse().expect("a path")];
    scene
}

/// Locks with a step that leaves these files.
async fn locked(mut scene: Scene, left: &[&str]) -> Result<String, FrozenError> {
    let mut tree = TreeBuilder::default();
    for file in left {
        let digest = scene.store.put(file.as_bytes()).expect("stored");
        tree.insert(&file.parse().expect("a path"), TreeNode::File { digest, executable: false }).expect("new");
    }
    let root = tree.finish(&mut |_, bytes| scene.store.put(&bytes).map(drop)).expect("stored");
    scene.script(Script::exit(0).output("rcrepro-wheels".parse().expect("a path"), Output::Directory { root }));
    scene.lock().await
}

#[tokio::test]
async fn each_wheel_is_in_the_lock_by_its_file_and_hash() {
    let scene = python(&[("api/requirements.txt", "flask\n")], None);
    let lock = locked(scene, &[FLASK, "click-8.1.7-py3-none-any.whl"]).await.expect("locked");
    let hash = Digest::of(FLASK.as_bytes()).hash;
    let entry = format!("[[wheel]]\nfile = \"{FLASK}\"\nsize = {}\nsha256 = \"{hash}\"\n", FLASK.len());
    assert!(lock.contains("kind = \"python-packages\"") && lock.contains(&entry), "{lock}");
    assert!(lock.find("click-8.1.7") < lock.find("flask-3.0.3"), "{lock}");
}

#[tokio::test]
async fn what_is_no_wheel_is_not_locked() {
    let scene = python(&[("api/requirements.txt", "flask\n")], None);
    let error = locked(scene, &["flask-3.0.3.tar.gz"]).await.expect_err("a source distribution");
    assert_eq!(error.to_string(), "frozen input `deps`: pip left `flask-3.0.3.tar.gz`, which is not a wheel");
}

#[tokio::test]
async fn files_that_requirement_files_name_are_part_of_what_the_lock_is_made_from() {
    let made_from = async |limits: &str, packages: &[&str]| {
        let files = [("api/requirements.txt", "-c ../limits.in\nflask\n"), ("limits.in", limits)];
        let mut scene = python(&files, None);
        scene.input.packages = packages.iter().map(ToString::to_string).collect();
        let lock = locked(scene, &[FLASK]).await.expect("locked");
        lock.lines().find(|line| line.starts_with("made_from")).expect("a line").to_owned()
    };
    let one = made_from("flask<4\n", &[]).await;
    assert_eq!(one, made_from("flask<4\n", &[]).await);
    assert_ne!(one, made_from("flask<3\n", &[]).await);
    assert_ne!(one, made_from("flask<4\n", &["uv"]).await);
    let error = python(&[("api/requirements.txt", "-c ../limits.in\n")], None).lock().await.expect_err("it is missing");
    assert!(error.to_string().contains("limits.in: it is not in the source"), "{error}");
}

#[tokio::test]
async fn a_package_that_no_wheel_has_is_named_with_what_mends_it() {
    let said = "ERROR: No matching distribution found for old==1.0\nrcrepro: `old==1.0` has no wheel for this Python and platform, only a \
        source distribution (old-1.0.tar.gz)\n";
    let scene = python(&[("api/requirements.txt", "old==1.0\n")], Some(Script::exit(1).stderr(said)));
    let error = scene.lock().await.expect_err("it failed");
    assert!(matches!(error, FrozenError::Step { blame: Blame::Project, .. }), "{error}");
    assert!(error.to_string().contains("only a source distribution (old-1.0.tar.gz)"), "{error}");
    assert!(error.hint().expect("a hint").starts_with("only wheels are frozen"));
    let said = "rcrepro: the image has no python3\n";
    let scene = python(&[("api/requirements.txt", "old==1.0\n")], Some(Script::exit(1).stderr(said)));
    let error = scene.lock().await.expect_err("it failed");
    assert!(error.hint().expect("a hint").contains("python3-pip"), "{error}");
}
