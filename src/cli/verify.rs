//! `rcrepro verify`.

use std::path::Path;

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::output::print;
use super::today::today;
use crate::app::release_images::verify as images;
use crate::app::{evidence, verify as app};
use crate::report::{json, text};
use crate::store::layered::Layered;

/// Judges a manifest file by the evidence beside it and in the store.
pub fn verify(context: &Context, path: &Path) -> Result<Exit, Failure> {
    let bytes = std::fs::read(path)
        .map_err(|error| Failure::plain(Exit::Undecided, format!("cannot read `{}`: {error}", path.display()), None))?;
    let damaged = evidence::damaged(path)?;
    let store = Layered::new(&evidence::folder_of(path), Some(&context.store))?;
    let mut verification = app::verify(&bytes, &store, &damaged, today());
    if let Some(manifest) = &verification.parsed {
        verification.findings.extend(images::verify(path, manifest, &store, &context.store)?);
    }
    let (manifest, blobs, findings) = (verification.manifest, verification.blobs, &verification.findings);
    let (proofs, flakes) = (&verification.proofs, &verification.flakes);
    if context.json {
        print(format!("{}\n", json::verification(manifest, blobs, findings, proofs, flakes)).as_bytes())?;
    } else {
        print(text::verification(manifest, blobs, findings, proofs, flakes).as_bytes())?;
    }
    Ok(verification.severity().map_or(Exit::Success, Exit::from))
}
