//! Steps on an engine that runs nothing: what is asked of it, and what becomes of its answers.

use std::collections::BTreeSet;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::failed_step::Blame;
use super::*;
use rcrepro_engine::fake::{FakeEngine, Script};
use rcrepro_model::content::tree::{TreeBuilder, TreeNode};
use rcrepro_model::execution::action::Ending;
use rcrepro_model::text::hint::Hint as _;
use rcrepro_store::memory::MemoryStore;

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855/0";

/// A source with a frozen input in it, and an engine that answers its step so.
pub(super) struct Scene {
    pub store: MemoryStore,
    source: Digest,
    pub input: FrozenInput,
    engine: FakeEngine,
    folder: tempfile::TempDir,
}

impl Scene {
    pub fn new(kind: FrozenKind, directory: &str, files: &[(&str, &str)], script: Option<Script>) -> Self {
        let store = MemoryStore::default();
        let mut builder = TreeBuilder::default();
        for (path, text) in files {
            let digest = store.put(text.as_bytes()).expect("stored");
            builder.insert(&path.parse().expect("a path"), TreeNode::File { digest, executable: false }).expect("new");
        }
        let source = builder.finish(&mut |_, bytes| store.put(&bytes).map(drop)).expect("stored");
        let engine = FakeEngine::default();
        let engine = script.into_iter().fold(engine, |engine, script| engine.on("frozen/deps", script));
        let directory = directory.parse().ok();
        let input = FrozenInput {
            kind,
            image: "base".parse().ok(),
            directory,
            path: None,
            client: None,
            lines: Vec::new(),
            modules: None,
            packages: BTreeSet::new(),
            requirements: Vec::new(),
        };
        Self { store, source, input, engine, folder: tempfile::tempdir().expect("a folder") }
    }

    /// Answers its step so.
    pub fn script(&mut self, script: Script) {
        self.engine = FakeEngine::default().on("frozen/deps", script);
    }

    pub async fn lock(&self) -> Result<String, FrozenError> {
        let hash = Sha256::of(b"image");
        let image = ImageIdentity { name: "base".into(), manifest: hash, config: hash, diff_ids: Vec::new() };
        let step = FrozenStep {
            name: &"deps".parse().expect("a name"),
            input: &self.input,
            cache: None,
            modules: None,
            alone: false,
            is_trusted: false,
            folder: self.folder.path(),
            files: &PlanFiles::WorkingCopy,
            source: self.source,
            image: Some(&image),
            definition: None,
            config: &UserConfig::default(),
            isa: "x86-64",
            store: &self.store,
            engine: &self.engine,
            cancel: &CancellationToken::new(),
        };
        let (path, _) = step.lock(true).await?;
        Ok(std::fs::read_to_string(path).expect("a lock"))
    }
}

fn npm(packages: serde_json::Value, script: Option<Script>) -> Scene {
    let lock = json!({ "lockfileVersion": 3, "packages": packages }).to_string();
    Scene::new(FrozenKind::NpmPackages, "", &[("package.json", "{}"), ("package-lock.json", &lock)], script)
}

fn package(more: &serde_json::Value) -> serde_json::Value {
    let mut package = json!({ "version": "3.0.1", "integrity": format!("sha512-{}==", "A".repeat(86)) });
    for (key, value) in more.as_object().expect("an object") {
        package[key] = value.clone();
    }
    package
}

#[tokio::test]
async fn a_tree_that_should_hold_packages_is_never_locked_empty() {
    let scene = npm(json!({ "node_modules/is-odd": package(&json!({})) }), Some(Script::exit(0)));
    let error = scene.lock().await.expect_err("npm fetched nothing");
    assert!(matches!(error, FrozenError::LeftOut { .. }), "{error}");
    assert!(error.to_string().contains("npm left out `is-odd@3.0.1`, 1 of 1 package"), "{error}");
    assert!(!scene.folder.path().join("lockfiles").exists(), "no lock is written");
}

#[tokio::test]
async fn packages_of_other_platforms_may_be_left_out() {
    for reason in [json!({ "os": ["darwin"] }), json!({ "optional": true })] {
        let scene = npm(json!({ "node_modules/is-odd": package(&reason) }), Some(Script::exit(0)));
        assert!(scene.lock().await.expect("nothing is missing").contains(EMPTY), "{reason}");
    }
}

