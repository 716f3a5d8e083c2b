//! Executes a packet's commands: those that need nothing of each other side by side, each in a fresh container.

mod attempts;
mod command;
mod command_run;
mod container;
mod lane_queue;
mod schedule;
mod second_look;
mod taken_over;
#[cfg(test)]
mod tests;
mod whole_look;

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use self::lane_queue::LaneQueue;
use self::schedule::Schedule;
use super::actions::{ActionError, Resolved, derive_action};
use super::context::RunContext;
use super::earlier::EarlierRuns;
use super::prepare::Prepared;
use super::{RunError, StageInput};
use crate::workspace::source;
use rcrepro_engine::EngineError;
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_model::evidence::manifest::ReproManifest;
use rcrepro_model::execution::event::RunEvent;
use rcrepro_model::execution::second_look::told::FailureNotes;
use rcrepro_model::plan::{CommandSpec, Packet, PacketId, Plan};
use rcrepro_model::text::hint::Hint;
use rcrepro_normalize as normalize;
use rcrepro_store::StoreError;
use rcrepro_store::export::ExportError;

pub use command_run::{CommandRun, FailedAttempt};
pub use container::canonical_blob;

/// Why a packet's execution could not be decided.
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
    /// What a command added to a frozen build cache could not be read.
    #[error("command `{command}`: what it added to its build cache cannot be kept")]
    Added {
        /// The command that compiled.
        command: Name,
        /// What failed.
        #[source]
        source: Box<ExportError>,
    },
    /// A stream or output is too large for its normalizers.
    #[error("command `{command}`: {part} has {size} bytes, too many for its normalizers: at most {limit} are taken", limit = normalize::MAX_INPUT)]
    TooLargeToNormalize {
        /// The command that wrote it.
        command: Name,
        /// `stdout`, `stderr` or the output's path.
        part: String,
        /// Its size in bytes.
        size: u64,
    },
    /// The plan names normalizers for an output that is not a file.
    #[error(
        "command `{command}`: the plan names normalizers for output `{path}`: expected a regular file, found a {found}"
    )]
    NoFileToNormalize {
        /// The command that made the output.
        command: Name,
        /// The output.
        path: TreePath,
        /// The kind of node that the command made.
        found: &'static str,
    },
}

impl Hint for ExecuteError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Action(ActionError::Store(_)) | Self::Added { .. } | Self::TooLargeToNormalize { .. } => None,
            Self::Engine(error) => error.hint(),
            Self::Store(_) => None,
            Self::Action(_) => {
                Some(
                    "a declared output may not be in the source, but for a folder of placeholders: remove it there, or from `outputs`"
                        .to_owned(),
                )
            }
            Self::NoFileToNormalize { .. } => {
                Some("name the files themselves as `outputs`, or take it out of `normalize.outputs`".to_owned())
            }
        }
    }
}

/// What a packet's commands are executed with.
#[derive(Clone, Copy)]
pub struct Executor<'a> {
    /// What every stage works with.
    pub context: RunContext<'a>,
    /// The plan of the commands; it may have fewer of them than the workspace's.
    pub plan: &'a Plan,
    /// The packet's id, for labels.
    pub packet: &'a PacketId,
    /// What the commands have in common.
    pub resolved: &'a Resolved,
    /// How many commands may run at once.
    pub lanes: usize,
    /// What was recorded, when this is a replay; for live reports only.
    pub recorded: Option<&'a ReproManifest>,
    /// What a failure does to the commands that do not need the one that failed.
    pub on_failure: OnFailure,
    /// What earlier runs executed and may be taken over.
    pub earlier: Option<&'a EarlierRuns>,
}

/// What a failure does to commands, and packets, that do not need what failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// They are run.
    #[default]
    KeepGoing,
    /// None of them begins any more; what runs already ends by itself.
    Stop,
}

/// What became of a packet's commands. Those whose needs failed are in neither list.
#[derive(Debug, Default)]
pub struct Executions {
    /// The commands that ran, in the plan's order.
    pub commands: Vec<CommandRun>,
    /// The commands of which nothing can be said, with the reason: their own trouble, and no other command's.
    pub undecided: Vec<(Name, ExecuteError)>,
}

/// The second stage's value: what became of the commands, and what is known beside their failures.
#[derive(Debug)]
pub struct ExecutedPacket {
    /// What became of the commands.
    pub executions: Executions,
    /// What is known beside the failures.
    pub notes: BTreeMap<Name, FailureNotes>,
}

impl ExecuteError {
    /// Whether it was stopped, and nothing else was the matter.
    #[must_use]
    pub const fn is_interruption(&self) -> bool {
        matches!(self, Self::Engine(EngineError::Interrupted { .. }))
    }

