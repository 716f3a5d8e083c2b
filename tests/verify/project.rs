//! A repository with one packet, run by a scripted engine through every stage, and judged by the program.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};

use rcrepro_app::run::RunOptions;
use rcrepro_app::run::context::RunContext;
use rcrepro_app::run::execute::OnFailure;
use rcrepro_app::run::packet_run::PacketRun;
use rcrepro_app::run::queue::PacketQueue;
use rcrepro_app::run::replay::{Replayed, replay};
use rcrepro_app::workspace::Workspace;
use rcrepro_engine::fake::FakeEngine;
use rcrepro_model::execution::event::RunEvent;
use rcrepro_model::plan::user_config::UserConfig;
use rcrepro_store::fs::FsStore;
use rcrepro_store::runs::Runs;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

/// The top of a plan with the packet RC-05; tests append `[[sets.all]]` tables.
pub const PLAN: &str = r#"version = 1
name = "project"

[images.base]
build = "images/base.toml"

[packets.RC-05]
title = "Replay"
sets = ["all"]
exit = [{ says = "It runs.", rests-on = ["commands"] }]
"#;

/// A `[[sets.all]]` table of a command that proves nothing but its exit code.
pub fn command(id: &str, more: &str) -> String {
    format!("[[sets.all]]\nid = \"{id}\"\nrun = \"./{id}\"\nimage = \"base\"\nproof = \"exit-code\"\n{more}\n")
}

pub struct Project {
    folder: tempfile::TempDir,
    store: PathBuf,
}

impl Project {
    pub fn new(commands: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let project = Self { store: folder.path().join("store"), folder };
        for file in ["images/base.toml", "lockfiles/images/amd64/base.lock"] {
            let bytes = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("committed");
            project.write(file, &bytes);
        }
        project.write("rcrepro.toml", format!("{PLAN}{commands}").as_bytes());
        project.write("README.md", b"# A project\n");
        project.write("src/main.go", b"package main\n");
        project.git(&["init", "-q", "-b", "main"]);
        project.commit("2026-01-02T03:04:05Z");
        link(project.with_image(), &project.store);
        project
    }

