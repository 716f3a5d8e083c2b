//! `rcrepro verify`.

use std::path::Path;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{print, print_json};
use crate::today::today;
use rcrepro_app::evidence::evidence_set::EvidenceSet;
use rcrepro_report::json::Verified;
use rcrepro_report::{json, text};

/// Judges a manifest file by the evidence beside it and in the store.
pub fn verify(context: &Context, path: &Path) -> Result<Exit, Failure> {
    let verification = EvidenceSet::open(&context.path(path), Some(&context.store))?.verify(today())?;
    let verified = Verified {
        manifest: verification.manifest,
        evidence: verification.evidence,
        standing: verification.standing(),
        findings: &verification.findings,
        notes: &verification.notes,
        untied: &verification.untied,
        proofs: &verification.proofs,
        flakes: &verification.flakes,
    };
    if context.json {
        print_json(&json::verification(&verified))?;
    } else {
        print(text::verification(&verified))?;
    }
    Ok(verification.standing().into())
}
