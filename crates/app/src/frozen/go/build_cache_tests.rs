//! A build cache on an engine that runs nothing: what is asked of it, what the lock says, and when it does not hold.

use std::collections::{BTreeMap, BTreeSet};

use tokio_util::sync::CancellationToken;

use super::settings::{BuildCache, GoChecks, GoSettings};
use crate::frozen::{FrozenError, FrozenStep, Provenance, lock_path};
use crate::workspace::plan_files::PlanFiles;
use rcrepro_engine::fake::{FakeEngine, Script};
use rcrepro_format::plan::frozen_toml;
use rcrepro_model::content::digest::{Digest, Sha256};
use rcrepro_model::content::name::Name;
use rcrepro_model::content::tree::{TreeBuilder, TreeNode};
use rcrepro_model::execution::action::Output;
use rcrepro_model::image::identity::ImageIdentity;
use rcrepro_model::plan::user_config::UserConfig;
use rcrepro_model::plan::{FrozenInput, FrozenKind};
use rcrepro_store::BlobStore;
use rcrepro_store::memory::MemoryStore;

const GO_MOD: &str = "module m\nrequire x.example/x v1.0.0\n";
/// What a compilation leaves: an entry, and what is of a day.
const CACHE: [(&str, &str); 2] = [("0a/0a12-a", "v1 entry"), ("trim.txt", "1795000000")];

/// A project with a build cache, in the state of one moment.
#[derive(Clone)]
struct Project {
    files: Vec<(&'static str, &'static str)>,
    image: &'static str,
    flags: &'static [&'static str],
}

impl Project {
    fn new() -> Self {
        Self { files: vec![("go.mod", GO_MOD), ("go.sum", "x"), ("main.go", "package main")], image: "go", flags: &[] }
    }

    fn with(mut self, path: &'static str, text: &'static str) -> Self {
        self.files.retain(|(known, _)| *known != path);
        self.files.push((path, text));
        self
    }
}

/// A store with the project's modules in it, and the folder with its locks.
struct Scene {
    store: MemoryStore,
    folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        Self { store: MemoryStore::default(), folder: tempfile::tempdir().expect("a folder") }
    }

    fn tree(&self, files: &[(&str, &str)]) -> Digest {
        let mut builder = TreeBuilder::default();
        for (path, text) in files {
            let digest = self.store.put(text.as_bytes()).expect("stored");
            builder.insert(&path.parse().expect("a path"), TreeNode::File { digest, executable: false }).expect("new");
        }
        builder.finish(&mut |_, bytes| self.store.put(&bytes).map(drop)).expect("stored")
    }

    fn leaves(&self, path: &str, files: &[(&str, &str)]) -> Script {
        Script::exit(0).output(path.parse().expect("a path"), Output::Directory { root: self.tree(files) })
    }

    /// Locks the input, or makes sure of it; gives how many steps ran, too.
    async fn step(&self, project: &Project, scripts: Vec<Script>, locks: bool) -> (Result<Made, FrozenError>, usize) {
        let engine =
            scripts.into_iter().fold(FakeEngine::default(), |engine, script| engine.on("frozen/gocache", script));
        let image = ImageIdentity {
            name: "go".into(),
            manifest: Sha256::of(project.image.as_bytes()),
            config: Sha256::of(b"x"),
            diff_ids: Vec::new(),
        };
        let (name, modules) = ("gocache".parse().expect("a name"), "gomod".parse().expect("a name"));
        let image_name: Option<Name> = "go".parse().ok();
        let input = |kind, modules| FrozenInput {
            kind,
            image: image_name.clone(),
            directory: None,
            path: None,
            client: None,
            lines: Vec::new(),
            modules,
            packages: BTreeSet::new(),
            requirements: Vec::new(),
        };
        let (cache, of) =
            (input(FrozenKind::GoBuildCache, Some(Name::clone(&modules))), input(FrozenKind::GoModules, None));
        let flags = project.flags.iter().map(ToString::to_string).collect();
        let settings = GoSettings { environment: BTreeMap::new(), flags };
        let builds = BTreeMap::from([(settings, GoChecks { vet: true, test: false })]);
        let cancel = CancellationToken::new();
        let step = FrozenStep {
            name: &name,
            input: &cache,
            cache: Some(BuildCache { modules: &modules, input: &of, builds }),
            modules: Some(self.tree(&[("x.example/x@v1.0.0/x.go", "package x")])),
            alone: false,
            is_trusted: false,
            folder: self.folder.path(),
            files: &PlanFiles::WorkingCopy,
            source: self.tree(&project.files),
            image: Some(&image),
            definition: None,
            config: &UserConfig::default(),
            isa: "x86-64",
            store: &self.store,
            engine: &engine,
            cancel: &cancel,
        };
        let made = match locks {
            true => step.lock(true).await.map(|_| Made::Locked),
            false => step.ensure().await.map(|(_, provenance)| Made::Ensured(provenance)),
        };
        (made, engine.calls().len())
    }

    async fn lock(&self, project: &Project) -> String {
        let listed = self.leaves(".rcrepro-imports", &[("0", "x.example/x\n")]);
        let (made, steps) = self.step(project, vec![listed, self.leaves("gocache", &CACHE)], true).await;
        assert!(matches!(made, Ok(Made::Locked)) && steps == 2, "{made:?}");
        std::fs::read_to_string(self.lock_path()).expect("a lock")
    }

    fn lock_path(&self) -> std::path::PathBuf {
        lock_path(self.folder.path(), &"gocache".parse().expect("a name"))
    }
}

