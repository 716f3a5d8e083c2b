//! `rcrepro status`: the facts of every packet, gathered from evidence, for the board to decide.

use std::collections::BTreeMap;
use std::path::Path;

use super::currency::outdated;
use super::evidence::{self, EvidenceError};
use super::facts::Facts;
use super::record::RunRecord;
use super::verify::{Verification, verify};
use super::workspace::{Workspace, WorkspaceError};
use crate::format::plan_toml;
use crate::model::board::{self, Board, Evidence, PacketFacts};
use crate::model::civil_date::CivilDate;
use crate::model::digest::Digest;
use crate::model::finding::Severity;
use crate::model::manifest::ReproManifest;
use crate::model::plan::{Packet, PacketId, Plan};
use crate::normalize;
use crate::store::fs::FsStore;
use crate::store::layered::Layered;
use crate::store::runs::{RunError, Runs};
use crate::store::{BlobStore, StoreError};

/// Says why nothing could be gathered.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// The workspace cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The evidence cannot be read.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The runs cannot be read.
    #[error(transparent)]
    Runs(#[from] RunError),
}

/// Gathers what is known of each packet and decides the board. `store` is the user's store's folder; waivers and
/// acceptances count as they do on `today`.
///
/// # Errors
/// [`StatusError`] when the source or the evidence cannot be read; what is merely missing or wrong is a fact.
pub fn status(workspace: &Workspace, revision: &str, store: &Path, today: CivilDate) -> Result<Board, StatusError> {
    at(workspace, revision, store, today).map(|(board, _)| board)
}

/// Does what [`status`] does, and gives the root of the source, too.
///
/// # Errors
/// [`StatusError`].
pub fn at(
    workspace: &Workspace,
    revision: &str,
    store: &Path,
    today: CivilDate,
) -> Result<(Board, Digest), StatusError> {
    let store = FsStore::open(store)?;
    let source = workspace.ingest_source(revision, &store)?;
    let runs = Runs::open(store.root())?;
    let others = Facts { workspace, revision, today, store: &store, source: source.root };
    let gather = Gather { workspace, store: &store, source: source.root, runs, others };
    let mut facts = BTreeMap::new();
    for (id, packet) in &workspace.plan.packets {
        facts.insert(id.clone(), gather.packet(id, packet)?);
    }
    Ok((board::decide(&workspace.plan, &facts), source.root))
}

struct Gather<'a> {
    workspace: &'a Workspace,
    store: &'a FsStore,
    source: Digest,
    runs: Runs,
    others: Facts<'a>,
}

