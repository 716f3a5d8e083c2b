//! What every test here needs: an engine of its own, an image, a store, and commands in few words.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use bollard::Docker;
use bollard::query_parameters::{ListContainersOptions, ListVolumesOptions};
use rcrepro_engine::docker::{DockerEngine, DockerOptions, RUN, Staging};
use rcrepro_engine::{Engine as _, EngineError, Executed, Execution, ImageHost as _, Limits, Network};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::tree::{TreeBuilder, TreeNode};
use rcrepro_model::execution::action::{Action, ActionPlatform, Command};
use rcrepro_model::execution::world::World;
use rcrepro_model::image::identity::ImageIdentity;
use rcrepro_store::BlobStore as _;
use rcrepro_testkit::busybox::{self, TestImage};
use tokio_util::sync::CancellationToken;

use crate::file_store::FileStore;

/// A label value that no other test, or process, uses.
pub fn unique(what: &str) -> String {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    let name = file.path().file_name().expect("it has a name").to_string_lossy().replace('.', "");
    format!("{what}-{}-{name}", std::process::id())
}

/// A staging, and whether the daemon's directories are out of reach.
pub type Way = (Staging, bool);

/// Every way in which inputs and outputs travel: Podman has archives only, as `podman::overlays_are_out_of_reach` shows.
pub fn ways() -> Vec<Way> {
    let every = [(Staging::Overlay, false), (Staging::Overlay, true), (Staging::Archive, true)];
    every.into_iter().filter(|way| !is_podman() || way.0 == Staging::Archive).collect()
}

/// Says whether the tests were started for Podman. `connecting::the_engine_describes_itself` goes red when another
/// engine answers than the one that was promised.
pub fn is_podman() -> bool {
    engine() == "podman"
}

/// The name of the engine that the tests were started for.
pub fn engine() -> String {
    std::env::var("RCREPRO_TEST_ENGINE").unwrap_or_else(|_| "docker".to_owned())
}

/// An engine, a store, and the test image in the engine.
pub struct Scene {
    pub engine: DockerEngine,
    pub store: FileStore,
    pub image: ImageIdentity,
    pub run_id: String,
    pub cancel: CancellationToken,
}

impl Scene {
    /// Sets the scene with the best staging.
    pub async fn new() -> Self {
        Self::with(Staging::Auto).await
    }

    /// Sets the scene with one of the [`ways`].
    pub async fn by(way: Way) -> Self {
        let options = DockerOptions::new(unique("store"), unique("run"));
        Self::connect(DockerOptions { staging: way.0, api_only: way.1, ..options }).await
    }

    pub async fn with(staging: Staging) -> Self {
        let run_id = unique("run");
        Self::connect(DockerOptions { staging, ..DockerOptions::new(unique("store"), run_id) }).await
    }

    pub async fn connect(options: DockerOptions) -> Self {
        Self::load(options, busybox::image(&["PATH=/bin"])).await
    }

    pub async fn load(options: DockerOptions, image: TestImage) -> Self {
        let run_id = options.run_id.clone();
        let engine = DockerEngine::connect(options).await.expect("a container engine answers");
        let TestImage { identity, archive } = image;
        if engine.confirm_image(&identity).await.is_err() {
            let archive = Box::pin(futures_util::stream::once(async move { Ok(archive.into()) }));
            match engine.load_image("test image", archive).await {
                // The containerd store knows an image by its manifest.
                Ok(id) => assert!([identity.config.to_oci(), identity.manifest.to_oci()].contains(&id), "{id}"),
                // Its way to refuse the second of two who load the same image at once.
                Err(error) => assert!(error.to_string().contains("AlreadyExists"), "{error}"),
            }
            engine.confirm_image(&identity).await.expect("it is loaded");
        }
        Self { engine, store: FileStore::new(), image: identity, run_id, cancel: CancellationToken::new() }
    }

    /// Runs a shell script without inputs.
    pub async fn sh(&self, script: &str) -> Executed {
        self.run(&Case::sh(script)).await.expect("a result")
    }

    pub async fn run(&self, case: &Case) -> Result<Executed, EngineError> {
        let action = self.action(case);
        let execution = Execution {
            action: &action,
            image: &self.image,
            label: "test/case",
            limits: Limits { time: case.timeout, ..case.limits },
            network: case.network.clone(),
            world: &case.world,
            privilege: rcrepro_engine::Privilege::None,
            turn: None,
            live: None,
        };
        self.engine.execute(&execution, &self.store, &self.cancel).await
    }

