//! The ledger of suppressions: gathered from a commit, recorded with a manifest, verified, compared with the release before.

pub(crate) mod judged;
pub(crate) mod ledger;
pub mod previous;
pub mod reading;
pub(crate) mod trees;
pub(crate) mod verify;

use std::collections::BTreeSet;
use std::path::Path;

use crate::board::status_error::StatusError;
use crate::evidence::evidence_set::{EvidenceSet, EvidenceSetError};
use crate::suppressions::ledger::{LedgerCommand, gather};
use crate::suppressions::previous::PreviousRelease;
use crate::suppressions::reading::TreeReading;
use crate::workspace::Workspace;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::manifest::ReproManifest;
use rcrepro_model::evidence::suppression::{Silenced, Suppression, SuppressionChanges, changes};
use rcrepro_model::plan::PacketId;
use rcrepro_model::standing::Standing;
use rcrepro_store::BlobStore as _;

/// The suppressions of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectSuppressions {
    /// Those that commands of the plan may heed.
    pub entries: Vec<Suppression>,
    /// How many more the tree has, of tools that no command runs.
    pub unheeded: usize,
    /// How many files were read.
    pub files: usize,
    /// The release before, if there is one, and what changed since.
    pub since: Option<(PreviousRelease, SuppressionChanges)>,
}

impl ProjectSuppressions {
    /// Failed where something is new, as far as that can be told, or silences nothing any more.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let is_new = self.since.as_ref().is_some_and(|(_, changed)| !changed.new.is_empty());
        let is_idle = self.entries.iter().any(|entry| entry.silenced == Silenced::Nothing);
        if is_new || is_idle { Standing::Failed } else { Standing::Passed }
    }
}

/// Lists what the commands of some packets, or of all, are told not to report at a revision, and what of it is new since `since`,
/// or since the nearest tag before. Streams are those of the manifests at hand.
///
/// # Errors
/// [`StatusError`] when the commit, or the one that is compared with, cannot be read.
pub fn suppressions(
    workspace: &Workspace,
    revision: &str,
    packets: &[PacketId],
    since: Option<&str>,
    store: &Path,
) -> Result<ProjectSuppressions, StatusError> {
    let tree = TreeReading::of_commit(workspace, revision)?;
    let wanted = |id: &PacketId| packets.is_empty() || packets.contains(id);
    let manifests = manifests(workspace, &wanted, store)?;
    let entries = of_packets(workspace, &wanted, &tree, &manifests);
    let previous = PreviousRelease::find(workspace, revision, since)?;
    let in_tree: BTreeSet<&Suppression> = tree.suppressions.iter().collect();
    let since = previous.map(|previous| {
        let now = previous.comparable(&entries);
        let mut changed = changes(&previous.entries, &now);
        // What other packets or tools had is no change of these.
        changed.gone.retain(|entry| wants_all(packets) && !in_tree.contains(entry));
        (previous, changed)
    });
    let heeded = entries.iter().filter(|entry| in_tree.contains(entry)).count();
    Ok(ProjectSuppressions { unheeded: tree.suppressions.len() - heeded, files: tree.files, entries, since })
}

const fn wants_all(packets: &[PacketId]) -> bool {
    packets.is_empty()
}

/// Opens the manifests that lie beside the plan; what cannot be decoded says nothing here, and is judged elsewhere.
fn manifests(
    workspace: &Workspace,
    wanted: &dyn Fn(&PacketId) -> bool,
    store: &Path,
) -> Result<Vec<(ReproManifest, EvidenceSet)>, StatusError> {
    let mut found = Vec::new();
    for id in workspace.plan.packets.keys().filter(|id| wanted(id)) {
        let set = match EvidenceSet::open(&workspace.manifest_path(id), Some(store)) {
            Ok(set) => set,
            Err(EvidenceSetError::Read { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        if let Ok(manifest) = set.manifest() {
            found.push((manifest, set));
        }
    }
    Ok(found)
}

/// Gathers what the commands of packets are told not to report.
fn of_packets(
    workspace: &Workspace,
    wanted: &dyn Fn(&PacketId) -> bool,
    tree: &TreeReading,
    manifests: &[(ReproManifest, EvidenceSet)],
) -> Vec<Suppression> {
    let plan = &workspace.plan;
    let stream = |digest: Digest| manifests.iter().find_map(|(_, set)| set.blobs().get(digest).ok());
    let packets = plan.packets.iter().filter(|(id, _)| wanted(id));
    let mut specs: Vec<_> = packets.flat_map(|(_, packet)| plan.commands(packet)).collect();
    specs.sort_by_key(|spec| &spec.id);
    specs.dedup_by_key(|spec| &spec.id);
    let recorded = |id| manifests.iter().find_map(|(manifest, _)| manifest.command(id));
    let commands: Vec<LedgerCommand<'_>> = specs
        .into_iter()
        .map(|spec| LedgerCommand { id: &spec.id, line: &spec.line, entry: recorded(&spec.id) })
        .collect();
    gather(plan, &tree.suppressions, &commands, &stream)
}

/// What the board needs of the suppressions of a revision.
pub(crate) struct BoardSuppressions {
    pub(crate) entries: Vec<Suppression>,
    pub(crate) previous: Option<PreviousRelease>,
    /// Whether a manifest at hand, or of the release before, has a ledger: the project is past the time without them.
    pub(crate) is_recorded: bool,
}

/// Gathers the suppressions of all packets for the board.
///
/// # Errors
/// [`StatusError`] when the commit, or that of the release before, cannot be read.
pub(crate) fn for_board(workspace: &Workspace, revision: &str, store: &Path) -> Result<BoardSuppressions, StatusError> {
    let tree = TreeReading::of_commit(workspace, revision)?;
    let manifests = manifests(workspace, &|_| true, store)?;
    let entries = of_packets(workspace, &|_| true, &tree, &manifests);
    let previous = PreviousRelease::find(workspace, revision, None)?;
    let has_ledger = manifests.iter().any(|(manifest, _)| manifest.suppressions.is_some());
    let is_recorded = has_ledger || previous.as_ref().is_some_and(|previous| previous.has_ledgers);
    Ok(BoardSuppressions { entries, previous, is_recorded })
}
