//! `rcrepro status`: the facts of every packet, gathered from evidence, for the board to decide.

pub mod approve;
pub mod documents;
pub mod exceptions;
pub(crate) mod fact_sources;
pub mod facts;
pub mod pins;
pub mod promises;
pub mod scope;
pub(crate) mod section_facts;
pub mod sections;
pub mod status_error;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::evidence::currency::outdated;
use crate::evidence::evidence_folder::EvidenceFolder;
use crate::evidence::evidence_set::{EvidenceSet, EvidenceSetError};

use super::mutants::record as gates;
use super::workspace::Workspace;
use crate::board::fact_sources::FactSources;
use crate::board::section_facts::SectionFacts;
use crate::board::sections::{Sections, SectionsIoError};
use crate::board::status_error::StatusError;
use crate::evidence::failure;
use crate::evidence::history::{History, RecordedRun};
use crate::evidence::recorded;
use crate::evidence::verify::{Verification, verify};
use crate::suppressions;
use crate::suppressions::judged::{JudgedSuppressions, JudgingOf};
use crate::suppressions::trees::SourceReadings;
use crate::workspace::plan_files::short;
use crate::workspace::release_commit;
use rcrepro_format::records::manifest_json;
use rcrepro_model::advisory::scan::SCANNERS;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::decision::board::{self, Board, Fact, PacketEvidence, PacketFacts};
use rcrepro_model::evidence::failed::FailedEntry;
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::manifest::{ReproManifest, version_for};
use rcrepro_model::plan::contract::Basis;
use rcrepro_model::plan::{CommandSpec, Packet, PacketId, Plan};
use rcrepro_model::standing::Standing;
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_pins::documents::written;
use rcrepro_proof as proof;
use rcrepro_store::BlobStore;
use rcrepro_store::fs::FsStore;

/// The board, and the texts that written sections of documents should have for it.
pub struct Status {
    /// Every packet with its state, and what it waits for.
    pub board: Board,
    /// The root of the certified source.
    pub source: Digest,
    /// The text of every section, by name.
    pub texts: BTreeMap<String, String>,
    /// The documents with written sections; why they cannot be read.
    pub sections: Result<Sections, SectionsIoError>,
}

/// Gathers what is known of each packet and decides the board. `store` is the user's store's folder; waivers and
/// acceptances count as they do on `today`.
///
/// # Errors
/// [`StatusError`] when the source or the evidence cannot be read; what is merely missing or wrong is a fact.
pub fn status(workspace: &Workspace, revision: &str, store: &Path, today: CivilDate) -> Result<Board, StatusError> {
    Ok(status_with_sections(workspace, revision, store, today)?.board)
}

/// As [`status`], with what the sections of documents should say.
///
/// # Errors
/// As [`status`].
pub fn status_with_sections(
    workspace: &Workspace,
    revision: &str,
    store: &Path,
    today: CivilDate,
) -> Result<Status, StatusError> {
    let store = FsStore::open(store)?;
    let source = workspace.ingest_source(revision, &store)?;
    let history = History::open(store.root())?;
    let written = SectionFacts::read(workspace);
    let others = FactSources { workspace, revision, today, store: &store, source: source.root, written: &written };
    let kept = RefCell::default();
    let sources = SourceReadings::default();
    let gather = Gather { workspace, store: &store, source: source.root, history, others, kept, sources };
    let plan = &workspace.plan;
    let mut facts = BTreeMap::new();
    for (id, packet) in &plan.packets {
        facts.insert(id.clone(), gather.packet(id, packet)?);
    }
    let conditions = exceptions::conditions(plan, &facts, today);
    let suppressed = suppressions::for_board(workspace, revision, store.root())?;
    let covered = conditions.iter().map(|held| held.judged.concern.id.clone()).collect();
    let judging = JudgingOf {
        entries: &suppressed.entries,
        previous: suppressed.previous.as_ref(),
        is_recorded: suppressed.is_recorded,
        covered: &covered,
        waivers: &plan.waivers,
        day: today,
    };
    let JudgedSuppressions { conditions: mut judged, mut notes } = judging.judge();
    let idle = exceptions::idle(workspace, revision, source.root, &store, &facts, judging.ids(), today)?;
    if suppressed.is_recorded {
        judged.extend(idle.iter().map(|idle| exceptions::orphaned(idle, &plan.waivers, today)));
    } else {
        notes.extend(idle.into_iter().map(|idle| idle.says));
    }
    let decided = |facts: &BTreeMap<PacketId, PacketFacts>| Board {
        conditions: conditions.clone(),
        suppressions: judged.clone(),
        ..board::decide(plan, facts)
    };
    let texts = written::texts(&decided(&at_rest(&facts)), plan, &scans(plan), today);
    for facts in facts.values_mut() {
        for (basis, fact) in &mut facts.facts {
            let found = match (basis, &*fact) {
                (Basis::Documents, Fact::Holds { .. }) => written.keeps(&texts),
                _ => written.fact(basis, Some(&texts)),
            };
            if let Some(found) = found {
                *fact = found;
            }
        }
    }
    let gates = gates::proven(workspace, source.root);
    notes.extend(gather.unrecorded()?);
    notes.extend(gather.of_other_commits()?);
    let board = Board { gates, notes, ..decided(&facts) };
    Ok(Status { board, source: source.root, texts, sections: written.sections })
}

