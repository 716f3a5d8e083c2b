//! The committed records of scans with advisory data of today, `today/PACKET.json`, read for a verdict.

use std::path::PathBuf;

use crate::workspace::Workspace;
use rcrepro_model::advisory::rescan::{RESCAN_VERSION, Rescan};
use rcrepro_model::content::digest::Digest;
use rcrepro_store::door;

/// Says why a record of scans cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It is there and cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The failed read.
        #[source]
        source: std::io::Error,
    },
    /// It is something else.
    #[error("`{}` is not a record of scans with the data of today", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        #[source]
        source: serde_json::Error,
    },
}

/// Reads the records of scans that are of a source and of the plan as it is; others count as none.
///
/// # Errors
/// [`RecordError`] when a file cannot be read, or is not such a record.
pub(crate) fn recorded(workspace: &Workspace, source: Digest) -> Result<Vec<Rescan>, RecordError> {
    let mut found = Vec::new();
    for id in workspace.plan.packets.keys() {
        let path = workspace.today_path(id);
        let bytes = match door::read(&path, door::RECORD_LIMIT) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(source) => return Err(RecordError::Read { path, source }),
        };
        let record: Rescan = serde_json::from_slice(&bytes).map_err(|source| RecordError::Record { path, source })?;
        let fits = record.version == RESCAN_VERSION && record.packet == *id;
        if fits && record.source == source && record.plan == workspace.plan_digest() {
            found.push(record);
        }
    }
    Ok(found)
}