impl Gather<'_> {
    fn packet(&self, id: &PacketId, packet: &Packet) -> Result<PacketFacts, StatusError> {
        let has_commands = self.workspace.plan.commands(packet).next().is_some();
        let evidence = if has_commands { Some(self.evidence(id, packet)?) } else { None };
        let mut facts = BTreeMap::new();
        for basis in packet.contract.criteria().flat_map(|criterion| &criterion.rests_on) {
            if let Some(fact) = self.others.find(id, basis) {
                facts.insert(basis.clone(), fact);
            }
        }
        Ok(PacketFacts { evidence, facts, running: self.running(id)? })
    }

    /// Judges the committed manifest, after a look at whether a later run of the same source failed.
    fn evidence(&self, id: &PacketId, packet: &Packet) -> Result<Evidence, StatusError> {
        if let Some(failed) = self.later_failure(id, packet)? {
            return Ok(failed);
        }
        let path = self.workspace.manifest_path(id);
        let Ok(bytes) = std::fs::read(&path) else {
            return Ok(Evidence::Missing { why: format!("no evidence yet: rcrepro run {id}") });
        };
        let damaged = evidence::damaged(&path)?;
        let store = Layered::new(&evidence::folder_of(&path), Some(self.store.root()))?;
        let verification = verify(&bytes, &store, &damaged);
        let why = lines(&verification);
        match (verification.severity(), &verification.parsed) {
            (Some(Severity::Tampered | Severity::Failed), _) => Ok(Evidence::Failed { why }),
            (Some(Severity::Undecided), _) => Ok(Evidence::Undecided { why }),
            (None, None) => Ok(Evidence::Undecided { why: vec!["the manifest cannot be read".into()] }),
            (None, Some(manifest)) => Ok(self.counted(id, manifest, verification.manifest, &store)),
        }
    }

    /// Counts whole evidence only when it is of this packet, source, plan and locks.
    fn counted(&self, id: &PacketId, manifest: &ReproManifest, digest: Digest, store: &dyn BlobStore) -> Evidence {
        if manifest.packet != *id {
            return Evidence::Failed { why: vec![format!("the manifest is that of {}", manifest.packet)] };
        }
        let Some(plan) = recorded_plan(manifest, store) else {
            return Evidence::Undecided { why: vec!["the plan that it was made by cannot be read".into()] };
        };
        if let Some(why) = outdated(self.workspace, manifest, &plan, self.source) {
            return Evidence::Missing { why: format!("{why}: rcrepro run {id}") };
        }
        let commands = manifest.commands.iter().map(|entry| (entry.id.clone(), entry.result)).collect();
        Evidence::Whole { manifest: digest, commands }
    }

    /// Looks at the newest run or replay in the store: when it is of this source and plan and did not succeed, that counts.
    fn later_failure(&self, id: &PacketId, packet: &Packet) -> Result<Option<Evidence>, StatusError> {
        for run in self.runs.list()?.iter().rev() {
            let Some(bytes) = self.runs.record(run, id)? else { continue };
            let Ok(record) = serde_json::from_slice::<RunRecord>(&bytes) else { continue };
            let Some(manifest) = manifest_of(&record, self.store) else { continue };
            let Some(plan) = recorded_plan(&manifest, self.store) else { continue };
            if outdated(self.workspace, &manifest, &plan, self.source).is_some() {
                continue;
            }
            let Ok(bytes) = self.store.get(record.manifest) else { continue };
            // What a run proved follows from its evidence again: failures, hollow passes, noise.
            let verification = verify(&bytes, self.store, &[]);
            let why = lines(&verification).into_iter().map(|line| format!("{} {run}: {line}", record.kind)).collect();
            match verification.severity() {
                Some(Severity::Failed | Severity::Tampered) => return Ok(Some(Evidence::Failed { why })),
                Some(Severity::Undecided) => return Ok(Some(Evidence::Undecided { why })),
                None => {}
            }
            let expected = self.workspace.plan.commands(packet).count();
            if manifest.commands.len() < expected {
                let why =
                    format!("{} {run} ended after {} of {expected} commands", record.kind, manifest.commands.len());
                return Ok(Some(Evidence::Undecided { why: vec![why] }));
            }
            return Ok(None);
        }
        Ok(None)
    }

    fn running(&self, id: &PacketId) -> Result<bool, StatusError> {
        for run in self.runs.list()?.iter().rev() {
            let announced = self.runs.is_announced(run, id, &self.workspace.folder);
            if announced && self.runs.record(run, id)?.is_none() && self.runs.is_alive(run)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Reads the manifest that a run recorded; none when the store has it no longer.
pub(super) fn manifest_of(record: &RunRecord, store: &dyn BlobStore) -> Option<ReproManifest> {
    crate::format::manifest_json::decode(&store.get(record.manifest).ok()?).ok()
}

/// Reads the plan that a manifest was made by from its evidence.
pub(super) fn recorded_plan(manifest: &ReproManifest, store: &dyn BlobStore) -> Option<Plan> {
    let names: Vec<&str> = normalize::all().iter().map(normalize::Normalizer::name).collect();
    plan_toml::parse(&String::from_utf8_lossy(&store.get(manifest.plan).ok()?), &names).ok()
}

/// Writes the worst findings of a verification, a line each.
fn lines(verification: &Verification) -> Vec<String> {
    let worst = verification.findings.iter().filter(|finding| Some(finding.name.severity()) == verification.severity());
    worst.map(|finding| format!("{} {}: {}", finding.name.as_str(), finding.at, finding.found)).collect()
}
