//! Statements that people sign, and whose word a manifest has: `rcrepro keygen`, `attest`, and the keys of `verify`.

use std::path::{Path, PathBuf};

pub mod check;
pub mod keys;
pub mod sign;

/// Names the folder of the statements about a manifest, beside it: `RC-05.attestations` of `RC-05.json`.
#[must_use]
pub fn folder_of(manifest: &Path) -> PathBuf {
    manifest.with_extension("attestations")
}
