//! The ledger of suppressions: gathered from a commit, recorded with a manifest, verified, compared with the release before.

pub(crate) mod judged;
pub(crate) mod ledger;
mod links;
pub mod previous;
pub mod reading;
pub(crate) mod trees;
pub(crate) mod verify;

use std::collections::BTreeSet;
use std::path::Path;

use crate::board::status_error::StatusError;
use crate::evidence::evidence_set::{EvidenceSet, EvidenceSetError};
use crate::suppressions::ledger::{LedgerCommand, gather, of_manifest};
use crate::suppressions::previous::PreviousRelease;
use crate::suppressions::reading::TreeReading;
use crate::workspace::{Workspace, WorkspaceError};
use rcrepro_format::records::manifest_json;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::manifest::ReproManifest;
use rcrepro_model::evidence::suppression::{Silenced, Suppression, SuppressionChanges, changes};
use rcrepro_model::plan::PacketId;
use rcrepro_model::standing::Standing;
use rcrepro_model::text::hint::Hint as _;
use rcrepro_store::BlobStore as _;
use rcrepro_store::git::history::GitHistory;

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
    /// Failed where something is new, as far as that can be told, or silences nothing any more. Undecided where a file cannot be read.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let mut new = self.since.iter().flat_map(|(_, changed)| &changed.new);
        let is_new = new.any(|entry| !entry.is_unread());
        let is_idle = self.entries.iter().any(|entry| entry.silenced == Silenced::Nothing);
        let is_unread = self.entries.iter().any(Suppression::is_unread);
        match (is_new || is_idle, is_unread) {
            (true, _) => Standing::Failed,
            (false, true) => Standing::Undecided,
            (false, false) => Standing::Passed,
        }
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
        // Entries that belong to other packets or to tools that no longer run have not gone.
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
    /// Why nothing can be said of a release before, with what mends it: the history is cut off.
    pub(crate) cut: Option<String>,
    /// Whether a manifest at hand, of the release before or of an earlier commit has a ledger: the project is past the time without
    /// them, and one that was taken out changes nothing.
    pub(crate) is_recorded: bool,
    /// What manifests do not say, a line each.
    pub(crate) notes: Vec<String>,
}

/// Gathers the suppressions of all packets for the board.
///
/// # Errors
/// [`StatusError`] when the commit, or that of the release before, cannot be read.
pub(crate) fn for_board(workspace: &Workspace, revision: &str, store: &Path) -> Result<BoardSuppressions, StatusError> {
    let tree = TreeReading::of_commit(workspace, revision)?;
    let manifests = manifests(workspace, &|_| true, store)?;
    let entries = of_packets(workspace, &|_| true, &tree, &manifests);
    let (previous, cut) = match PreviousRelease::find(workspace, revision, None) {
        Ok(previous) => (previous, None),
        Err(error) if error.is_shallow() => {
            let remedy = error.hint().map_or_else(String::new, |hint| format!(" ({hint})"));
            let cause = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            (None, Some(format!("{cause}{remedy}")))
        }
        Err(error) => return Err(error.into()),
    };
    let has_ledger = manifests.iter().any(|(manifest, _)| manifest.suppressions.is_some());
    let is_recorded = has_ledger
        || previous.as_ref().is_some_and(|previous| previous.has_ledgers)
        || ever_recorded(workspace, revision)?;
    let notes = unrecorded(workspace, &tree, &manifests).into_iter().collect();
    Ok(BoardSuppressions { entries, previous, cut, is_recorded, notes })
}

/// Whether a commit or one of its ancestors has a manifest with a ledger.
///
/// # Errors
/// [`WorkspaceError`] when history cannot be read.
fn ever_recorded(workspace: &Workspace, revision: &str) -> Result<bool, WorkspaceError> {
    let (repository, folder) = workspace.repository()?;
    let history = GitHistory::open(&repository)?;
    let manifests = folder.map_or_else(|| "manifests".to_owned(), |folder| format!("{folder}/manifests"));
    let Ok(manifests) = manifests.parse() else { return Ok(false) };
    let has_ledger = |name: &str, bytes: &[u8]| {
        name.ends_with(".json") && manifest_json::decode(bytes).is_ok_and(|manifest| manifest.suppressions.is_some())
    };
    Ok(history.ever_had(&history.commit(revision)?, &manifests, &has_ledger)?)
}

/// Names the packets whose manifests have no ledger although their commands are told not to report something.
fn unrecorded(workspace: &Workspace, tree: &TreeReading, manifests: &[(ReproManifest, EvidenceSet)]) -> Option<String> {
    let bare = manifests.iter().filter(|(manifest, _)| manifest.suppressions.is_none());
    let bare = bare.filter(|(manifest, set)| !of_manifest(&workspace.plan, manifest, tree, set.blobs()).is_empty());
    let packets: Vec<String> = bare.map(|(manifest, _)| manifest.packet.to_string()).collect();
    let last = packets.last()?;
    Some(format!(
        "{}: the manifest has no ledger of suppressions, so that nothing is compared with what its commands were told not to report \
         (rcrepro suppressions {last})",
        packets.join(", ")
    ))
}
