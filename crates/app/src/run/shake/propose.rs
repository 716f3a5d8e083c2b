//! `rcrepro shake PACKET --propose`: finds for each command the strictest world in which it passes.
//!
//! Commands run one after the other, each with the outputs that those it needs had in the world that was found for them; so
//! one that fails as the plan has it hides none of those behind it. Nothing is recorded but blobs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{ShakeError, patience, spread, wanted};
use crate::run::actions::derive_action;
use crate::run::context::RunContext;
use crate::run::execute::{ExecuteError, Executor};
use crate::run::prepare::Preparation;
use crate::workspace::Workspace;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::manifest::CommandEntry;
use rcrepro_model::execution::world::ClockMode;
use rcrepro_model::plan::{CommandSpec, PacketId};
use rcrepro_model::shake::observation::Observation;
use rcrepro_model::shake::proposal::{PacketProposal, ProposedCommand, Tried};
use rcrepro_model::shake::propose::{Candidate, ProposalStep, Question, Trial, Trials, step};
use rcrepro_proof::usual_clock;

/// Says how worlds are looked for.
#[derive(Clone, Copy)]
pub struct ProposeOptions<'a> {
    /// The commit whose tree is the source.
    pub revision: &'a str,
    /// The commands; all of the packet when it is empty.
    pub commands: &'a [Name],
    /// How often a world is run before it counts, and as often again when it is checked.
    pub repeat: usize,
}

/// Finds a world for each command, in the plan's order.
///
/// # Errors
/// [`ShakeError`] when any result could not be decided; a command that fails is part of the result.
pub async fn propose(
    context: RunContext<'_>,
    workspace: &Workspace,
    id: &PacketId,
    options: ProposeOptions<'_>,
) -> Result<PacketProposal, ShakeError> {
    let packet = workspace.packet(id)?;
    let wanted: BTreeSet<&Name> = wanted(workspace, id, options.commands)?.into_iter().map(|spec| &spec.id).collect();
    let specs: Vec<&CommandSpec> = workspace.plan.commands(packet).filter(|spec| wanted.contains(&spec.id)).collect();
    let plan = workspace.plan.only(specs.iter().map(|spec| &spec.id));
    let preparation = Preparation { context, workspace };
    let (resolved, _) = preparation.packet(packet, options.revision, None).await?;
    let executor = Executor::new(context, &plan, id, &resolved);
    let mut search = Search { executor: &executor, options, results: BTreeMap::new() };
    let mut found = BTreeMap::new();
    let mut waiting: Vec<&CommandSpec> = plan.commands(packet).collect();
    let is_ready =
        |spec: &&CommandSpec, found: &BTreeMap<Name, Tried>| spec.needs.iter().all(|need| found.contains_key(need));
    while let Some(index) = waiting.iter().position(|spec| is_ready(spec, &found)) {
        let spec = waiting.remove(index);
        let hopeless = spec.needs.iter().find(|need| !search.results.contains_key(*need));
        let tried = match hopeless {
            Some(need) => Tried::Skipped { because: need.clone() },
            None => search.command(spec).await?,
        };
        found.insert(spec.id.clone(), tried);
    }
    let sets: BTreeMap<&Name, &Name> =
        plan.sets.iter().flat_map(|(set, specs)| specs.iter().map(move |spec| (&spec.id, set))).collect();
    let command = |spec: &&CommandSpec| {
        let (set, tried) = sets.get(&spec.id).zip(found.get(&spec.id))?;
        Some(ProposedCommand { id: spec.id.clone(), set: (*set).clone(), tried: tried.clone() })
    };
    Ok(PacketProposal { packet: id.clone(), commands: specs.iter().filter_map(command).collect() })
}

struct Search<'a> {
    executor: &'a Executor<'a>,
    options: ProposeOptions<'a>,
    /// What each command had in the world that was found for it.
    results: BTreeMap<Name, CommandEntry>,
}

impl Search<'_> {
    async fn command(&mut self, spec: &CommandSpec) -> Result<Tried, ShakeError> {
        let executor = self.executor;
        let action = derive_action(executor.plan, spec, executor.resolved, &self.results, &**executor.context.store);
        let action = action.map_err(ExecuteError::from)?;
        let question = Question {
            usual: usual_clock(&spec.line, spec.proof),
            own: spec.world.clone(),
            processors: std::thread::available_parallelism()
                .map_or(1, |count| u32::try_from(count.get()).unwrap_or(u32::MAX)),
            repeat: self.options.repeat,
        };
        let mut trials = Trials::new();
        let mut passed: BTreeMap<Candidate, CommandEntry> = BTreeMap::new();
        let mut longest = Duration::ZERO;
        loop {
            let candidate = match step(&question, &trials) {
                ProposalStep::Run(candidate) => candidate,
                ProposalStep::Done(proposed) => {
                    let tried = Tried::Decided { question, trials, proposed };
                    if let Some(entry) = tried.candidate().and_then(|candidate| passed.remove(candidate)) {
                        self.results.insert(spec.id.clone(), entry);
                    }
                    return Ok(tried);
                }
            };
            let world = candidate.world(executor.resolved.date_epoch, &spec.world, question.usual);
            let is_new = world.clock() == ClockMode::Stands && question.usual != ClockMode::Stands;
            let within = is_new.then(|| patience(longest));
            if trials.get(&candidate).map_or(0, Vec::len) == 1 && world.clock() != ClockMode::Stands {
                spread(executor.context.cancel).await;
            }
            let name = candidate.to_string();
            let ran = executor.trial(spec, &action, (&world, &name), within, executor.context.cancel).await;
            let ran = ran.map_err(|source| ShakeError::World {
                command: spec.id.clone(),
                world: name,
                source: Box::new(source),
            })?;
            longest = longest.max(ran.duration);
            let observation = Observation::of(&ran.entry, &world, &ran.world);
            let trial = Trial { observation, passed: ran.entry.succeeded() };
            if trial.passed {
                passed.entry(candidate.clone()).or_insert(ran.entry);
            }
            trials.entry(candidate).or_default().push(trial);
        }
    }
}
