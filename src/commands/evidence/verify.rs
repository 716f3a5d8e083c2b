//! `rcrepro verify`.

use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{print, print_json};
use crate::today::today;
use rcrepro_app::attest::keys::NamedKey;
use rcrepro_app::attest::{self, check};
use rcrepro_app::evidence::evidence_set::{EvidenceSet, EvidenceSetError};
use rcrepro_report::json::Verified;
use rcrepro_report::{json, text};

/// Judges a manifest file by the evidence beside it and in the store, and by the statements of those whom the reader trusts.
pub fn verify(context: &Context, path: &Path, keys: &[PathBuf]) -> Result<Exit, Failure> {
    let keys = keys.iter().map(|key| NamedKey::read(&context.path(key))).collect::<Result<Vec<_>, _>>()?;
    let path = context.path(path);
    let mut verification = EvidenceSet::open(&path, Some(&context.store))?.verify(today())?;
    let attestations = check::check(&path, &verification, &keys)
        .map_err(|source| EvidenceSetError::Read { path: attest::folder_of(&path), source })?;
    verification.findings.extend(attestations.findings);
    verification.notes.extend(attestations.notes);
    let verified = Verified {
        manifest: verification.manifest,
        evidence: verification.evidence,
        standing: verification.standing(),
        findings: &verification.findings,
        notes: &verification.notes,
        untied: &verification.untied,
        proofs: &verification.proofs,
        flakes: &verification.flakes,
        signed: &attestations.signed,
    };
    if context.json {
        print_json(&json::verification(&verified))?;
    } else {
        print(text::verification(&verified))?;
    }
    Ok(verification.standing().into())
}
