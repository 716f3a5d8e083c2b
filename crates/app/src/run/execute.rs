//! Executes a packet's commands: those that need nothing of each other side by side, each in a fresh container.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::actions::{ActionError, Resolved, derive_action};
use super::{promised, quiet};
use rcrepro_engine::{Engine, EngineError, Execution, Limits, Network, Turn};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_model::evidence::compare::{Equality, compare_command};
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::manifest::{CommandEntry, OutputEntry, ReproManifest, StreamEntry};
use rcrepro_model::execution::action::{Action, Output};
use rcrepro_model::execution::attempt::{AttemptRule, Watch};
use rcrepro_model::execution::ending::{self, Bounds, usual_memory};
use rcrepro_model::execution::event::RunEvent;
use rcrepro_model::execution::world::World;
use rcrepro_model::plan::{CommandSpec, Packet, PacketId, Plan};
use rcrepro_normalize as normalize;
use rcrepro_store::{BlobStore, StoreError};

/// The processes and threads that a command may have.
const PIDS: u32 = 4096;

/// Says why a packet's execution could not be decided.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// An action could not be derived.
    #[error(transparent)]
    Action(#[from] ActionError),
    /// The engine could not decide.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stream or output is too large for its normalizers.
    #[error("command `{command}`: {part} has {size} bytes, too many for its normalizers: at most {limit} are taken", limit = normalize::MAX_INPUT)]
    TooLargeToNormalize {
        /// The command.
        command: Name,
        /// `stdout`, `stderr` or the output's path.
        part: String,
        /// Its size in bytes.
        size: u64,
    },
    /// The plan names normalizers for an output that is no file.
    #[error(
        "command `{command}`: the plan names normalizers for output `{path}`: expected a regular file, found a {found}"
    )]
    NoFileToNormalize {
        /// The command.
        command: Name,
        /// The output.
        path: TreePath,
        /// What it is.
        found: &'static str,
    },
}

/// Gathers what an execution is done with.
#[derive(Clone, Copy)]
pub struct Executor<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The packet's id, for labels.
    pub packet: &'a PacketId,
    /// What the commands have in common.
    pub resolved: &'a Resolved,
    /// Where blobs live.
    pub store: &'a dyn BlobStore,
    /// Where commands run.
    pub engine: &'a dyn Engine,
    /// How many commands may run at once.
    pub lanes: usize,
    /// What was recorded, when this is a replay; for live reports only.
    pub recorded: Option<&'a ReproManifest>,
    /// Hears what happens.
    pub observe: &'a (dyn Fn(RunEvent) + Sync),
    /// Stops the run.
    pub cancel: &'a CancellationToken,
}

/// Is what became of a packet's commands. Those whose needs failed are in neither list.
#[derive(Debug, Default)]
pub struct Executions {
    /// The commands that ran, in the plan's order.
    pub ran: Vec<Ran>,
    /// The commands of which nothing can be said, with the reason: their own trouble, and no other command's.
    pub undecided: Vec<(Name, ExecuteError)>,
}

/// Is one command that ran.
#[derive(Debug, Clone)]
pub struct Ran {
    /// What the manifest says of it.
    pub entry: CommandEntry,
    /// How it ended, in words.
    pub ended: String,
    /// How long it ran.
    pub duration: Duration,
    /// The world that it saw.
    pub world: World,
    /// The attempts at the network that were seen.
    pub attempts: Watch,
    /// Where it was not as quiet as the plan wants it, or did not make what it promises.
    pub findings: Vec<Finding>,
    /// The attempts before this one, all of which failed.
    pub earlier: Vec<Attempt>,
}

impl Ran {
    /// Tells whether the command ended well and left what it promises.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        let broken = |finding: &Finding| matches!(finding.name, FindingName::OutputMissing | FindingName::OutputUnkept);
        self.entry.succeeded() && !self.findings.iter().any(broken)
    }
}

impl ExecuteError {
    /// Tells whether it says something of one command only. The others go on.
    #[must_use]
    pub const fn is_one_commands(&self) -> bool {
        match self {
            Self::Engine(error) => {
                matches!(error, EngineError::Call { .. } | EngineError::Incomplete { .. } | EngineError::Output { .. })
            }
            Self::TooLargeToNormalize { .. } | Self::NoFileToNormalize { .. } => true,
            Self::Action(_) | Self::Store(_) => false,
        }
    }
}

