//! `rcrepro check --mutate`: seeds wrong changes in scratch clones, and sees whether each gate goes red for its own.
//!
//! The gates are exercised by the use cases that a release runs. Nothing of a mutant is recorded as a run, and the user's
//! repository is only read.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::PathBuf;

use futures_util::StreamExt as _;
use futures_util::TryStreamExt as _;
use futures_util::stream;

use self::builtin::{Planned, planned};
use self::gauge::Gauge;
use self::reading::{Reading, judge};
use self::scratch::ScratchClone;
use self::seeds::SeedError;
use super::evidence::EvidenceError;
use super::frozen::FrozenError;
use super::workspace::{Workspace, WorkspaceError};
use crate::board::documents::DocumentsError;
use crate::board::pins::PinsError;
use crate::board::scope::ScopeError;
use crate::run::context::RunContext;
use crate::run::execute::ExecuteError;
use crate::run::prepare::PrepareError;
use rcrepro_model::content::name::Name;
use rcrepro_model::content::tree::TreeError;
use rcrepro_model::plan::mutant::{GATES_VERSION, GatesRecord, MutantEntry, MutantOutcome, MutationGate};
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_model::text::hint::Hint;
use rcrepro_model::text::unknown::UnknownName;
use rcrepro_store::export::ExportError;
use rcrepro_store::git::scratch::ScratchError;
use rcrepro_store::{BlobStore as _, StoreError};

pub(crate) mod builtin;
mod control;
mod gauge;
mod plant;
pub(crate) mod reading;
pub mod record;
mod scratch;
pub mod seeds;
mod tree;

/// Says why mutants could not be run, or why one of them is undecided.
#[derive(Debug, thiserror::Error)]
pub enum MutateError {
    /// The workspace cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// No scratch clone could be made.
    #[error("cannot make a scratch clone")]
    Scratch(#[from] ScratchError),
    /// The mutant cannot be made of this source.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// An image, a frozen input or the source could not be made ready.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// A frozen input could not be had.
    #[error(transparent)]
    Frozen(#[from] FrozenError),
    /// The result of a command could not be decided.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
    /// The pins could not be judged.
    #[error(transparent)]
    Pins(#[from] PinsError),
    /// A scope could not be judged.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// The documents could not be judged.
    #[error(transparent)]
    Documents(#[from] DocumentsError),
    /// A frozen tree cannot be read.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A frozen tree cannot be written.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file could not be written.
    #[error("cannot {doing} `{}`", path.display())]
    Io {
        /// What was tried, as a verb.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The failed call.
        #[source]
        source: std::io::Error,
    },
    /// There is no mutant of such an id, or none for such a gate.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
}

impl Hint for MutateError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown(error) => error.hint(),
            _ => None,
        }
    }
}

impl From<EvidenceError> for MutateError {
    fn from(error: EvidenceError) -> Self {
        match error {
            EvidenceError::Io { doing, path, source } => Self::Io { doing, path, source },
            EvidenceError::InTheWay { ref path, .. } => {
                Self::Io { doing: "write", path: path.clone(), source: std::io::Error::other(error.to_string()) }
            }
            EvidenceError::Tree(error) => error.into(),
            EvidenceError::Store(error) => error.into(),
        }
    }
}

/// Says what happens while mutants are run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MutantEvent {
    /// These gates are exercised on the unchanged source.
    Controls {
        /// How many.
        gates: usize,
    },
    /// A mutant's gate is exercised.
    Begins {
        /// The mutant that the source has now.
        id: Name,
        /// The gate that should go red for it.
        gate: MutationGate,
    },
    /// A mutant's outcome is known.
    Judged {
        /// The mutant that the source had.
        id: Name,
        /// What became of it.
        outcome: MutantOutcome,
    },
}

/// Says which mutants are run, and how.
#[derive(Clone, Copy)]
pub struct MutateOptions<'a> {
    /// The commit whose tree is the source.
    pub revision: &'a str,
    /// How many mutants may run at once.
    pub lanes: usize,
    /// The day, for what the plan lets pass until one.
    pub today: CivilDate,
    /// These mutants only; all when empty.
    pub ids: &'a BTreeSet<Name>,
    /// Mutants for these gates only; all when empty.
    pub gates: &'a BTreeSet<MutationGate>,
    /// Called with each event of a mutant. The observer of the context is called only while gates are exercised on the
    /// unchanged source.
    pub observe: &'a dyn Fn(MutantEvent),
}

/// The outcome of every mutant that was run, and of the gates.
#[derive(Debug, Clone)]
pub struct Mutated {
    /// The mutants that were run.
    pub record: GatesRecord,
    /// The gates that the plan's criteria rest on and that were not proven able to fail; where only some mutants were run,
    /// those of them.
    pub unproven: Vec<MutationGate>,
    /// Where the record was written, when all mutants were run.
    pub written: Option<PathBuf>,
}

