//! Statements that people sign, and whose word a manifest has: `rcrepro keygen`, `attest`, and the keys of `verify`.

use std::io;
use std::path::{Path, PathBuf};

use crate::release::step::record_path;
use rcrepro_model::content::digest::Sha256;
use rcrepro_store::door;

pub mod check;
pub mod keys;
pub mod sign;

/// Names the folder of the statements about a manifest, beside it: `RC-05.attestations` of `RC-05.json`.
#[must_use]
pub fn folder_of(manifest: &Path) -> PathBuf {
    manifest.with_extension("attestations")
}

/// Hashes the record of the release's images beside a manifest; none where there is none.
///
/// # Errors
/// The system's, or what [`door::open`] refuses.
fn images_record(manifest: &Path) -> io::Result<Option<Sha256>> {
    match door::read(&record_path(manifest), door::RECORD_LIMIT) {
        Ok(bytes) => Ok(Some(Sha256::of(&bytes))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