/// Takes no packet for running: a document that says so is stale as soon as the run ends.
fn at_rest(facts: &BTreeMap<PacketId, PacketFacts>) -> BTreeMap<PacketId, PacketFacts> {
    facts.iter().map(|(id, facts)| (id.clone(), PacketFacts { running: false, ..facts.clone() })).collect()
}

/// Lists the plan's security scans.
fn scans(plan: &Plan) -> BTreeSet<Name> {
    let scans =
        |spec: &&CommandSpec| proof::tools(&spec.line, spec.proof).iter().any(|(tool, _)| SCANNERS.contains(tool));
    plan.sets.values().flatten().filter(scans).map(|spec| spec.id.clone()).collect()
}

struct Gather<'a> {
    workspace: &'a Workspace,
    store: &'a FsStore,
    source: Digest,
    history: History,
    others: FactSources<'a>,
    /// The manifests that count although the source has changed since.
    kept: RefCell<BTreeMap<PacketId, ReproManifest>>,
    /// The sources of the manifests, read for what they suppress.
    sources: SourceReadings,
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
        Ok(PacketFacts { evidence, facts, running: self.history.is_running(id, &self.workspace.folder)? })
    }

    /// Judges the committed manifest, after a look at whether a later run of the same source failed, here or where the record of
    /// a failure was made.
    fn evidence(&self, id: &PacketId, packet: &Packet) -> Result<PacketEvidence, StatusError> {
        if let Some(failed) = self.later_failure(id, packet)? {
            return Ok(failed);
        }
        if let Some(failed) = self.recorded_failure(id)? {
            return Ok(failed);
        }
        let path = self.workspace.manifest_path(id);
        let set = match EvidenceSet::open(&path, Some(self.store.root())) {
            Ok(set) => set,
            Err(EvidenceSetError::Read { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                return Ok(PacketEvidence::Missing { why: format!("no evidence yet: rcrepro run {id}") });
            }
            Err(EvidenceSetError::Read { path, source }) => {
                let why = format!("cannot read `{}`: {source}", path.display());
                return Ok(PacketEvidence::Undecided { why: vec![why] });
            }
            Err(error) => return Err(error.into()),
        };
        let verification = set.verify_commands(self.others.today, &self.sources)?;
        let why = lines(&verification);
        match (wrong(verification.standing(), why), &verification.parsed) {
            (Some(evidence), _) => Ok(evidence),
            (None, None) => Ok(PacketEvidence::Undecided { why: vec!["the manifest cannot be read".into()] }),
            (None, Some(manifest)) => Ok(self.counted(id, manifest, &verification, set.blobs())),
        }
    }

    /// Judges the record of a failure, which counts while it is of this source, plan and locks. One that contradicts itself says
    /// nothing of what it is of, and is never passed over.
    fn recorded_failure(&self, id: &PacketId) -> Result<Option<PacketEvidence>, StatusError> {
        let set = match failure::open(self.workspace, id, self.store.root()) {
            Ok(None) => return Ok(None),
            Ok(Some(set)) => set,
            Err(EvidenceSetError::Read { path, source }) => {
                let why = format!("cannot read `{}`: {source}", path.display());
                return Ok(Some(PacketEvidence::Undecided { why: vec![why] }));
            }
            Err(error) => return Err(error.into()),
        };
        let verification = set.verify_commands(self.others.today, &self.sources)?;
        let standing = verification.standing();
        let is_read = standing != Standing::Tampered && verification.parsed.is_some();
        let of = |line| format!("manifests/{id}.failed.json: {line}");
        if is_read {
            match failure::is_current(self.workspace, &set, id, self.source, self.store) {
                Some(true) => {}
                Some(false) => return Ok(None),
                None => {
                    let why = vec![of("the plan that it was made by cannot be read".to_owned())];
                    return Ok(Some(PacketEvidence::Undecided { why }));
                }
            }
        }
        let why = lines(&verification).into_iter().map(of).collect();
        let otherwise = || PacketEvidence::Undecided { why: vec![of("it is not the record of a failure".to_owned())] };
        Ok(Some(wrong(standing, why).unwrap_or_else(otherwise)))
    }

    /// Counts whole evidence only when it is of this packet, source, plan and locks.
    fn counted(
        &self,
        id: &PacketId,
        manifest: &ReproManifest,
        verification: &Verification,
        store: &dyn BlobStore,
    ) -> PacketEvidence {
        if manifest.packet != *id {
            return PacketEvidence::Failed { why: vec![format!("the manifest is that of {}", manifest.packet)] };
        }
        let Some(plan) = recorded::plan(manifest, store) else {
            return PacketEvidence::Undecided { why: vec!["the plan that it was made by cannot be read".into()] };
        };
        if let Some(why) = outdated(self.workspace, manifest, &plan, self.source, self.store) {
            return PacketEvidence::Missing { why: format!("{why}: rcrepro run {id}") };
        }
        if manifest.source.root != self.source {
            self.kept.borrow_mut().insert(id.clone(), manifest.clone());
        }
        let commands = manifest.commands.iter().map(|entry| (entry.id.clone(), entry.result)).collect();
        let flakes = verification.flakes.iter().map(|(id, flake)| (id.clone(), flake.to_string())).collect();
        let held = verification.proofs.iter().filter(|(_, proof)| !proof.conditions().is_empty());
        let conditions = held.map(|(id, proof)| (id.clone(), proof.conditions().to_vec())).collect();
        PacketEvidence::Whole { manifest: verification.manifest, commands, flakes, conditions }
    }

    /// Looks at the newest run or replay in the store: when it is of this source and plan and did not succeed, that counts. One
    /// that cannot be read could be such a failure.
    fn later_failure(&self, id: &PacketId, packet: &Packet) -> Result<Option<PacketEvidence>, StatusError> {
        match self.newest_run(id, packet) {
            Err(StatusError::Recorded(error)) if error.cure().is_some() => {
                Ok(Some(PacketEvidence::Undecided { why: vec![error.line()] }))
            }
            found => found,
        }
    }

    fn newest_run(&self, id: &PacketId, packet: &Packet) -> Result<Option<PacketEvidence>, StatusError> {
        let newest = self.history.newest_current(id, self.workspace, self.source, self.store)?;
        let Some(RecordedRun { record, bytes, manifest }) = newest else { return Ok(None) };
        let bytes = marked(self.workspace, packet, bytes, &manifest);
        // What a run proved follows from its evidence again: failures, hollow passes, noise.
        let mut verification = verify(&bytes, self.store, &EvidenceFolder::default(), self.others.today);
        verification.findings.retain(|finding| finding.name != FindingName::NothingFailed);
        let of = |line| format!("{} {}: {line}", record.kind, record.run);
        if let Some(evidence) = damaged(&verification, id, of) {
            return Ok(Some(evidence));
        }
        let why = lines(&verification).into_iter().map(of).collect();
        if let Some(evidence) = wrong(verification.standing(), why) {
            return Ok(Some(evidence));
        }
        let (ran, expected) = (manifest.commands.len(), self.workspace.plan.commands(packet).count());
        let why = || format!("{} {} ended after {ran} of {expected} commands", record.kind, record.run);
        Ok((ran < expected).then(|| PacketEvidence::Undecided { why: vec![why()] }))
    }

    /// Names the runs that were killed, or whose records were deleted, a line each.
    fn unrecorded(&self) -> Result<Vec<String>, StatusError> {
        let mut lines = Vec::new();
        for id in self.workspace.plan.packets.keys() {
            let unrecorded = self.history.unrecorded(id, &self.workspace.folder)?;
            lines.extend(unrecorded.map(|unrecorded| unrecorded.to_string()));
        }
        Ok(lines)
    }
}