    /// Whether it is about one command only. The others go on.
    #[must_use]
    pub const fn is_one_commands(&self) -> bool {
        match self {
            Self::Engine(error) => {
                matches!(error, EngineError::Call { .. } | EngineError::Incomplete { .. } | EngineError::Output { .. })
            }
            Self::Added { .. } | Self::TooLargeToNormalize { .. } | Self::NoFileToNormalize { .. } => true,
            Self::Action(_) | Self::Store(_) => false,
        }
    }
}

/// The second stage: executes the packet's commands, and looks again at those that failed.
///
/// # Errors
/// [`RunError`] when nothing can be decided, or the user stops the run.
pub async fn execute_packet(input: &StageInput<'_>, prepared: &Prepared) -> Result<ExecutedPacket, RunError> {
    let StageInput { context, workspace, id, options, recorded, .. } = *input;
    let packet = workspace.packet(id)?;
    let executor = Executor {
        context,
        plan: &workspace.plan,
        packet: id,
        resolved: &prepared.resolved,
        lanes: options.lanes,
        recorded: recorded.map(|(manifest, _)| manifest),
        on_failure: options.on_failure,
        earlier: prepared.earlier.as_ref(),
    };
    let executions = executor.run_commands(packet).await?;
    let mut notes = executor.failure_notes(packet, &executions.commands, options.second_look).await?;
    let root = prepared.resolved.source;
    let said = source::git_at_run(&workspace.plan, packet, &executions.commands, &**context.store, root)?;
    for (id, says) in said {
        notes.entry(id).or_default().git = Some(says);
    }
    for (id, says) in source::unchanged_at_run(&executions.commands, &**context.store, root)? {
        notes.entry(id).or_default().unchanged = Some(says);
    }
    Ok(ExecutedPacket { executions, notes })
}

impl<'a> Executor<'a> {
    /// Executes the commands of a packet one after the other, all that can be; no replay.
    #[must_use]
    pub const fn new(context: RunContext<'a>, plan: &'a Plan, packet: &'a PacketId, resolved: &'a Resolved) -> Self {
        Self {
            context,
            plan,
            packet,
            resolved,
            lanes: 1,
            recorded: None,
            on_failure: OnFailure::KeepGoing,
            earlier: None,
        }
    }
}

impl Executor<'_> {
    /// Runs a packet's commands and returns those that ran, in the plan's order. Commands whose needs failed are left out.
    ///
    /// # Errors
    /// [`ExecuteError`] when the result of any command could not be decided.
    pub async fn run_all_commands(&self, packet: &Packet) -> Result<Vec<CommandRun>, ExecuteError> {
        let Executions { commands, mut undecided } = self.run_commands(packet).await?;
        if undecided.is_empty() { Ok(commands) } else { Err(undecided.swap_remove(0).1) }
    }

    /// Runs a packet's commands. One whose result cannot be decided holds up only those that need it.
    ///
    /// # Errors
    /// [`ExecuteError`] when nothing can be decided, or the user stops the run; commands that still run are stopped.
    pub async fn run_commands(&self, packet: &Packet) -> Result<Executions, ExecuteError> {
        let RunContext { store, observe, cancel, .. } = self.context;
        let specs: Vec<&CommandSpec> = self.plan.commands(packet).collect();
        observe(RunEvent::Planned { commands: specs.iter().map(|spec| spec.id.clone()).collect() });
        let stop = cancel.child_token();
        let queue = LaneQueue::new(self.lanes, &stop);
        let mut schedule = Schedule::new(specs, self.on_failure);
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < queue.room() {
                let Some(spec) = schedule.next_ready(observe) else { break };
                match derive_action(self.plan, spec, self.resolved, &schedule.results, &**store) {
                    Ok(action) => running.push(self.run_command(spec, action, &queue, stop.clone())),
                    Err(error) => {
                        schedule.note(&spec.id, Err(error.into()));
                        stop.cancel();
                    }
                }
            }
            let ended = tokio::select! {
                ended = running.next() => ended,
                () = queue.changed() => continue,
            };
            let Some((id, ended)) = ended else { break };
            // It was ready, and did not begin before another one failed.
            let did_not_begin = matches!(&ended, Err(error) if error.is_interruption());
            if did_not_begin && schedule.is_stopped() && !cancel.is_cancelled() {
                schedule.put_back(id);
            } else if !schedule.note(id, ended) {
                stop.cancel();
            }
            if schedule.is_stopped() {
                queue.closed.cancel();
            }
        }
        schedule.tell_stopped(observe);
        schedule.finish()
    }
}
