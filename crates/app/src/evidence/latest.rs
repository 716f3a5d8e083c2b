//! The latest evidence of a packet: the newest run or replay in the store, else the committed manifest.

use super::recorded;
use crate::run::replay::{ReplayError, read_manifest};
use crate::workspace::Workspace;
use rcrepro_model::evidence::manifest::ReproManifest;
use rcrepro_model::plan::PacketId;
use rcrepro_store::fs::FsStore;
use rcrepro_store::runs::Runs;

/// Finds a packet's latest evidence, and says where it is from.
///
/// Older evidence never takes the place of a record that cannot be read, or whose manifest is gone.
///
/// # Errors
/// [`ReplayError::Recorded`] for such a record, [`ReplayError::NoManifest`] when there is no evidence at all.
pub fn latest(
    workspace: &Workspace,
    packet: &PacketId,
    store: &FsStore,
) -> Result<(ReproManifest, String), ReplayError> {
    let runs = Runs::open(store.root())?;
    for found in recorded::newest_first(&runs, packet)? {
        let (_, record) = found?;
        if record.plan == workspace.plan_digest() {
            let (_, manifest) = recorded::manifest(&record, store)?;
            return Ok((manifest, format!("{} {} of commit {}", record.kind, record.run, record.commit)));
        }
    }
    let path = workspace.manifest_path(packet);
    let (manifest, _) = read_manifest(&path, store)?;
    Ok((manifest, path.display().to_string()))
}
