//! `rcrepro verify`.

use std::path::Path;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{print, print_json};
use crate::today::today;
use rcrepro_app::evidence::evidence_set::{EvidenceSet, EvidenceSetError};
use rcrepro_report::json::Verified;
use rcrepro_report::{json, text};
use rcrepro_store::door::DoorError;

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

impl From<EvidenceSetError> for Failure {
    fn from(error: EvidenceSetError) -> Self {
        match error {
            EvidenceSetError::Read { path, source } => refused(&path, &source),
            EvidenceSetError::Evidence(error) => error.into(),
            EvidenceSetError::Images(error) => (*error).into(),
        }
    }
}

/// Explains why a file was not read. No manifest is as large as the limit, so a larger file was tampered with; anything else
/// decides nothing.
fn refused(path: &Path, error: &std::io::Error) -> Failure {
    let refusal = DoorError::of(error);
    let exit = match refusal {
        Some(DoorError::TooLarge { .. }) => Exit::Tampered,
        _ => Exit::Undecided,
    };
    Failure::plain(exit, format!("cannot read `{}`: {error}", path.display()), refusal.map(DoorError::hint))
}
