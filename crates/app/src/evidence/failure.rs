//! The record of a packet that failed: `PACKET.failed.json` beside the packet's manifest, with evidence of its own.
//!
//! It has the form of a manifest and is judged as one. A run of what is checked out that fails writes it and leaves the manifest of
//! an earlier run where it is; one that passes removes it. So where it is there, no such run has passed since.

use std::io;
use std::path::{Path, PathBuf};

use super::currency::outdated;
use super::evidence_set::{EvidenceSet, EvidenceSetError};
use super::recorded;
use super::{EvidenceError, folder_of};
use crate::workspace::Workspace;
use rcrepro_format::records::manifest_json;
use rcrepro_model::content::digest::{Digest, Sha256};
use rcrepro_model::evidence::manifest::ReproManifest;
use rcrepro_model::plan::PacketId;
use rcrepro_store::BlobStore;
use rcrepro_store::door;

/// What a run that failed left in the plan's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureRecord {
    /// Where the record was written.
    pub path: PathBuf,
    /// The manifest of an earlier run whose commands had the very same actions and passed; it is kept.
    pub passed_before: Option<PathBuf>,
}

/// Opens the record of a packet's failure; none where there is none.
///
/// # Errors
/// [`EvidenceSetError`] when it is there and cannot be read.
pub(crate) fn open(
    workspace: &Workspace,
    packet: &PacketId,
    store: &Path,
) -> Result<Option<EvidenceSet>, EvidenceSetError> {
    match EvidenceSet::open(&workspace.failed_path(packet), Some(store)) {
        Err(EvidenceSetError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        set => set.map(Some),
    }
}

/// Whether a record of a failure is of the packet, and of the source, plan and locks at hand; none where the plan that it was made
/// by cannot be read.
#[must_use]
pub(crate) fn is_current(
    workspace: &Workspace,
    set: &EvidenceSet,
    packet: &PacketId,
    source: Digest,
    store: &dyn BlobStore,
) -> Option<bool> {
    let Ok(manifest) = set.manifest() else { return Some(false) };
    if manifest.packet != *packet {
        return Some(false);
    }
    // A plan that cannot be read from the evidence is the one at hand when the digests are equal.
    let own = || (manifest.plan == workspace.plan_digest()).then(|| workspace.plan.clone());
    let plan = recorded::plan(&manifest, set.blobs()).or_else(own)?;
    Some(outdated(workspace, &manifest, &plan, source, store).is_none())
}

/// Finds the manifest of an earlier run whose commands had the same actions as these, as far as both have them.
#[must_use]
pub(crate) fn passed_before(path: &Path, failed: &ReproManifest) -> Option<PathBuf> {
    let earlier = manifest_json::decode(&door::read(path, door::RECORD_LIMIT).ok()?).ok()?;
    let same = |entry| failed.command(entry).zip(earlier.command(entry)).is_some_and(|(a, b)| a.action == b.action);
    let (mut ids, any) = (failed.commands.iter().map(|entry| &entry.id), !failed.commands.is_empty());
    (any && ids.all(same)).then(|| path.to_owned())
}

/// Removes the record of a failure with its evidence; tells whether there was one.
///
/// # Errors
/// [`EvidenceError`] when a file cannot be removed.
pub(crate) fn remove(path: &Path) -> Result<bool, EvidenceError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| EvidenceError::Io { doing: "remove", path, source }
    };
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        removed => removed.map_err(io(path))?,
    }
    let folder = folder_of(path);
    for file in super::files(&folder)? {
        let name = file.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| name.parse::<Sha256>().is_ok()) {
            std::fs::remove_file(&file).map_err(io(&file))?;
        }
    }
    match std::fs::remove_dir(&folder) {
        // What a person put there stays.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty) => Ok(true),
        removed => removed.map_err(io(&folder)).map(|()| true),
    }
}
