//! `rcrepro verify`: judges a stranger's manifest from the manifest and its evidence alone. Nothing is executed, nothing is
//! fetched, and every fault is listed, not the first.

use std::collections::BTreeMap;

use super::actions::Resolved;
use super::evidence;
use crate::format::manifest_json::{self, ManifestError};
use crate::model::civil_date::CivilDate;
use crate::model::digest::Digest;
use crate::model::finding::{Finding, FindingName, Severity};
use crate::model::manifest::ReproManifest;
use crate::model::name::Name;
use crate::model::quarantine::Flake;
use crate::proof::Proof;
use crate::store::{BlobStore, StoreError};

mod attempts;
mod commands;
mod inputs;

/// Is what a verification came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The digest of the manifest's bytes.
    pub manifest: Digest,
    /// The manifest, when its bytes are one.
    pub parsed: Option<ReproManifest>,
    /// How many of the blobs that the manifest names are there.
    pub blobs: usize,
    /// Everything that is wrong, in the order of the manifest.
    pub findings: Vec<Finding>,
    /// What the evidence of each command proves, as far as it is there.
    pub proofs: Vec<(Name, Proof)>,
    /// The commands that failed and then passed, with what the plan's quarantine makes of them.
    pub flakes: BTreeMap<Name, Flake>,
}

impl Verification {
    /// Gives the worst finding's rank; none when the manifest stands.
    #[must_use]
    pub fn severity(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.name.severity()).max()
    }
}

/// Gathers findings and the store that holds the evidence.
struct Judge<'a> {
    store: &'a dyn BlobStore,
    manifest: &'a ReproManifest,
    today: CivilDate,
    findings: Vec<Finding>,
    proofs: Vec<(Name, Proof)>,
    flakes: BTreeMap<Name, Flake>,
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

/// Judges a manifest. `store` holds its evidence; `damaged` are evidence files whose bytes do not match their names; flakes
/// pass as the quarantine covers them on `today`.
#[must_use]
pub fn verify(bytes: &[u8], store: &dyn BlobStore, damaged: &[(String, Digest)], today: CivilDate) -> Verification {
    let digest = Digest::of(bytes);
    let mut findings: Vec<Finding> = damaged
        .iter()
        .map(|(name, found)| Finding {
            name: FindingName::EvidenceDamaged,
            at: format!("evidence/{name}"),
            expected: name.clone(),
            found: found.hash.to_string(),
        })
        .collect();
    let manifest = match manifest_json::decode(bytes) {
        Ok(manifest) => manifest,
        Err(error) => {
            let name = match error {
                ManifestError::Version { .. } => FindingName::UnknownVersion,
                ManifestError::NotCanonical { .. } => FindingName::NotCanonical,
                ManifestError::Malformed { .. }
                | ManifestError::TooLarge { .. }
                | ManifestError::Clock { .. }
                | ManifestError::Needless { .. } => FindingName::Malformed,
            };
            findings.push(Finding {
                name,
                at: "manifest".into(),
                expected: "an RFC 8785 manifest".into(),
                found: error.to_string(),
            });
            let (proofs, flakes) = (Vec::new(), BTreeMap::new());
            return Verification { manifest: digest, parsed: None, blobs: 0, findings, proofs, flakes };
        }
    };
    let (proofs, flakes) = (Vec::new(), BTreeMap::new());
    let mut judge = Judge { store, manifest: &manifest, today, findings, proofs, flakes };
    let blobs = judge.judge();
    let Judge { findings, proofs, flakes, .. } = judge;
    Verification { manifest: digest, parsed: Some(manifest), blobs, findings, proofs, flakes }
}

impl Judge<'_> {
    fn judge(&mut self) -> usize {
        let manifest = self.manifest;
        if manifest.commands.is_empty() {
            self.finding(FindingName::NoCommands, "commands", "at least one command", "none");
        }
        if manifest.source.dirty {
            self.finding(FindingName::SourceDirty, "source.dirty", "false", "true");
        }
        let named = evidence::named_blobs(manifest);
        let present = named.iter().filter(|digest| self.store.contains(**digest).unwrap_or(false)).count();
        let plan = self.plan();
        self.source();
        self.images();
        self.frozen();
        self.normalizers();
        let resolved = Resolved {
            source: manifest.source.root,
            date_epoch: manifest.source.date_epoch,
            isa: manifest.platform.isa.clone(),
            images: manifest.images.clone(),
            frozen: manifest.frozen.clone(),
        };
        if let Some(plan) = &plan {
            self.references(plan);
        }
        // In the plan a command may stand before those that it needs.
        let results: BTreeMap<_, _> = manifest.commands.iter().map(|entry| (entry.id.clone(), entry.clone())).collect();
        for entry in &manifest.commands {
            self.command(plan.as_ref(), &resolved, &results, entry);
        }
        present
    }
}
