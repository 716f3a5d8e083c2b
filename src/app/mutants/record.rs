//! `gates/mutants.json`: which mutants each gate caught, with the red gates' evidence beside it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::MutateError;
use super::builtin::planned;
use super::reading::holds;
use crate::app::attributes::write_record;
use crate::app::evidence;
use crate::app::files::write_whole;
use crate::app::workspace::Workspace;
use crate::format::gates_json;
use crate::model::board::Fact;
use crate::model::digest::{Digest, Sha256};
use crate::model::mutant::{GateState, GatesRecord, MutantEntry, Outcome, ProvenGates};
use crate::store::BlobStore;
use crate::store::door;
use crate::store::layered::Layered;

/// The command that makes the record.
const COMMAND: &str = "rcrepro check --mutate";

/// Is what the committed record is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// There is none, or it is of another source, plan or list of mutants.
    Missing(String),
    /// It is no record, or says what its evidence does not.
    Wrong(String),
    /// It counts.
    Counts(Digest, GatesRecord),
}

/// Gives the path of the record.
#[must_use]
pub fn path(workspace: &Workspace) -> PathBuf {
    workspace.folder.join("gates").join("mutants.json")
}

/// Writes a record and its evidence into the plan's folder, an older pair going.
///
/// # Errors
/// [`MutateError`] when a blob is missing or a file cannot be written.
pub fn write(workspace: &Workspace, record: &GatesRecord, store: &dyn BlobStore) -> Result<PathBuf, MutateError> {
    let path = path(workspace);
    let folder = evidence::folder_of(&path);
    let io = |doing, path: &std::path::Path| {
        let path = path.to_owned();
        move |source| MutateError::Io { doing, path, source }
    };
    let mut keep = BTreeSet::new();
    for digest in record.mutants.iter().flat_map(|mutant| mutant.evidence.values()) {
        let file = folder.join(digest.hash.to_string());
        if keep.insert(digest.hash) && !file.exists() {
            write_whole(&file, &store.get(*digest)?).map_err(io("write", &file))?;
        }
    }
    let (bytes, _) = gates_json::encode(record);
    write_record(&path, &bytes).map_err(io("write", &path))?;
    if !folder.exists() {
        return Ok(path);
    }
    for entry in std::fs::read_dir(&folder).map_err(io("list", &folder))? {
        let entry = entry.map_err(io("list", &folder))?;
        let named = entry.file_name().to_str().and_then(|name| name.parse::<Sha256>().ok());
        if named.is_some_and(|hash| !keep.contains(&hash)) {
            std::fs::remove_file(entry.path()).map_err(io("remove", &entry.path()))?;
        }
    }
    Ok(path)
}

/// Reads the committed record and holds it against the plan, the source and its evidence.
#[must_use]
pub fn recorded(workspace: &Workspace, source: Digest) -> Recorded {
    let path = path(workspace);
    let bytes = match door::read(&path, door::RECORD_LIMIT) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Recorded::Missing("no mutant was run".to_owned());
        }
        Err(error) => return Recorded::Wrong(format!("cannot read `gates/mutants.json`: {error}")),
    };
    let record = match gates_json::decode(&bytes) {
        Ok(record) => record,
        Err(error) => return Recorded::Wrong(error.to_string()),
    };
    if record.plan != workspace.plan_digest() {
        return Recorded::Missing("the mutants were run with another plan".to_owned());
    }
    if record.source != source {
        return Recorded::Missing("the mutants were run on another source".to_owned());
    }
    let listed: BTreeSet<_> = record.mutants.iter().map(|mutant| (&mutant.id, &mutant.gate)).collect();
    let planned = planned(&workspace.plan);
    let expected: BTreeSet<_> = planned.iter().map(|planned| (&planned.id, &planned.gate)).collect();
    if listed != expected || record.mutants.len() != planned.len() {
        return Recorded::Missing("the record has other mutants than the plan".to_owned());
    }
    match evidence::damaged(&path) {
        Ok(damaged) => {
            if let Some((name, found)) = damaged.first() {
                return Recorded::Wrong(format!("the evidence `{name}` of the mutants hashes to {found}"));
            }
        }
        Err(error) => return Recorded::Wrong(error.to_string()),
    }
    let Ok(store) = Layered::new(&evidence::folder_of(&path), None) else {
        return Recorded::Wrong("the evidence of the mutants cannot be read".to_owned());
    };
    match record.mutants.iter().find_map(|mutant| unfounded(mutant, &store)) {
        Some(why) => Recorded::Wrong(why),
        None => Recorded::Counts(Digest::of(&bytes), record),
    }
}

/// Says what a caught mutant's evidence lacks.
fn unfounded(mutant: &MutantEntry, store: &dyn BlobStore) -> Option<String> {
    if mutant.outcome != Outcome::Caught {
        return None;
    }
    let mut evidence = Vec::new();
    for digest in mutant.evidence.values() {
        match store.get(*digest) {
            Ok(bytes) => evidence.push(bytes),
            Err(error) => return Some(format!("the evidence of mutant `{}` is not there: {error}", mutant.id)),
        }
    }
    if mutant.shows.is_empty() {
        return Some(format!("nothing is said to show mutant `{}`", mutant.id));
    }
    let lacks = mutant.shows.iter().find(|text| !holds(evidence.iter().map(Vec::as_slice), text))?;
    Some(format!("the evidence of mutant `{}` does not show `{lacks}`", mutant.id))
}

/// Says of every gate that the plan's criteria rest on whether the record proves that it can fail.
#[must_use]
pub fn proven(workspace: &Workspace, source: Digest) -> ProvenGates {
    match recorded(workspace, source) {
        Recorded::Counts(digest, record) => ProvenGates::judge(&workspace.plan, digest, &record),
        Recorded::Missing(why) | Recorded::Wrong(why) => ProvenGates::none(&workspace.plan, why),
    }
}

/// Finds out whether every gate that the plan's criteria rest on was proven able to fail.
#[must_use]
pub fn fact(workspace: &Workspace, source: Digest) -> Fact {
    let (digest, record) = match recorded(workspace, source) {
        Recorded::Missing(why) => return Fact::Waits { why: format!("{why}: {COMMAND}") },
        Recorded::Wrong(why) => return Fact::Fails { why },
        Recorded::Counts(digest, record) => (digest, record),
    };
    let passed = |outcome| record.mutants.iter().filter(|mutant| mutant.outcome == outcome).count();
    let proven = ProvenGates::judge(&workspace.plan, digest, &record);
    let (count, all) = (proven.proven(), proven.gates.len());
    let open = proven.gates.iter().find_map(|(gate, state)| match state {
        GateState::Unproven { why } => {
            Some(format!("{count} of {all} gates were proven able to fail; `{gate}`: {why}"))
        }
        GateState::Proven { .. } => None,
    });
    match open {
        None if all == 0 => Fact::Undecided { why: "no criterion rests on a gate".to_owned() },
        None => Fact::Holds {
            evidence: digest,
            says: format!("{all} gates proven able to fail, {} mutants caught", passed(Outcome::Caught)),
        },
        Some(why) if passed(Outcome::Survived) + passed(Outcome::ByAccident) > 0 => Fact::Fails { why },
        Some(why) => Fact::Undecided { why },
    }
}
