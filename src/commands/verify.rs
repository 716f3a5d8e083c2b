//! `rcrepro verify`.

use std::path::Path;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{print, print_json};
use crate::today::today;
use rcrepro_app::evidence::{self, verify as app};
use rcrepro_app::release::verify as images;
use rcrepro_app::release::verify::Judged;
use rcrepro_report::json::Verified;
use rcrepro_report::{json, text};
use rcrepro_store::door::{self, DoorError};
use rcrepro_store::layered::Layered;

/// Judges a manifest file by the evidence beside it and in the store.
pub fn verify(context: &Context, path: &Path) -> Result<Exit, Failure> {
    let bytes = door::read(path, door::RECORD_LIMIT).map_err(|error| refused(path, &error))?;
    let beside = evidence::damaged(path)?;
    let store = Layered::new(&evidence::folder_of(path), Some(&context.store))?;
    let mut verification = app::verify(&bytes, &store, &beside, today());
    if let Some(manifest) = &verification.parsed {
        let Judged { evidence, findings, notes, untied } = images::verify(path, manifest, &store, &context.store)?;
        verification.evidence += evidence;
        verification.findings.extend(findings);
        verification.notes.extend(notes);
        verification.untied.extend(untied);
    }
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

/// Says why a file is not read. One that is too large is no manifest, whatever is in it; with anything else nothing is decided.
fn refused(path: &Path, error: &std::io::Error) -> Failure {
    let refusal = DoorError::of(error);
    let exit = match refusal {
        Some(DoorError::TooLarge { .. }) => Exit::Tampered,
        _ => Exit::Undecided,
    };
    Failure::plain(exit, format!("cannot read `{}`: {error}", path.display()), refusal.map(DoorError::hint))
}