impl Gather<'_> {
    /// Names the commits of evidence that counts although the source has changed since, a line per packet.
    fn of_other_commits(&self) -> Result<Vec<String>, StatusError> {
        let mut lines = Vec::new();
        for (id, manifest) in self.kept.borrow().iter() {
            let found = release_commit::of_manifest(self.workspace, manifest, self.store)?;
            let commit = found.map_or_else(
                || "a commit that is not in this history".to_owned(),
                |found| format!("commit {}", short(found.revision())),
            );
            lines.push(format!("{id}: its evidence is of {commit}, and no command of it sees what has changed since"));
        }
        Ok(lines)
    }
}

/// Marks what a run recorded of a packet some of whose commands did not run: those are missing for that reason, and not because
/// somebody took them out.
fn marked(workspace: &Workspace, packet: &Packet, bytes: Vec<u8>, manifest: &ReproManifest) -> Vec<u8> {
    let failed = FailedEntry::of_run(workspace.plan.commands(packet), &manifest.ids(), &[]);
    if failed.not_run.is_empty() {
        return bytes;
    }
    let version = version_for(&manifest.commands, Some(&failed));
    manifest_json::encode(&ReproManifest { version, failed: Some(failed), ..manifest.clone() }).0
}

/// The evidence of a packet that did not pass, with why not; none when it did.
fn wrong(standing: Standing, why: Vec<String>) -> Option<PacketEvidence> {
    match standing {
        Standing::Passed => None,
        Standing::Undecided => Some(PacketEvidence::Undecided { why }),
        Standing::Failed => Some(PacketEvidence::Failed { why }),
        Standing::Tampered => Some(PacketEvidence::Tampered { why }),
    }
}

