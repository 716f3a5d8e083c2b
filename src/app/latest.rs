//! The latest evidence of a packet: the newest run or replay in the store, else the committed manifest.

use super::record::RunRecord;
use super::replay::{ReplayError, read_manifest};
use super::workspace::Workspace;
use crate::format::manifest_json;
use crate::model::manifest::ReproManifest;
use crate::model::plan::PacketId;
use crate::store::BlobStore as _;
use crate::store::fs::FsStore;
use crate::store::runs::Runs;

/// Finds a packet's latest evidence, and says where it is from.
///
/// A record that cannot be read, or whose manifest is gone, is passed over.
///
/// # Errors
/// [`ReplayError::NoManifest`] when there is none at all.
pub fn latest(
    workspace: &Workspace,
    packet: &PacketId,
    store: &FsStore,
) -> Result<(ReproManifest, String), ReplayError> {
    let runs = Runs::open(store.root())?;
    for run in runs.list()?.iter().rev() {
        let bytes = runs.record(run, packet)?.unwrap_or_default();
        let record: Option<RunRecord> = serde_json::from_slice(&bytes).ok();
        let Some(record) = record.filter(|record| record.plan == workspace.plan_digest()) else { continue };
        if let Some(manifest) = store.get(record.manifest).ok().and_then(|bytes| manifest_json::decode(&bytes).ok()) {
            return Ok((manifest, format!("{} {} of commit {}", record.kind, record.run, record.commit)));
        }
    }
    let path = workspace.manifest_path(packet);
    let (manifest, _) = read_manifest(&path, store)?;
    Ok((manifest, path.display().to_string()))
}
