//! The committed records of scans with advisory data of today, `today/PACKET.json`, read for a verdict.

use std::path::PathBuf;

use super::workspace::Workspace;
use crate::model::digest::Digest;
use crate::model::rescan::{RESCAN_VERSION, Rescan};
use crate::store::door;

/// Says why a record of scans cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("`{path}` is no record of scans with the data of today")]
pub struct RecordError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong in it.
    #[source]
    pub source: serde_json::Error,
}

/// Reads the records of scans that are of a source and of the plan as it is; others count as none.
///
/// # Errors
/// [`RecordError`] when a file is no such record.
pub fn recorded(workspace: &Workspace, source: Digest) -> Result<Vec<Rescan>, RecordError> {
    let mut found = Vec::new();
    for id in workspace.plan.packets.keys() {
        let path = workspace.today_path(id);
        let Ok(bytes) = door::read(&path, door::RECORD_LIMIT) else { continue };
        let record: Rescan = serde_json::from_slice(&bytes).map_err(|source| RecordError { path, source })?;
        let fits = record.version == RESCAN_VERSION && record.packet == *id;
        if fits && record.source == source && record.plan == workspace.plan_digest() {
            found.push(record);
        }
    }
    Ok(found)
}