#[tokio::test]
async fn a_lock_that_pins_nothing_is_refused_before_the_step() {
    let scene = npm(json!({ "node_modules/far": { "resolved": "git+ssh://git@git.example/far.git#1" } }), None);
    let error = scene.lock().await.expect_err("by git");
    assert!(matches!(&error, FrozenError::Refused { faults, .. } if faults.len() == 1), "{error}");
    assert!(scene.engine.calls().is_empty(), "nothing was asked");
}

#[tokio::test]
async fn a_module_without_requirements_runs_no_step() {
    let scene = Scene::new(FrozenKind::GoModules, "", &[("go.mod", "module m\n")], None);
    assert!(scene.lock().await.expect("an empty tree").contains(EMPTY));
}

#[tokio::test]
async fn a_folder_that_replaces_a_module_is_part_of_what_the_lock_is_made_from() {
    let module = "module m\nrequire x.example/x v0.0.0\nreplace x.example/x => ../lib\n";
    let made_from = async |lib: &str| {
        let files = [("a/go.mod", module), ("a/go.sum", ""), ("lib/go.mod", lib)];
        let scene = Scene::new(FrozenKind::GoModules, "a", &files, Some(Script::exit(0)));
        let lock = scene.lock().await.expect("locked");
        lock.lines().find(|line| line.starts_with("made_from")).expect("a line").to_owned()
    };
    let one = made_from("module x.example/x\n").await;
    assert_eq!(one, made_from("module x.example/x\n").await);
    assert_ne!(one, made_from("module x.example/x\nrequire y.example/y v1.0.0\n").await);
}

#[tokio::test]
async fn a_failed_step_says_why_and_whose_fault_it_is() {
    let module = [("go.mod", "module m\nrequire x.example/x v1.0.0\n"), ("go.sum", "")];
    let said = "go: x.example/x@v1.0.0: missing go.sum entry for go.mod file\n";
    let scene = Scene::new(FrozenKind::GoModules, "", &module, Some(Script::exit(1).stderr(said)));
    let error = scene.lock().await.expect_err("it failed");
    assert!(matches!(error, FrozenError::Step { blame: Blame::Project, .. }), "{error}");
    let text = error.to_string();
    assert!(
        text.starts_with("the step of frozen input `deps` failed: exit code 1\n  | go: x.example/x@v1.0.0:"),
        "{text}"
    );

    let timed_out = Script::ending(Ending::TimedOut, 137).stderr(said);
    let scene = Scene::new(FrozenKind::GoModules, "", &module, Some(timed_out));
    let error = scene.lock().await.expect_err("it took too long");
    assert!(matches!(error, FrozenError::Step { blame: Blame::World, .. }), "{error}");
    assert!(error.to_string().contains("failed: timed out after 30 min"), "{error}");
}

#[tokio::test]
async fn a_lock_of_another_platform_says_which_package_it_leaves_out_and_what_mends_it() {
    let here = npm::tarball_lock::TargetPlatform::of_machine();
    let said = format!(
        "npm error code EUSAGE\nnpm error\nnpm error `npm ci` can only install packages when your package.json and package-lock.json are \
         in sync.\nnpm error Missing: @esbuild/darwin-x64@0.25.0 from lock file\nnpm error Missing: @esbuild/{here}@0.25.0 from lock \
         file\nnpm error\nnpm error Clean install a project\nnpm error Usage:\nnpm error npm ci\n{}",
        "npm error [--a-word-of-the-usage]\n".repeat(400)
    );
    let scene = npm(json!({ "node_modules/is-odd": package(&json!({})) }), Some(Script::exit(1).stderr(said)));
    let error = scene.lock().await.expect_err("npm refused");
    let text = error.to_string();
    assert!(text.contains(&format!("Missing: @esbuild/{here}@0.25.0")) && !text.contains("usage"), "{text}");
    let hint = error.hint().expect("a hint");
    let start =
        format!("`@esbuild/{here}` is for {here}, and the lock was written on another platform: rm -r node_modules");
    assert!(hint.starts_with(&start), "{hint}");
}