/// Runs the mutants of a plan.
///
/// # Errors
/// [`MutateError`] when none could be run or the user stopped it; what keeps one mutant from being judged is its outcome.
pub async fn mutate(
    context: RunContext<'_>,
    workspace: &Workspace,
    options: MutateOptions<'_>,
) -> Result<Mutated, MutateError> {
    let base = ScratchClone::new(workspace, options.revision)?;
    let chosen = chosen(planned(&base.workspace.plan), options)?;
    let gauge = Gauge { context, lanes: options.lanes, today: options.today };
    let gates: BTreeSet<MutationGate> = chosen.iter().map(|planned| planned.gate.clone()).collect();
    (options.observe)(MutantEvent::Controls { gates: gates.len() });
    let controls = gauge.controls(workspace, &base, &gates).await?;
    // Each mutant is one command or two, and takes a lane of its own.
    let of_mutant = Gauge { lanes: 1, context: RunContext { observe: &gauge::ignore_events, ..context }, ..gauge };
    let (of_mutant, base, controls) = (&of_mutant, &base, &controls);
    let judged = stream::iter(chosen).map(|planned| async move {
        (options.observe)(MutantEvent::Begins { id: planned.id.clone(), gate: planned.gate.clone() });
        let entry = of_mutant.mutant(workspace, base, &planned, &controls[&planned.gate]).await?;
        (options.observe)(MutantEvent::Judged { id: planned.id, outcome: entry.outcome });
        Ok::<_, MutateError>(entry)
    });
    let mutants: Vec<MutantEntry> = judged.buffered(options.lanes.max(1)).try_collect().await?;
    let source = base.workspace.ingest_source(&base.base(), &**context.store)?.root;
    let record = GatesRecord { version: GATES_VERSION, plan: base.workspace.plan_digest(), source, mutants };
    let all = options.ids.is_empty() && options.gates.is_empty();
    let written = if all { Some(record::write(workspace, &record, &**context.store)?) } else { None };
    let proven = |gate: &MutationGate| {
        matches!(
            rcrepro_model::plan::mutant::judge_gate(gate, &record.mutants),
            rcrepro_model::plan::mutant::GateState::Proven { .. }
        )
    };
    let resting = MutationGate::of_plan(&base.workspace.plan);
    let looked_at = if all { resting } else { resting.into_iter().filter(|gate| gates.contains(gate)).collect() };
    let unproven = looked_at.into_iter().filter(|gate| !proven(gate)).collect();
    Ok(Mutated { record, unproven, written })
}

fn chosen(all: Vec<Planned>, options: MutateOptions<'_>) -> Result<Vec<Planned>, MutateError> {
    if let Some(id) = options.ids.iter().find(|id| !all.iter().any(|planned| planned.id == **id)) {
        let known = all.iter().map(|planned| &planned.id);
        return Err(UnknownName::new("the plan", "mutant", id, known).into());
    }
    if let Some(gate) = options.gates.iter().find(|gate| !all.iter().any(|planned| planned.gate == **gate)) {
        let known: BTreeSet<String> = all.iter().map(|planned| planned.gate.to_string()).collect();
        return Err(UnknownName::new("the plan", "mutant for the gate", gate, known).into());
    }
    let wanted = |planned: &Planned| {
        (options.ids.is_empty() || options.ids.contains(&planned.id))
            && (options.gates.is_empty() || options.gates.contains(&planned.gate))
    };
    Ok(all.into_iter().filter(wanted).collect())
}

impl Gauge<'_> {
    /// Makes a mutant, exercises its gate and judges it; only what the user stopped is an error.
    async fn mutant(
        &self,
        user: &Workspace,
        base: &ScratchClone,
        planned: &Planned,
        control: &Result<Reading, String>,
    ) -> Result<MutantEntry, MutateError> {
        let mut entry = MutantEntry {
            id: planned.id.clone(),
            gate: planned.gate.clone(),
            says: planned.says.clone(),
            shows: Vec::new(),
            outcome: MutantOutcome::Undecided,
            showed: String::new(),
            evidence: BTreeMap::new(),
        };
        let control = match control {
            Ok(control) => control,
            Err(why) => {
                entry.showed.clone_from(why);
                return Ok(entry);
            }
        };
        match self.mutated(user, base, planned, &mut entry.shows).await {
            Ok(reading) => {
                (entry.outcome, entry.showed) = judge(control, &reading, &entry.shows);
                for (part, bytes) in &reading.evidence {
                    entry.evidence.insert(part.clone(), self.context.store.put(bytes)?);
                }
            }
            Err(error) if self.context.cancel.is_cancelled() => return Err(error),
            Err(error) => entry.showed = reasons(&error),
        }
        Ok(entry)
    }

    async fn mutated(
        &self,
        user: &Workspace,
        base: &ScratchClone,
        planned: &Planned,
        shows: &mut Vec<String>,
    ) -> Result<Reading, MutateError> {
        let change = self.plant(&planned.seed, base).await?;
        shows.clone_from(&change.shows);
        let mut roots = BTreeMap::new();
        for (name, files) in &change.frozen {
            let root = self.frozen_root(base, name).await?;
            roots.insert(name.clone(), tree::with_files(&**self.context.store, root, files)?);
        }
        let mut scratch = ScratchClone::new(user, &base.base())?;
        let head = scratch.apply(&change, &roots)?;
        self.read(&scratch.workspace, &planned.gate, &scratch.base(), &head).await
    }
}

/// Writes an error and what caused it in a line.
fn reasons(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