    pub fn action(&self, case: &Case) -> Action {
        Action {
            command: Command {
                arguments: case.arguments.clone(),
                environment: case.environment.clone(),
                output_paths: case
                    .outputs
                    .iter()
                    .map(|path| path.parse().expect("a good path"))
                    .collect::<BTreeSet<_>>(),
                working_directory: case.directory.parse().expect("a good path"),
                platform: ActionPlatform {
                    image_name: self.image.name.clone(),
                    image_manifest: self.image.manifest,
                    isa: isa().to_owned(),
                },
            },
            input_root: self.tree(&case.inputs),
            timeout: Some(case.timeout),
        }
    }

    fn tree(&self, inputs: &[(&str, Input)]) -> Digest {
        let mut builder = TreeBuilder::default();
        for (path, input) in inputs {
            let path = path.parse().expect("a good path");
            let placed = match input {
                Input::File(content) => self.node(&path, content, false, &mut builder),
                Input::Program(content) => self.node(&path, content, true, &mut builder),
                Input::Link(target) => builder.insert(&path, TreeNode::Symlink { target: (*target).to_owned() }),
                Input::Folder => builder.insert_directory(&path),
            };
            placed.expect("no path occurs twice");
        }
        builder.finish(&mut |_, bytes| self.store.put(&bytes).map(|_| ())).expect("the store takes it")
    }

    fn node(
        &self,
        path: &rcrepro_model::content::name::TreePath,
        content: &[u8],
        executable: bool,
        builder: &mut TreeBuilder,
    ) -> Result<(), rcrepro_model::content::tree::TreeError> {
        let digest = self.store.put(content).expect("the store takes it");
        builder.insert(path, TreeNode::File { digest, executable })
    }

    pub fn text(&self, digest: Digest) -> String {
        String::from_utf8(self.store.get(digest).expect("the blob is in the store")).expect("it is UTF-8")
    }

    pub fn stdout(&self, executed: &Executed) -> String {
        self.text(executed.result.stdout)
    }

    /// Closes the engine and checks that nothing of this run is left in the daemon.
    pub async fn close(self) {
        self.engine.close().await;
        assert_eq!(leftovers(&self.run_id).await, Vec::<String>::new());
    }
}

/// Lists the containers and volumes of a run.
pub async fn leftovers(run_id: &str) -> Vec<String> {
    let client = Docker::connect_with_defaults().expect("a client");
    let filters = || Some(HashMap::from([("label".to_owned(), vec![format!("{RUN}={run_id}")])]));
    let wanted = ListContainersOptions { all: true, filters: filters(), ..ListContainersOptions::default() };
    let containers = client.list_containers(Some(wanted)).await.expect("a list");
    let volumes = client.list_volumes(Some(ListVolumesOptions { filters: filters() })).await.expect("a list");
    let containers = containers.into_iter().map(|container| format!("container {:?}", container.id));
    containers
        .chain(volumes.volumes.unwrap_or_default().into_iter().map(|volume| format!("volume {}", volume.name)))
        .collect()
}

/// Whether a container of a run has started.
pub async fn is_running(run_id: &str) -> bool {
    let client = Docker::connect_with_defaults().expect("a client");
    let filters = [("label", format!("{RUN}={run_id}")), ("status", "running".to_owned())];
    let filters = filters.map(|(key, value)| (key.to_owned(), vec![value])).into();
    let wanted = ListContainersOptions { all: true, filters: Some(filters), ..ListContainersOptions::default() };
    !client.list_containers(Some(wanted)).await.expect("a list").is_empty()
}

pub fn isa() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm-a64" } else { "x86-64" }
}

/// Something in the input tree.
#[derive(Clone)]
pub enum Input {
    File(Vec<u8>),
    Program(Vec<u8>),
    Link(&'static str),
    Folder,
}

/// A command and what it gets.
#[derive(Clone)]
pub struct Case {
    pub arguments: Vec<String>,
    pub environment: BTreeMap<String, String>,
    pub inputs: Vec<(&'static str, Input)>,
    pub outputs: Vec<&'static str>,
    pub directory: &'static str,
    pub timeout: Duration,
    pub limits: Limits,
    pub network: Network,
    pub world: World,
}

impl Case {
    pub fn sh(script: &str) -> Self {
        Self {
            arguments: ["/bin/sh", "-c", script].map(String::from).to_vec(),
            environment: [("HOME", "/tmp"), ("PATH", "/bin")].map(|(n, v)| (n.to_owned(), v.to_owned())).into(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            directory: "work",
            timeout: Duration::from_secs(120),
            limits: Limits { time: Duration::from_secs(120), memory: 256 << 20, pids: 64, output: 1 << 30 },
            network: Network::None,
            world: World::real(),
        }
    }
}
