//! What the evidence of a packet came to, judged in one way for the board, the verdict and the findings of scans: the newest run, the
//! committed record of a failure, the committed manifest.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::currency::outdated;
use super::evidence_folder::EvidenceFolder;
use super::evidence_set::{EvidenceSet, EvidenceSetError};
use super::failure;
use super::history::{History, RecordedRun};
use super::recorded;
use super::verify::{Verification, repository, verify};
use crate::board::status_error::StatusError;
use crate::release::latest;
use crate::suppressions::trees::SourceReadings;
use crate::workspace::Workspace;
use rcrepro_format::records::manifest_json;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::decision::board::PacketEvidence;
use rcrepro_model::evidence::failed::FailedEntry;
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::manifest::{ReproManifest, version_for};
use rcrepro_model::plan::{Packet, PacketId};
use rcrepro_model::standing::Standing;
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_model::text::plural::counted;
use rcrepro_store::BlobStore;
use rcrepro_store::door;
use rcrepro_store::fs::FsStore;

/// Judges the evidence of packets: by the source, plan and locks at hand, on a day.
pub(crate) struct PacketJudge<'a> {
    workspace: &'a Workspace,
    store: &'a FsStore,
    source: Digest,
    today: CivilDate,
    pub(crate) history: History,
    /// The manifests that count although the source has changed since.
    pub(crate) kept: RefCell<BTreeMap<PacketId, ReproManifest>>,
    /// What nothing here can confirm of the repositories that manifests name, a line each.
    pub(crate) unconfirmed: RefCell<Vec<String>>,
    /// The sources of the manifests, read for what they suppress.
    sources: SourceReadings,
}

impl<'a> PacketJudge<'a> {
    /// Opens the history of the store.
    ///
    /// # Errors
    /// [`StatusError`] when the runs cannot be read.
    pub(crate) fn new(
        workspace: &'a Workspace,
        store: &'a FsStore,
        source: Digest,
        today: CivilDate,
    ) -> Result<Self, StatusError> {
        let history = History::open(store.root())?;
        let (kept, unconfirmed) = (RefCell::default(), RefCell::default());
        let sources = SourceReadings::default();
        Ok(Self { workspace, store, source, today, history, kept, unconfirmed, sources })
    }

    /// Judges the committed manifest, after a look at whether a later run of the same source failed, here or where the record of
    /// a failure was made.
    ///
    /// # Errors
    /// [`StatusError`] when something cannot be read at all; what is missing or wrong is the answer.
    pub(crate) fn evidence(&self, id: &PacketId, packet: &Packet) -> Result<PacketEvidence, StatusError> {
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
        let verification = set.verify_commands(self.today, &self.sources)?;
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
        let verification = set.verify_commands(self.today, &self.sources)?;
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
        let Some(plan) = recorded::plan(manifest, store) else {
            return PacketEvidence::Undecided { why: vec!["the plan that it was made by cannot be read".into()] };
        };
        if let Some(why) = outdated(self.workspace, manifest, &plan, self.source, self.store) {
            return PacketEvidence::Missing { why: format!("{why}: rcrepro run {id}") };
        }
        if manifest.source.root != self.source {
            self.kept.borrow_mut().insert(id.clone(), manifest.clone());
        }
        let unconfirmed = verification.untied.iter().filter(|note| note.at == repository::AT);
        let unconfirmed = unconfirmed.map(|note| format!("{id}: nothing confirms {}", note.says));
        self.unconfirmed.borrow_mut().extend(unconfirmed);
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
        let bytes = marked(self.workspace, (id, packet), bytes, &manifest);
        // What a run proved follows from its evidence again: failures, hollow passes, noise.
        let mut verification = verify(&bytes, self.store, &EvidenceFolder::default(), self.today);
        verification.findings.retain(|finding| finding.name != FindingName::NothingFailed);
        let of = |line| format!("{} {}: {line}", record.kind, record.run);
        if let Some(evidence) = damaged(&verification, id, of) {
            return Ok(Some(evidence));
        }
        let why = lines(&verification).into_iter().map(of).collect();
        if let Some(evidence) = wrong(verification.standing(), why) {
            return Ok(Some(evidence));
        }
        // Nothing is recorded of a run whose images of the release are not what they must be.
        if !packet.release_images.is_empty()
            && let Some(why) = latest::failure(&self.history, id, (self.source, false))?
        {
            return Ok(Some(PacketEvidence::Failed { why: vec![format!("the images of the release {why}")] }));
        }
        let (ran, expected) = (manifest.commands.len(), self.workspace.plan.commands(packet).count());
        let why = || format!("{} {} ended after {ran} of {}", record.kind, record.run, counted(expected, "command"));
        Ok((ran < expected).then(|| PacketEvidence::Undecided { why: vec![why()] }))
    }
}

/// Marks the manifest of a run in which some commands did not run, so that they do not look as if somebody had removed them. What
/// was there and could not be kept is told by the record of the failure, where that is of the very same results.
fn marked(
    workspace: &Workspace,
    (id, packet): (&PacketId, &Packet),
    bytes: Vec<u8>,
    manifest: &ReproManifest,
) -> Vec<u8> {
    let mut failed = FailedEntry::of_run(workspace.plan.commands(packet), &manifest.ids(), &[]);
    let recorded = door::read(&workspace.failed_path(id), door::RECORD_LIMIT).ok();
    let recorded = recorded.and_then(|bytes| manifest_json::decode(&bytes).ok());
    let same = recorded.filter(|recorded| recorded.commands == manifest.commands);
    failed.unkept = same.and_then(|recorded| recorded.failed).map(|failed| failed.unkept).unwrap_or_default();
    if failed.not_run.is_empty() && failed.unkept.is_empty() {
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
