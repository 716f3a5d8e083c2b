//! `gates/mutants.json`: which mutants each gate caught, with the red gates' evidence beside it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::MutateError;
use super::builtin::{Planned, Seed, planned};
use super::reading::{holds, line_with};
use crate::evidence;
use crate::evidence::evidence_folder::EvidenceFolder;
use crate::evidence::record_file::RecordFile;
use crate::workspace::Workspace;
use rcrepro_format::records::gates_json;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::decision::board::Fact;
use rcrepro_model::plan::Plan;
use rcrepro_model::plan::mutant::{GateState, GatesRecord, MutantEntry, MutantOutcome, MutationGate, ProvenGates};
use rcrepro_model::text::plural::counted;
use rcrepro_store::BlobStore;

/// The command that makes the record.
const COMMAND: &str = "rcrepro check --mutate";

/// Whether the committed record can be relied on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordJudgement {
    /// There is none, or it is of another source, plan or list of mutants.
    Missing(String),
    /// It is not a record, or its evidence does not show what it says.
    Wrong(String),
    /// It is of this source and plan, and its evidence shows what it says.
    Counts(Digest, GatesRecord),
}

/// Gives the path of the record.
#[must_use]
pub(crate) fn path(workspace: &Workspace) -> PathBuf {
    workspace.records_folder().join("gates").join("mutants.json")
}

/// Writes a record and its evidence into the plan's folder, an older pair going.
///
/// # Errors
/// [`MutateError`] when a blob is missing or a file cannot be written.
pub(crate) fn write(
    workspace: &Workspace,
    record: &GatesRecord,
    store: &dyn BlobStore,
) -> Result<PathBuf, MutateError> {
    let path = path(workspace);
    let blobs = record.mutants.iter().flat_map(|mutant| mutant.evidence.values().copied()).collect();
    evidence::write_blobs(&path, &gates_json::encode(record).0, &blobs, store)?;
    Ok(path)
}

/// Reads the committed record and holds it against the plan, the source and its evidence.
#[must_use]
pub(crate) fn recorded(workspace: &Workspace, source: Digest) -> RecordJudgement {
    let path = path(workspace);
    let file = match RecordFile::open(&path, None) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return RecordJudgement::Missing("no mutant was run".to_owned());
        }
        Err(error) => return RecordJudgement::Wrong(format!("cannot read `gates/mutants.json`: {error}")),
    };
    match file.examine_folder() {
        Ok(folder) => judge(file.bytes(), &workspace.plan, workspace.plan_digest(), source, &folder, file.blobs()),
        Err(error) => RecordJudgement::Wrong(error.to_string()),
    }
}

/// Holds a record's bytes against a plan, a source and the evidence in `store`.
#[must_use]
pub fn judge(
    bytes: &[u8],
    plan: &Plan,
    plan_digest: Digest,
    source: Digest,
    folder: &EvidenceFolder,
    store: &dyn BlobStore,
) -> RecordJudgement {
    let record = match gates_json::decode(bytes) {
        Ok(record) => record,
        Err(error) => return RecordJudgement::Wrong(error.to_string()),
    };
    if record.plan != plan_digest {
        return RecordJudgement::Missing("the mutants were run with another plan".to_owned());
    }
    if record.source != source {
        return RecordJudgement::Missing("the mutants were run on another source".to_owned());
    }
    let listed: BTreeSet<_> = record.mutants.iter().map(|mutant| (&mutant.id, &mutant.gate)).collect();
    let planned = planned(plan);
    let expected: BTreeSet<_> = planned.iter().map(|planned| (&planned.id, &planned.gate)).collect();
    if listed != expected || record.mutants.len() != planned.len() {
        return RecordJudgement::Missing("the record has other mutants than the plan".to_owned());
    }
    if let Some(damaged) = folder.damaged.first() {
        return RecordJudgement::Wrong(format!("the evidence of the mutants is damaged: {damaged}"));
    }
    let wrong = record.mutants.iter().find_map(|mutant| {
        let planned = planned.iter().find(|planned| planned.id == mutant.id)?;
        otherwise(mutant, planned).or_else(|| unfounded(mutant, store))
    });
    match wrong {
        Some(why) => RecordJudgement::Wrong(why),
        None => RecordJudgement::Counts(Digest::of(bytes), record),
    }
}

