//! An engine for tests of what uses one: it runs nothing and answers by script.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::secrets::Redaction;
use super::{Engine, EngineError, EngineInfo, Executed, Execution, Limits, MemoryPool, Network, OutputTail};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::execution::action::{ActionResult, Output};
use rcrepro_model::execution::limits::EngineMachine;
use rcrepro_model::execution::world::World;
use rcrepro_model::image::identity::ImageIdentity;
use rcrepro_store::BlobStore;

mod archive;
mod images;
mod script;

pub use self::archive::FakeImage;
pub use self::images::{FakeBuild, FakeBuildCall, FakeImageHost, FakeRun};
use self::script::FakeOutput;
pub use self::script::Script;

/// Answers executions by their label. An execution without a script is an error, so that no test passes by accident.
pub struct FakeEngine {
    info: EngineInfo,
    state: Mutex<State>,
    memory: MemoryPool,
    /// What it confirms images by; without it, it holds every image.
    images: Option<FakeImageHost>,
}

#[derive(Default)]
struct State {
    scripts: HashMap<String, Vec<Script>>,
    calls: Vec<Call>,
    running: usize,
    most_running: usize,
    closed: usize,
}

/// An execution that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The execution's label.
    pub label: String,
    /// The digest of [`Execution::action`].
    pub action: Digest,
    /// The network it was given.
    pub network: Network,
    /// The world that was asked for.
    pub world: World,
    /// What it might use.
    pub limits: Limits,
}

impl Default for FakeEngine {
    fn default() -> Self {
        let text = str::to_owned;
        Self {
            info: EngineInfo {
                name: text("fake"),
                version: text("1"),
                api_version: text("1"),
                isa: text("x86-64"),
                machine: EngineMachine::default(),
                staging: text("archive"),
            },
            state: Mutex::default(),
            memory: MemoryPool::default(),
            images: None,
        }
    }
}

impl FakeEngine {
    /// Adds a script for a label. Several for one label are used one after the other; the last one repeats.
    #[must_use]
    pub fn on(self, label: impl Into<String>, script: Script) -> Self {
        self.with(|state| state.scripts.entry(label.into()).or_default().push(script));
        self
    }

    /// Pretends to be a machine with so much memory, in bytes, and so many processors.
    #[must_use]
    pub fn with_machine(mut self, memory: u64, processors: u64) -> Self {
        self.info.machine = EngineMachine { memory: Some(memory), processors: Some(processors) };
        Self { memory: MemoryPool::new(Some(memory)), ..self }
    }

    /// Holds the images that this host keeps, and no others.
    #[must_use]
    pub fn with_images(self, host: &FakeImageHost) -> Self {
        Self { images: Some(host.clone()), ..self }
    }

    /// Lists the executions in the order in which they began.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.with(|state| state.calls.clone())
    }

    /// Returns how many executions ran at the same time at most.
    #[must_use]
    pub fn most_running(&self) -> usize {
        self.with(|state| state.most_running)
    }

    /// Returns how often it was closed.
    #[must_use]
    pub fn closed(&self) -> usize {
        self.with(|state| state.closed)
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Answers now: what the script says, and how long it takes.
    fn answer(
        &self,
        execution: &Execution<'_>,
        store: &dyn BlobStore,
    ) -> Result<(Duration, Result<Executed, EngineError>), EngineError> {
        let label = execution.label.to_owned();
        self.with(|state| {
            let done = state.calls.iter().filter(|call| call.label == label).count();
            state.calls.push(Call {
                label: label.clone(),
                action: execution.action.digest(),
                network: execution.network.clone(),
                world: execution.world.clone(),
                limits: execution.limits,
            });
            let scripts = state.scripts.get(&label).filter(|scripts| !scripts.is_empty());
            let Some(script) = scripts.and_then(|scripts| scripts.get(done).or(scripts.last())) else {
                let reason = "the fake engine has no script for it".to_owned();
                return Err(EngineError::Call { label, doing: "execute the command", reason });
            };
            if let Some(error) = &script.error {
                return Ok((script.takes, Err(error())));
            }
            let mut outputs = BTreeMap::new();
            for path in &execution.action.command.output_paths {
                let output = match script.outputs.get(path) {
                    None => continue,
                    Some(FakeOutput::Ready(output)) => output.clone(),
                    Some(FakeOutput::File(content)) => Output::File { digest: store.put(content)?, executable: false },
                };
                outputs.insert(path.clone(), output);
            }
            let shown = |said: &[u8]| {
                let mut redaction = Redaction::of(execution.secrets());
                [redaction.push(said), redaction.finish()].concat()
            };
            let result = ActionResult {
                exit_code: script.exit_code,
                stdout: store.put(&shown(&script.stdout))?,
                stderr: store.put(&shown(&script.stderr))?,
                outputs,
            };
            Ok((
                script.takes,
                Ok(Executed {
                    result,
                    ending: script.ending,
                    duration: script.lasts.unwrap_or(script.takes),
                    clock: execution.world.clock(),
                    world: execution.world.clone(),
                    attempts: script.attempts.clone(),
                    unkept: script.unkept.clone(),
                }),
            ))
        })
    }
}

