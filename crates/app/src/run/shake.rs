//! `rcrepro shake PACKET`: runs a packet's commands in deliberately different worlds and finds what changes which output.
//!
//! The packet is run once as it is. Then every command is asked about by itself, with the outputs that the commands it
//! needs had in that run: `model/shake/inquiry` says in which world it has to run next, and this runs it there. Nothing is
//! recorded but blobs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;

use super::actions::derive_action;
use super::context::RunContext;
use super::execute::{ExecuteError, Executor};
use super::prepare::{Preparation, PrepareError};
use crate::workspace::{Workspace, WorkspaceError};
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::compare::Equality;
use rcrepro_model::evidence::manifest::CommandEntry;
use rcrepro_model::execution::event::RunEvent;
use rcrepro_model::execution::world::{ClockMode, World};
use rcrepro_model::plan::{CommandSpec, PacketId};
use rcrepro_model::shake::inquiry::{InquiryStep, ObservedRuns, step};
use rcrepro_model::shake::observation::{Level, Observation};
use rcrepro_model::shake::shaken::{Shaken, ShakenCommand, ShakenPacket};
use rcrepro_model::shake::variation::{self, Setup, Variation, describe};
use rcrepro_model::shake::vary::{Plain, patience};
use rcrepro_model::text::hint::Hint;
use rcrepro_model::text::unknown::UnknownName;
use rcrepro_store::export::{ExportError, read_directory};
use rcrepro_store::{BlobStore as _, StoreError};

/// Says why a packet could not be shaken.
#[derive(Debug, thiserror::Error)]
pub enum ShakeError {
    /// The workspace cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The packet has no such command.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// An image, a frozen input or the source could not be made ready.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// A command's result could not be decided in its own world.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
    /// A command's result could not be decided in another world.
    #[error("command `{command}` with {world}")]
    World {
        /// The command that was executed.
        command: Name,
        /// What was different.
        world: String,
        /// Why the execution is undecided.
        #[source]
        source: Box<ExecuteError>,
    },
    /// An input root could not be read back.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Hint for ShakeError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown(error) => error.hint(),
            Self::World { .. } => {
                Some("leave out what the engine cannot do: rcrepro shake --vary WHAT,… PACKET".to_owned())
            }
            _ => None,
        }
    }
}

/// Says how a packet is shaken.
#[derive(Clone, Copy)]
pub struct ShakeOptions<'a> {
    /// The commit whose tree is the source.
    pub revision: &'a str,
    /// How many commands may be asked about at once.
    pub lanes: usize,
    /// The commands; all of the packet when it is empty.
    pub commands: &'a [Name],
    /// What is varied.
    pub variations: &'a BTreeSet<Variation>,
    /// How many worlds vary all of it.
    pub worlds: usize,
    /// How often the baseline is run, and every question asked; two at least.
    pub repeat: usize,
    /// Chooses the worlds.
    pub seed: u64,
}

/// Shakes a packet and gives what was found of each command, in the plan's order.
///
/// # Errors
/// [`ShakeError`] when any result could not be decided; a difference is part of the result.
pub async fn shake(
    context: RunContext<'_>,
    workspace: &Workspace,
    id: &PacketId,
    options: ShakeOptions<'_>,
) -> Result<ShakenPacket, ShakeError> {
    let packet = workspace.packet(id)?;
    let wanted = wanted(workspace, id, options.commands)?;
    let plan = workspace.plan.only(wanted.iter().map(|spec| &spec.id));
    let preparation = Preparation { context, workspace };
    let (resolved, _) = preparation.packet(packet, options.revision, None).await?;
    let executor = Executor { lanes: options.lanes, ..Executor::new(context, &plan, id, &resolved) };
    let ran = executor.run_all_commands(packet).await?;
    spread(context.cancel).await;
    let baseline = Baseline {
        worlds: ran.iter().map(|ran| (ran.entry.id.clone(), ran.world.clone())).collect(),
        durations: ran.iter().map(|ran| (ran.entry.id.clone(), ran.duration)).collect(),
        entries: ran.into_iter().map(|ran| (ran.entry.id.clone(), ran.entry)).collect(),
    };
    let asking = Asking { executor: &executor, baseline: &baseline, options: &options };
    let commands = asking.ask_all(&wanted).await?;
    let ShakeOptions { worlds, repeat, seed, .. } = options;
    Ok(ShakenPacket { packet: id.clone(), worlds, repeat, seed, commands })
}

/// Finds the commands that are asked about; all of the packet when none is named.
fn wanted<'a>(workspace: &'a Workspace, id: &PacketId, commands: &[Name]) -> Result<Vec<&'a CommandSpec>, ShakeError> {
    let all: Vec<&CommandSpec> = workspace.plan.commands(workspace.packet(id)?).collect();
    if let Some(command) = commands.iter().find(|command| !all.iter().any(|spec| spec.id == **command)) {
        return Err(workspace.unknown_command(id, command).into());
    }
    let is_wanted = |spec: &&CommandSpec| commands.is_empty() || commands.contains(&spec.id);
    Ok(all.into_iter().filter(is_wanted).collect())
}

/// Waits until the second has passed in which something was written. Two runs within one second show equal seconds, wherever
/// they read a clock that is not ours or the time of a file; once for a packet is enough to see that they differ.
async fn spread(cancel: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(Duration::from_millis(1_100)) => {}
        () = cancel.cancelled() => {}
    }
}

/// The result of every command in its own world, and the worlds as the engine made them.
struct Baseline {
    entries: BTreeMap<Name, CommandEntry>,
    worlds: BTreeMap<Name, World>,
    durations: BTreeMap<Name, Duration>,
}