/// Says what a mutant's entry says otherwise than the plan.
fn otherwise(mutant: &MutantEntry, planned: &Planned) -> Option<String> {
    if mutant.says != planned.says {
        return Some(format!("mutant `{}` is said to do something else than the plan says", mutant.id));
    }
    let Seed::Stated(stated) = &planned.seed else { return None };
    let shows = mutant.shows.is_empty() || mutant.shows.as_slice() == std::slice::from_ref(&stated.shows);
    (!shows).then(|| format!("mutant `{}` is shown by something else than the plan says", mutant.id))
}

/// Says what a caught mutant's evidence lacks.
fn unfounded(mutant: &MutantEntry, store: &dyn BlobStore) -> Option<String> {
    if mutant.outcome != MutantOutcome::Caught {
        return None;
    }
    let parts: Vec<&str> = mutant.evidence.keys().map(String::as_str).collect();
    let is_whole = match mutant.gate {
        MutationGate::Command(_) => parts == ["stderr", "stdout"] || parts == ["findings", "stderr", "stdout"],
        _ => parts == ["findings"],
    };
    if !is_whole {
        return Some(format!("the evidence of mutant `{}` is not whole: {}", mutant.id, parts.join(", ")));
    }
    let mut evidence = Vec::new();
    for digest in mutant.evidence.values() {
        match store.get(*digest) {
            Ok(bytes) => evidence.push(bytes),
            Err(error) => return Some(format!("the evidence of mutant `{}` is not there: {error}", mutant.id)),
        }
    }
    let said = mutant.shows.first().filter(|_| mutant.shows.iter().all(|text| !text.trim().is_empty()));
    let Some(first) = said else {
        return Some(format!("nothing is said to show mutant `{}`", mutant.id));
    };
    if let Some(lacks) = mutant.shows.iter().find(|text| !holds(evidence.iter().map(Vec::as_slice), text)) {
        return Some(format!("the evidence of mutant `{}` does not show `{lacks}`", mutant.id));
    }
    if mutant.shows.iter().collect::<BTreeSet<_>>().len() != mutant.shows.len() {
        return Some(format!("what shows mutant `{}` is listed twice", mutant.id));
    }
    let line = line_with(evidence.iter().map(Vec::as_slice), first).unwrap_or_else(|| first.clone());
    let shown = mutant.showed.ends_with(&format!(": {line}"));
    (!shown).then(|| format!("the line that shows mutant `{}` is not the first of its evidence that does", mutant.id))
}

/// Judges by the record, for every gate that the plan's criteria rest on, whether it was proven able to fail.
#[must_use]
pub(crate) fn proven(workspace: &Workspace, source: Digest) -> ProvenGates {
    match recorded(workspace, source) {
        RecordJudgement::Counts(digest, record) => ProvenGates::judge(&workspace.plan, digest, &record),
        RecordJudgement::Missing(why) | RecordJudgement::Wrong(why) => ProvenGates::none(&workspace.plan, why),
    }
}

/// Finds out whether every gate that the plan's criteria rest on was proven able to fail.
#[must_use]
pub(crate) fn fact(workspace: &Workspace, source: Digest) -> Fact {
    let (digest, record) = match recorded(workspace, source) {
        RecordJudgement::Missing(why) => return Fact::Waits { why: format!("{why}: {COMMAND}") },
        RecordJudgement::Wrong(why) => return Fact::Fails { why },
        RecordJudgement::Counts(digest, record) => (digest, record),
    };
    let passed = |outcome| record.mutants.iter().filter(|mutant| mutant.outcome == outcome).count();
    let proven = ProvenGates::judge(&workspace.plan, digest, &record);
    let (count, all) = (proven.proven(), proven.gates.len());
    let open = proven.gates.iter().find_map(|(gate, state)| match state {
        GateState::Unproven { why } => {
            Some(format!("{count} of {} proven able to fail; `{gate}`: {why}", counted(all, "gate")))
        }
        GateState::Proven { .. } => None,
    });
    match open {
        None if all == 0 => Fact::Undecided { why: "no criterion rests on a gate".to_owned() },
        None => Fact::Holds {
            evidence: digest,
            says: format!(
                "{} proven able to fail, {} caught",
                counted(all, "gate"),
                counted(passed(MutantOutcome::Caught), "mutant")
            ),
        },
        Some(why) if passed(MutantOutcome::Survived) + passed(MutantOutcome::ByAccident) > 0 => Fact::Fails { why },
        Some(why) => Fact::Undecided { why },
    }
}