/// What a script writes, as if it had come at once.
struct Said(Vec<u8>);

impl OutputTail for Said {
    fn end(&self, most: usize) -> Vec<u8> {
        self.0[self.0.len().saturating_sub(most)..].to_vec()
    }
}

/// Counts an execution as running until it is dropped.
struct Running<'a>(&'a FakeEngine);

impl<'a> Running<'a> {
    fn begin(engine: &'a FakeEngine) -> Self {
        engine.with(|state| {
            state.running += 1;
            state.most_running = state.most_running.max(state.running);
        });
        Self(engine)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.with(|state| state.running -= 1);
    }
}

#[async_trait]
impl Engine for FakeEngine {
    fn info(&self) -> &EngineInfo {
        &self.info
    }

    async fn confirm_image(&self, image: &ImageIdentity) -> Result<(), EngineError> {
        self.images.as_ref().map_or(Ok(()), |host| host.confirm(image))
    }

    async fn execute(
        &self,
        execution: &Execution<'_>,
        store: &dyn BlobStore,
        cancel: &CancellationToken,
    ) -> Result<Executed, EngineError> {
        let interrupted = || EngineError::Interrupted { label: execution.label.to_owned() };
        if cancel.is_cancelled() {
            return Err(interrupted());
        }
        let _turn = execution.take_turn(&self.memory, cancel).await?;
        let _running = Running::begin(self);
        let (takes, result) = self.answer(execution, store)?;
        if let (Some(live), Ok(executed)) = (execution.live, &result) {
            let [stdout, stderr] = [executed.result.stdout, executed.result.stderr];
            live.follow(Arc::new(Said(store.get(if stdout.size > 0 { stdout } else { stderr })?)));
        }
        if takes > Duration::ZERO {
            tokio::select! {
                () = cancel.cancelled() => return Err(interrupted()),
                () = tokio::time::sleep(takes) => {}
            }
        }
        result
    }

    async fn sweep_orphans(
        &self,
        _is_alive: &(dyn for<'a, 'b> Fn(&'a str, &'b str) -> bool + Sync),
    ) -> Result<Vec<String>, EngineError> {
        Ok(Vec::new())
    }

    async fn close(&self) {
        self.with(|state| state.closed += 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_model::content::digest::Sha256;
    use rcrepro_model::content::name::TreePath;
    use rcrepro_model::execution::action::{Action, ActionPlatform, Command, Ending};
    use rcrepro_model::execution::world::World;
    use rcrepro_store::memory::MemoryStore;

    fn action() -> Action {
        Action {
            command: Command {
                arguments: vec!["x".into()],
                environment: BTreeMap::new(),
                output_paths: ["out".parse().expect("a good path")].into(),
                working_directory: "work".parse().expect("a good path"),
                platform: ActionPlatform {
                    image_name: "x".into(),
                    image_manifest: Sha256::of(b""),
                    isa: "x86-64".into(),
                },
            },
            input_root: Digest::of(b""),
            timeout: None,
        }
    }

    async fn run(engine: &FakeEngine, label: &str, cancel: &CancellationToken) -> Result<Executed, EngineError> {
        let image = ImageIdentity {
            name: "x".into(),
            manifest: Sha256::of(b""),
            config: Sha256::of(b""),
            diff_ids: Vec::new(),
        };
        let action = action();
        let limits = Limits { time: Duration::from_secs(1), memory: 1, pids: 1, output: 1 };
        let execution = Execution {
            action: &action,
            image: &image,
            label,
            limits,
            network: Network::None,
            world: &World::real(),
            privilege: crate::Privilege::None,
            turn: None,
            live: None,
        };
        engine.execute(&execution, &MemoryStore::default(), cancel).await
    }

    #[tokio::test]
    async fn scripts_are_used_in_order_and_the_last_one_repeats() {
        let path = |text: &str| text.parse::<TreePath>().expect("a good path");
        let engine = FakeEngine::default()
            .on("a", Script::exit(1).stdout("first").file(path("out"), "made").file(path("undeclared"), "x"))
            .on("a", Script::exit(0));
        let cancel = CancellationToken::new();
        let first = run(&engine, "a", &cancel).await.expect("a result");
        assert_eq!(first.result.stdout, Digest::of(b"first"));
        assert_eq!(first.result.outputs.len(), 1);
        for _ in 0..2 {
            assert_eq!(run(&engine, "a", &cancel).await.expect("a result").ending, Ending::Exited { code: 0 });
        }
        assert!(run(&engine, "b", &cancel).await.is_err(), "no script");
        assert_eq!(engine.calls().len(), 4);
    }

    #[tokio::test]
    async fn a_cancelled_execution_is_interrupted() {
        let engine = FakeEngine::default().on("a", Script::exit(0).takes(Duration::from_secs(600)));
        let cancel = CancellationToken::new();
        let (result, ()) = tokio::join!(run(&engine, "a", &cancel), async { cancel.cancel() });
        assert!(matches!(result, Err(EngineError::Interrupted { .. })));
    }
}