/// Judges a run some of whose blobs in the user's own store are damaged or gone; none when all are whole. The
/// store is the user's own, so that this is not tampering. What cannot be derived without them is undecided; a failure that the
/// others show is a failure.
fn damaged(verification: &Verification, id: &PacketId, of: impl Fn(String) -> String) -> Option<PacketEvidence> {
    let lost = |name| matches!(name, FindingName::EvidenceDamaged | FindingName::EvidenceMissing);
    let line = |finding: &Finding| format!("{} {}: {}", finding.name.as_str(), finding.at, finding.found);
    let first = verification.findings.iter().find(|finding| lost(finding.name))?;
    let failed = verification.findings.iter().filter(|finding| finding.name.standing() == Standing::Failed);
    let why: Vec<String> = failed.map(|finding| of(line(finding))).collect();
    if !why.is_empty() {
        return Some(PacketEvidence::Failed { why });
    }
    Some(PacketEvidence::Undecided { why: vec![of(format!("{}; run it again: rcrepro run {id}", line(first)))] })
}

/// Writes the worst findings of a verification, a line each.
fn lines(verification: &Verification) -> Vec<String> {
    let worst = verification.findings.iter().filter(|finding| finding.name.standing() == verification.standing());
    worst.map(|finding| format!("{} {}: {}", finding.name.as_str(), finding.at, finding.found)).collect()
}