#[derive(Debug)]
enum Made {
    Locked,
    Ensured(Provenance),
}

#[tokio::test]
async fn the_lock_names_the_packages_and_nothing_of_a_day_is_kept() {
    let scene = Scene::new();
    let lock = frozen_toml::decode(&scene.lock(&Project::new()).await).expect("a lock");
    assert_eq!(lock.root, scene.tree(&CACHE[..1]));
    let compiled = lock.compiled.expect("what was compiled");
    assert_eq!(compiled.packages["go"].iter().collect::<Vec<_>>(), ["x.example/x"]);
    assert_eq!(compiled.image, Sha256::of(b"go"));
}

#[tokio::test]
async fn the_source_may_change_and_what_pins_the_packages_may_not() {
    let scene = Scene::new();
    let project = Project::new();
    scene.lock(&project).await;
    let further = project.clone().with("main.go", "package main; import _ \"x.example/x/y\"");
    let (made, steps) = scene.step(&further, Vec::new(), false).await;
    assert!(matches!(made, Ok(Made::Ensured(Provenance::Store))) && steps == 0, "{made:?}");
    for (what, changed) in [
        ("go.sum", project.clone().with("go.sum", "y")),
        ("go.mod", project.clone().with("go.mod", "module m\nrequire x.example/x v1.0.1\n")),
        ("toolchain", Project { image: "newer", ..project.clone() }),
        ("flags", Project { flags: &["-race"], ..project.clone() }),
    ] {
        let (made, steps) = scene.step(&changed, Vec::new(), false).await;
        assert!(matches!(made, Err(FrozenError::Stale { .. })) && steps == 0, "{what}: {made:?}");
    }
}

#[tokio::test]
async fn a_cache_that_is_compiled_again_has_to_be_the_locked_one() {
    let (scene, project) = (Scene::new(), Project::new());
    let text = scene.lock(&project).await;
    let elsewhere = Scene { store: MemoryStore::default(), folder: scene.folder };
    // Only what the lock names is compiled: no step lists imports.
    let (made, steps) = elsewhere.step(&project, vec![elsewhere.leaves("gocache", &CACHE)], false).await;
    assert!(matches!(made, Ok(Made::Ensured(Provenance::Compiled))) && steps == 1, "{made:?}");
    let elsewhere = Scene { store: MemoryStore::default(), ..elsewhere };
    let other = elsewhere.leaves("gocache", &[("0a/0a12-a", "v1 forged")]);
    let (made, _) = elsewhere.step(&project, vec![other], false).await;
    assert!(matches!(made, Err(FrozenError::Mismatch { .. })), "{made:?}");

    let root = elsewhere.tree(&[("0a/0a12-a", "v1 forged")]);
    let was = frozen_toml::decode(&text).expect("a lock").root;
    let tampered = text.replace(&was.to_string(), &root.to_string());
    std::fs::write(elsewhere.lock_path(), tampered).expect("written");
    let elsewhere = Scene { store: MemoryStore::default(), ..elsewhere };
    let (made, _) = elsewhere.step(&project, vec![elsewhere.leaves("gocache", &CACHE)], false).await;
    assert!(matches!(made, Err(FrozenError::Mismatch { .. })), "a forged root is met by nothing: {made:?}");
}
