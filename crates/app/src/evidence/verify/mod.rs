//! `rcrepro verify`: judges a stranger's manifest from the manifest and its evidence alone. Nothing is executed, nothing is
//! fetched, and every fault is listed, not the first.

#![warn(clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};

use super::evidence_folder::EvidenceFolder;
use crate::evidence;
use crate::run::actions::Resolved;
use rcrepro_format::records::manifest_json::{self, ManifestError};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::finding::{EvidenceCount, Finding, FindingName, Note};
use rcrepro_model::evidence::manifest::ReproManifest;
use rcrepro_model::plan::quarantine::Flake;
use rcrepro_model::standing::Standing;
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_proof::Proof;
use rcrepro_store::memory::MemoryStore;
use rcrepro_store::stacked::Stacked;
use rcrepro_store::{BlobStore, StoreError};

mod attempts;
mod commands;
mod failed;
mod inputs;
pub(crate) mod repository;
mod untied;
mod witnesses;

/// The operating system that every command runs on.
const OS: &str = "linux";
/// The place of the evidence in findings.
pub(super) const EVIDENCE: &str = "evidence";

/// A judged manifest, with everything that is wrong and what could not be confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The digest of the manifest's bytes.
    pub manifest: Digest,
    /// The manifest, when its bytes are one.
    pub(crate) parsed: Option<ReproManifest>,
    /// How many blobs the manifest names, and how many of them are there.
    pub evidence: EvidenceCount,
    /// Everything that is wrong, in the order of the manifest.
    pub findings: Vec<Finding>,
    /// What a reader should know beside that.
    pub notes: Vec<Note>,
    /// What the manifest says and nothing in its evidence can confirm.
    pub untied: Vec<Note>,
    /// What the evidence of each command proves, as far as it is there.
    pub proofs: Vec<(Name, Proof)>,
    /// The commands that failed and then passed, with what the plan's quarantine makes of them.
    pub flakes: BTreeMap<Name, Flake>,
}

impl Verification {
    /// The worst of what was found.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing::worst(&self.findings)
    }
}

/// Gathers findings and the store that holds the evidence.
struct Judge<'a> {
    store: &'a dyn BlobStore,
    manifest: &'a ReproManifest,
    today: CivilDate,
    findings: Vec<Finding>,
    untied: Vec<Note>,
    proofs: Vec<(Name, Proof)>,
    flakes: BTreeMap<Name, Flake>,
    /// What the proofs rest on.
    read: BTreeSet<Digest>,
}

impl Judge<'_> {
    fn finding(&mut self, name: FindingName, at: &str, expected: impl ToString, found: impl ToString) {
        self.findings.push(Finding {
            name,
            at: at.to_owned(),
            expected: expected.to_string(),
            found: found.to_string(),
        });
    }

    fn same<T: PartialEq + ToString>(&mut self, name: FindingName, at: &str, expected: &T, found: &T) {
        if expected != found {
            self.finding(name, at, expected.to_string(), found.to_string());
        }
    }

    /// Hashes a blob of any size; what is wrong with it becomes a finding.
    fn check(&mut self, at: &str, digest: Digest) -> bool {
        let drained = self.store.reader(digest).map(|mut reader| std::io::copy(&mut reader, &mut std::io::sink()));
        match drained {
            Ok(Ok(_)) => return true,
            Ok(Err(error)) => self.finding(FindingName::EvidenceDamaged, at, digest, error),
            Err(error) => self.finding(FindingName::EvidenceMissing, at, digest, error),
        }
        false
    }

    /// Reads a small blob; what is wrong with it becomes a finding.
    fn blob(&mut self, at: &str, digest: Digest) -> Option<Vec<u8>> {
        match self.store.get(digest) {
            Ok(bytes) => Some(bytes),
            Err(StoreError::Damaged { expected, found }) => {
                self.finding(FindingName::EvidenceDamaged, at, expected, found);
                None
            }
            Err(error) => {
                self.finding(FindingName::EvidenceMissing, at, digest, error);
                None
            }
        }
    }
}