    /// Gives a store that has nothing but the image, which is built once for all projects.
    fn with_image(&self) -> &'static Path {
        static STORE: OnceLock<PathBuf> = OnceLock::new();
        STORE.get_or_init(|| {
            let store = Path::new(env!("CARGO_TARGET_TMPDIR")).join("verify-store");
            let mut program = Command::new(env!("CARGO_BIN_EXE_rcrepro"));
            program.current_dir(self.path("")).arg("--store").arg(&store).args(["image", "build", "base"]);
            let output = program.output().expect("the program starts");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            store
        })
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join("project").join(file)
    }

    pub fn write(&self, file: &str, bytes: &[u8]) {
        let path = self.path(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, bytes).expect("written");
    }

    pub fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.path(file)).expect("a text")
    }

    /// Commits everything at a time, which is that of the sandbox's clock.
    pub fn commit(&self, time: &str) {
        self.git(&["add", "-A"]);
        self.git_at(time, &["commit", "-q", "--allow-empty", "-m", "a commit"]);
    }

    pub fn git(&self, arguments: &[&str]) {
        self.git_at("2026-01-01T00:00:00Z", arguments);
    }

    fn git_at(&self, time: &str, arguments: &[&str]) {
        let status = Command::new("git")
            .current_dir(self.path(""))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("GIT_COMMITTER_DATE", time)
            .args(["-c", "user.name=Project", "-c", "user.email=project@example.com"])
            .args(arguments)
            .status()
            .expect("git is installed");
        assert!(status.success(), "git {arguments:?}");
    }

    pub fn store(&self) -> FsStore {
        FsStore::open_mending(&self.store).expect("a store")
    }

    /// A clone, judged with a store that never saw a run.
    pub fn cloned(&self) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clone = Self { store: folder.path().join("store"), folder };
        std::fs::create_dir_all(clone.path("")).expect("made");
        clone.git(&["clone", "-q", self.path("").to_str().expect("text"), "."]);
        clone
    }

    /// Runs the packet as `rcrepro run RC-05` does; gives what came of it and what was told on the way.
    pub async fn run(&self, engine: &FakeEngine) -> (PacketRun, Vec<RunEvent>) {
        self.run_with(engine, |options| options).await
    }

    /// As [`Self::run`], with other options.
    pub async fn run_with(
        &self,
        engine: &FakeEngine,
        change: impl FnOnce(RunOptions<'_>) -> RunOptions<'_>,
    ) -> (PacketRun, Vec<RunEvent>) {
        let workspace = Workspace::at(&self.path(""), "HEAD").expect("a plan");
        let queue = PacketQueue::named(&workspace, &["RC-05".parse().expect("an id")]).expect("in the plan");
        let mut found = None;
        let events = self
            .in_context(engine, async |context| {
                let finished =
                    |packet: rcrepro_app::run::queue::FinishedPacket<'_>| -> Result<(), Box<dyn std::error::Error>> {
                        found = Some(packet.run.clone());
                        Ok(())
                    };
                queue.run(context, change(options(&workspace)), finished).await.expect("decided");
            })
            .await;
        (found.expect("it ran"), events)
    }

    /// Runs every packet that is not done, as `rcrepro run --all` does; gives how many were run.
    pub async fn run_all(&self, engine: &FakeEngine) -> usize {
        let workspace = Workspace::at(&self.path(""), "HEAD").expect("a plan");
        let (queue, mut count) = (PacketQueue::ready(&workspace, &self.store), 0);
        self.in_context(engine, async |context| {
            let finished = |_: rcrepro_app::run::queue::FinishedPacket<'_>| -> Result<(), Box<dyn std::error::Error>> {
                count += 1;
                Ok(())
            };
            queue.run(context, options(&workspace), finished).await.expect("decided");
        })
        .await;
        count
    }

    /// Replays a manifest or the record of a failure.
    pub async fn replay(&self, engine: &FakeEngine, file: &str) -> Replayed {
        let workspace = Workspace::at(&self.path(""), "HEAD").expect("a plan");
        let mut found = None;
        self.in_context(engine, async |context| {
            let options = options(&workspace);
            found = Some(replay(context, &workspace, &self.path(file), options).await.expect("decided"));
        })
        .await;
        found.expect("replayed")
    }

    async fn in_context(&self, engine: &FakeEngine, work: impl AsyncFnOnce(RunContext<'_>)) -> Vec<RunEvent> {
        let (store, config, cancel) = (Arc::new(self.store()), UserConfig::default(), CancellationToken::new());
        let run = Runs::open(store.root()).and_then(|runs| runs.begin(0, "0a1b2c3d")).expect("a run");
        let events = Mutex::new(Vec::new());
        let observe = |event| events.lock().expect("no panic").push(event);
        let (engine, observe): (_, &(dyn Fn(RunEvent) + Sync)) = (engine, &observe);
        work(RunContext {
            store: &store,
            run: &run,
            engine,
            image_host: None,
            config: &config,
            observe,
            cancel: &cancel,
        })
        .await;
        events.into_inner().expect("no panic")
    }

    /// Asks the program; gives its exit code, and what it printed.
    pub fn program(&self, arguments: &[&str]) -> (i32, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_rcrepro"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("RCREPRO_STORE", &self.store)
            .current_dir(self.path(""))
            .args(arguments)
            .output()
            .expect("the program starts");
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        (output.status.code().unwrap_or(-1), text)
    }

    /// The packet's row on the board.
    pub fn row(&self) -> Value {
        let (_, text) = self.program(&["--json", "status"]);
        let document: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"));
        document["packets"][0].clone()
    }

    /// The packet's state on the board.
    pub fn state(&self) -> String {
        let row = self.row();
        row["state"].as_str().unwrap_or_else(|| panic!("{row}")).to_owned()
    }
}

fn options(workspace: &Workspace) -> RunOptions<'_> {
    RunOptions {
        revision: workspace.revision(),
        lanes: 1,
        commands: &[],
        second_look: false,
        on_failure: OnFailure::KeepGoing,
        fresh: false,
        today: super::today(),
    }
}

/// Gives a folder the files of another one. A store replaces its files and writes into none.
fn link(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            link(&source, &target);
        } else if std::fs::hard_link(&source, &target).is_err() {
            std::fs::copy(&source, &target).expect("copied");
        }
    }
}