impl Executor<'_> {
    /// Runs a packet's commands and gives those that ran, in the plan's order. Commands whose needs failed are left out.
    ///
    /// # Errors
    /// [`ExecuteError`] when the result of any command could not be decided.
    pub async fn execute(&self, packet: &Packet) -> Result<Vec<Ran>, ExecuteError> {
        let Executions { ran, mut undecided } = self.execute_each(packet).await?;
        if undecided.is_empty() { Ok(ran) } else { Err(undecided.swap_remove(0).1) }
    }

    /// Runs a packet's commands. One whose result cannot be decided stands in nobody's way but of those that need it.
    ///
    /// # Errors
    /// [`ExecuteError`] when nothing can be decided, or the user stops the run; commands that still run are stopped.
    pub async fn execute_each(&self, packet: &Packet) -> Result<Executions, ExecuteError> {
        let specs: Vec<&CommandSpec> = self.plan.commands(packet).collect();
        (self.observe)(RunEvent::Planned { commands: specs.iter().map(|spec| spec.id.clone()).collect() });
        let mut waiting = specs.clone();
        let mut skipped = BTreeSet::new();
        let mut results: BTreeMap<Name, CommandEntry> = BTreeMap::new();
        let mut done: BTreeMap<Name, Ran> = BTreeMap::new();
        let (mut broken, mut undecided) = (BTreeSet::new(), Vec::new());
        let lanes = Semaphore::new(self.lanes.max(1));
        let mut running = FuturesUnordered::new();
        let stop = self.cancel.child_token();
        let mut failure: Option<ExecuteError> = None;
        loop {
            if failure.is_none() {
                self.skip_hopeless(&mut waiting, &mut skipped, &broken);
                // One more than there are lanes: its container stands ready when a lane becomes free.
                while running.len() <= self.lanes.max(1) {
                    let ready =
                        waiting.iter().position(|spec| spec.needs.iter().all(|need| results.contains_key(need)));
                    let Some(index) = ready else { break };
                    let spec = waiting.remove(index);
                    match derive_action(self.plan, spec, self.resolved, &results, self.store) {
                        Ok(action) => running.push(self.one(spec, action, &lanes, stop.clone())),
                        Err(error) => {
                            failure = Some(error.into());
                            stop.cancel();
                            break;
                        }
                    }
                }
            }
            match running.next().await {
                Some((_, Ok(ran))) => {
                    if !ran.succeeded() {
                        broken.insert(ran.entry.id.clone());
                    }
                    results.insert(ran.entry.id.clone(), ran.entry.clone());
                    done.insert(ran.entry.id.clone(), ran);
                }
                Some((id, Err(error))) if error.is_one_commands() && failure.is_none() => {
                    broken.insert(id.clone());
                    undecided.push((id.clone(), error));
                }
                Some((_, Err(error))) => {
                    // The first failure is the cause; what it interrupts fails too.
                    failure.get_or_insert(error);
                    stop.cancel();
                }
                None => break,
            }
        }
        if let Some(error) = failure {
            return Err(error);
        }
        // Where nothing ran at all, there is nothing to keep beside the reason.
        if done.is_empty() && !undecided.is_empty() {
            return Err(undecided.swap_remove(0).1);
        }
        Ok(Executions { ran: specs.iter().filter_map(|spec| done.remove(&spec.id)).collect(), undecided })
    }

    /// Drops commands that can no longer run: a command that they need failed, or was itself dropped.
    fn skip_hopeless(&self, waiting: &mut Vec<&CommandSpec>, skipped: &mut BTreeSet<Name>, broken: &BTreeSet<Name>) {
        loop {
            let hopeless = waiting.iter().enumerate().find_map(|(index, spec)| {
                let failed = |need: &&Name| skipped.contains(*need) || broken.contains(*need);
                Some((index, spec.needs.iter().find(failed)?.clone()))
            });
            let Some((index, because)) = hopeless else { return };
            let spec = waiting.remove(index);
            skipped.insert(spec.id.clone());
            (self.observe)(RunEvent::Skipped { id: spec.id.clone(), because });
        }
    }

    async fn one<'s>(
        &self,
        spec: &'s CommandSpec,
        action: Action,
        lanes: &Semaphore,
        stop: CancellationToken,
    ) -> (&'s Name, Result<Ran, ExecuteError>) {
        (&spec.id, self.told(spec, action, lanes, stop).await)
    }

    async fn told(
        &self,
        spec: &CommandSpec,
        action: Action,
        lanes: &Semaphore,
        stop: CancellationToken,
    ) -> Result<Ran, ExecuteError> {
        let ran = self.attempt(spec, &action, lanes, &stop).await?;
        let expected = self.recorded.and_then(|manifest| manifest.command(&spec.id));
        if spec.quiet.network != AttemptRule::Allow && ran.attempts != Watch::default() {
            (self.observe)(RunEvent::Network { id: spec.id.clone(), attempts: ran.attempts.clone() });
        }
        (self.observe)(RunEvent::Finished {
            id: spec.id.clone(),
            exit_code: ran.entry.exit_code,
            ended: ran.ended.clone(),
            duration: ran.duration,
            equality: match (expected, self.recorded) {
                (Some(expected), _) => Some(compare_command(expected, &ran.entry).equality),
                (None, Some(_)) => Some(Equality::Divergent),
                (None, None) => None,
            },
        });
        Ok(ran)
    }

    /// Executes a command's action, or one that was derived from it, in a world. Nothing is told of it.
    ///
    /// # Errors
    /// [`ExecuteError`] when the result cannot be decided.
    pub(crate) async fn perform(
        &self,
        spec: &CommandSpec,
        action: &Action,
        world: &World,
        turn: Option<Turn<'_>>,
        stop: &CancellationToken,
    ) -> Result<Ran, ExecuteError> {
        let image = &self.resolved.images[&spec.image];
        let identity = image.identity(&spec.image);
        let label = format!("{}/{}", self.packet, spec.id);
        let execution = Execution {
            action,
            image: &identity,
            label: &label,
            limits: self.limits(spec),
            network: Network::None,
            world,
            turn,
        };
        let executed = self.engine.execute(&execution, self.store, stop).await?;
        let result = &executed.result;
        let outputs: Result<_, ExecuteError> =
            result.outputs.iter().map(|(path, output)| Ok((path.clone(), self.output(spec, path, output)?))).collect();
        let entry = CommandEntry {
            id: spec.id.clone(),
            line: spec.line.clone(),
            image: spec.image.clone(),
            frozen: spec.frozen.clone(),
            needs: spec.needs.clone(),
            require: spec.require,
            clock: executed.clock,
            input_root: action.input_root,
            command: Digest::of(&action.command.encode()),
            action: action.digest(),
            ending: executed.ending.into(),
            exit_code: result.exit_code,
            stdout: self.stream(spec, "stdout", result.stdout, &spec.normalize_stdout)?,
            stderr: self.stream(spec, "stderr", result.stderr, &spec.normalize_stderr)?,
            outputs: outputs?,
            result: self.store.put(&result.encode())?,
            earlier: Vec::new(),
        };
        let mut findings = quiet::streams(self.store, &spec.quiet, &entry)?;
        findings.extend(quiet::network(&spec.quiet, spec.id.as_str(), &executed.attempts));
        findings.extend(promised::missing(spec, &entry, &executed.unkept));
        Ok(Ran {
            ended: self.ended(spec, &entry),
            entry,
            duration: executed.duration,
            world: executed.world,
            attempts: executed.attempts,
            findings,
            earlier: Vec::new(),
        })
    }

    fn limits(&self, spec: &CommandSpec) -> Limits {
        let memory = spec.memory.unwrap_or_else(|| usual_memory(self.engine.info().memory));
        Limits { memory, pids: PIDS, output: spec.max_output }
    }

    /// Says how a command ended.
    pub(crate) fn ended(&self, spec: &CommandSpec, entry: &CommandEntry) -> String {
        let bounds = Bounds { timeout: spec.timeout, memory: Some(self.limits(spec).memory) };
        ending::words(entry.ending, entry.exit_code, bounds)
    }

    fn stream(
        &self,
        spec: &CommandSpec,
        part: &str,
        raw: Digest,
        normalizers: &[String],
    ) -> Result<StreamEntry, ExecuteError> {
        if !normalizers.is_empty() && raw.size > normalize::MAX_INPUT {
            let (command, part) = (spec.id.clone(), part.to_owned());
            return Err(ExecuteError::TooLargeToNormalize { command, part, size: raw.size });
        }
        let canonical = canonical_blob(self.store, raw, normalizers)?;
        Ok(StreamEntry { raw, canonical, normalizers: normalizers.to_vec() })
    }

    /// Names an output; a file goes through the normalizers that the plan names for it.
    fn output(&self, spec: &CommandSpec, path: &TreePath, output: &Output) -> Result<OutputEntry, ExecuteError> {
        let Some(normalizers) = spec.normalize_outputs.get(path).filter(|names| !names.is_empty()) else {
            return Ok(output.into());
        };
        let found = match output {
            Output::File { digest, executable } => {
                let StreamEntry { raw, canonical, normalizers } =
                    self.stream(spec, path.as_str(), *digest, normalizers)?;
                return Ok(OutputEntry::File { raw, canonical, normalizers, executable: *executable });
            }
            Output::Directory { .. } => "directory",
            Output::Symlink { .. } => "symbolic link",
        };
        Err(ExecuteError::NoFileToNormalize { command: spec.id.clone(), path: path.clone(), found })
    }
}

/// Applies normalizers to a stored stream or file and stores what comes out; none leave it as it is.
///
/// # Errors
/// [`StoreError`] when the stream is missing, damaged or beyond [`rcrepro_store::GET_LIMIT`].
pub fn canonical_blob(store: &dyn BlobStore, raw: Digest, normalizers: &[String]) -> Result<Digest, StoreError> {
    if normalizers.is_empty() {
        return Ok(raw);
    }
    let mut bytes = store.get(raw)?;
    for normalizer in normalizers.iter().filter_map(|name| normalize::by_name(name)) {
        bytes = normalizer.apply(&bytes);
    }
    store.put(&bytes)
}

mod attempts;
mod second_look;
#[cfg(test)]
mod tests;

pub use attempts::Attempt;