/// Judges a manifest. `store` holds its evidence, and nothing is written to it; `folder` is what was found in the folder
/// of the evidence; flakes pass as the quarantine covers them on `today`.
#[must_use]
pub fn verify(bytes: &[u8], store: &dyn BlobStore, folder: &EvidenceFolder, today: CivilDate) -> Verification {
    let mut verification = Verification {
        manifest: Digest::of(bytes),
        parsed: None,
        evidence: EvidenceCount::default(),
        findings: folder.findings(EVIDENCE),
        notes: folder.notes(EVIDENCE),
        untied: Vec::new(),
        proofs: Vec::new(),
        flakes: BTreeMap::new(),
    };
    let manifest = match manifest_json::decode(bytes) {
        Ok(manifest) => manifest,
        Err(error) => {
            verification.findings.push(unreadable(&error));
            return verification;
        }
    };
    // What is derived stays here: the evidence is left as it is, and what it lacks can be told.
    let above = MemoryStore::default();
    let restored = folder.restore(&above).unwrap_or_default();
    let (below, store) = (store, &Stacked::new(&above, store));
    let (findings, untied) = (std::mem::take(&mut verification.findings), Vec::new());
    let (proofs, flakes) = (Vec::new(), BTreeMap::new());
    let read = BTreeSet::new();
    let mut judge = Judge { store, manifest: &manifest, today, findings, untied, proofs, flakes, read };
    let named = judge.judge();
    let present = |digest: &&Digest| restored.contains(*digest) || below.contains(**digest).unwrap_or(false);
    let present: BTreeSet<Digest> = named.iter().filter(present).copied().collect();
    let derived = named.difference(&present).filter(|digest| above.contains(**digest).unwrap_or(false)).count();
    let evidence = EvidenceCount { named: named.len(), present: present.len(), derived };
    let Judge { findings, untied, proofs, flakes, .. } = judge;
    let mut verification = Verification { evidence, findings, untied, proofs, flakes, ..verification };
    if folder.missing {
        without_folder(&mut verification, folder);
    }
    verification.parsed = Some(manifest);
    verification
}

/// Makes a finding of bytes that cannot be decoded as a manifest.
fn unreadable(error: &ManifestError) -> Finding {
    let name = match error {
        ManifestError::Version { .. } => FindingName::UnknownVersion,
        ManifestError::NotCanonical { .. } => FindingName::NotCanonical,
        ManifestError::Malformed { .. }
        | ManifestError::TooLarge { .. }
        | ManifestError::Number(_)
        | ManifestError::Needless { .. }
        | ManifestError::Clock { .. } => FindingName::Malformed,
    };
    let expected = "an RFC 8785 manifest".to_owned();
    Finding { name, at: "manifest".into(), expected, found: error.to_string() }
}

/// Says once that the folder is not there, instead of once for each blob that it should hold.
fn without_folder(verification: &mut Verification, evidence: &EvidenceFolder) {
    let folder = evidence.path.display();
    let before = verification.findings.len();
    verification.findings.retain(|finding| finding.name != FindingName::EvidenceMissing);
    if verification.findings.len() == before {
        let says = format!("there is no folder `{folder}`: every blob came from this machine's store");
        verification.notes.push(Note { at: EVIDENCE.to_owned(), says });
        return;
    }
    let finding = Finding {
        name: FindingName::EvidenceMissing,
        at: EVIDENCE.to_owned(),
        expected: "the folder of evidence that travels with the manifest".to_owned(),
        found: format!("no folder `{folder}`"),
    };
    verification.findings.insert(0, finding);
}

impl Judge<'_> {
    /// Gives the blobs that the manifest names: itself, through its source, and by what its proofs rest on.
    fn judge(&mut self) -> BTreeSet<Digest> {
        let manifest = self.manifest;
        if manifest.commands.is_empty() {
            self.finding(FindingName::NoCommands, "commands", "at least one command", "none");
        }
        if manifest.source.dirty {
            self.finding(FindingName::SourceDirty, "source.dirty", "false", "true");
        }
        self.same(FindingName::PlatformDiffers, "platform.os", &OS.to_owned(), &manifest.platform.os);
        let mut named = evidence::named_blobs(manifest);
        let plan = self.plan();
        named.extend(self.source());
        self.images();
        self.frozen(plan.as_ref());
        self.normalizers();
        let resolved = Resolved::recorded(manifest);
        if let Some(plan) = &plan {
            self.references(plan);
            self.witnesses(plan);
        }
        // In the plan a command may stand before those that it needs.
        let results = manifest.results();
        for entry in &manifest.commands {
            self.command(plan.as_ref(), &resolved, &results, entry);
        }
        self.failed(plan.as_ref());
        self.say_untied(plan.as_ref());
        named.extend(std::mem::take(&mut self.read));
        named
    }
}