struct Asking<'a> {
    executor: &'a Executor<'a>,
    baseline: &'a Baseline,
    options: &'a ShakeOptions<'a>,
}

impl Asking<'_> {
    async fn ask_all(&self, wanted: &[&CommandSpec]) -> Result<Vec<ShakenCommand>, ShakeError> {
        let stop = self.executor.context.cancel.child_token();
        let ask = |spec: &CommandSpec| {
            let (spec, stop) = (spec.clone(), stop.clone());
            async move {
                let result = self.ask(&spec, &stop).await;
                if result.is_err() {
                    // The first failure is the cause; the others are stopped and tidied up before it is returned.
                    stop.cancel();
                }
                result.map(|result| ShakenCommand { id: spec.id, result })
            }
        };
        let lanes = self.options.lanes.max(1);
        let asked = futures_util::stream::iter(wanted.iter().map(|spec| ask(spec))).buffered(lanes);
        let results: Vec<Result<ShakenCommand, ShakeError>> = asked.collect().await;
        first_failure(results)
    }

    /// Runs a command wherever the inquiry wants it run.
    async fn ask(&self, spec: &CommandSpec, stop: &CancellationToken) -> Result<Shaken, ShakeError> {
        let Baseline { entries, worlds, .. } = self.baseline;
        let Some((first, given)) = entries.get(&spec.id).zip(worlds.get(&spec.id)) else { return Ok(Shaken::Skipped) };
        if !first.succeeded() {
            let ended = self.executor.ended(spec, first);
            return Ok(Shaken::Failed { exit_code: first.exit_code, ended });
        }
        let executor = self.executor;
        let action = derive_action(executor.plan, spec, executor.resolved, entries, &**executor.context.store);
        let action = action.map_err(ExecuteError::from)?;
        let plain = Plain {
            root: read_directory(&**executor.context.store, action.input_root)?,
            world: executor.world(spec),
            epoch: executor.resolved.date_epoch,
            own: &spec.environment,
            action,
        };
        let options = self.options;
        let worlds =
            variation::worlds(options.worlds, options.seed, options.variations, |setting| plain.differs(setting));
        let first = Observation::of(first, &plain.world, given);
        let mut history = ObservedRuns::from([(Setup::new(), vec![first.clone()])]);
        loop {
            match step(&worlds, options.repeat, plain.world.clock(), &history) {
                InquiryStep::Done(inquiry) => return Ok(Shaken::Asked(inquiry)),
                InquiryStep::Run(setup) => {
                    let observation = self.probe(spec, &plain, &setup, &first, stop).await?;
                    history.entry(setup).or_default().push(observation);
                }
            }
        }
    }

    async fn probe(
        &self,
        spec: &CommandSpec,
        plain: &Plain<'_>,
        setup: &Setup,
        first: &Observation,
        stop: &CancellationToken,
    ) -> Result<Observation, ShakeError> {
        let world = name(setup, self.options.variations.len());
        (self.executor.context.observe)(RunEvent::Probing { id: spec.id.clone(), world: world.clone() });
        let varied = plain.vary(setup);
        let mut within = None;
        if varied.world.clock() == ClockMode::Stands && plain.world.clock() != ClockMode::Stands {
            let took = self.baseline.durations.get(&spec.id).copied().unwrap_or_default();
            within = Some(patience(took));
        }
        for message in &varied.messages {
            self.executor.context.store.put(message)?;
        }
        let ran = self.executor.run_container(spec, &varied.action, &varied.world, (None, within), stop).await;
        let ran = ran.map_err(|source| ShakeError::World {
            command: spec.id.clone(),
            world: describe(setup),
            source: Box::new(source),
        })?;
        let observation = Observation::of(&ran.entry, &varied.world, &ran.world);
        let equality = equality(first, &observation);
        (self.executor.context.observe)(RunEvent::Probed {
            id: spec.id.clone(),
            world,
            duration: ran.duration,
            equality,
        });
        Ok(observation)
    }
}

/// Gives the results, or of several failures the one that is not an interruption of its own making.
fn first_failure(results: Vec<Result<ShakenCommand, ShakeError>>) -> Result<Vec<ShakenCommand>, ShakeError> {
    let mut shaken = Vec::new();
    let mut failures = Vec::new();
    for result in results {
        match result {
            Ok(command) => shaken.push(command),
            Err(error) => failures.push(error),
        }
    }
    let own = failures.iter().position(|error| !is_interruption(error)).unwrap_or_default();
    if failures.is_empty() { Ok(shaken) } else { Err(failures.swap_remove(own)) }
}

fn is_interruption(error: &ShakeError) -> bool {
    use rcrepro_engine::EngineError::Interrupted;
    matches!(error, ShakeError::World { source, .. } if matches!(**source, ExecuteError::Engine(Interrupted { .. })))
}

/// Names a world in progress: in full where it is short.
fn name(setup: &Setup, all: usize) -> String {
    match setup.len() {
        0 => "nothing varied".to_owned(),
        count if count < all && count > 3 => format!("{count} variations"),
        count if count > 3 => "everything varied".to_owned(),
        _ => describe(setup),
    }
}

fn equality(first: &Observation, found: &Observation) -> Equality {
    let facets: BTreeSet<_> = first.facets().chain(found.facets()).collect();
    let is_equal = |level| facets.iter().all(|facet| first.seen(facet).is_equal(found.seen(facet), level));
    match (is_equal(Level::Raw), is_equal(Level::Canonical)) {
        (true, _) => Equality::Bitwise,
        (false, true) => Equality::Canonical,
        (false, false) => Equality::Divergent,
    }
}

pub mod propose;
#[cfg(test)]
mod tests;
