//! What a run leaves in the plan's folder: the manifest of a packet that passed, or the record of one that failed.

use super::context::RunContext;
use super::packet_run::PacketRun;
use crate::evidence::failure::{self, FailureRecord};
use crate::evidence::{self, EvidenceError};
use crate::release::error::ReleaseError;
use crate::release::write;
use crate::workspace::Workspace;
use rcrepro_format::records::manifest_json;
use rcrepro_model::evidence::failed::FailedEntry;
use rcrepro_model::evidence::manifest::{ReproManifest, version_for};
use rcrepro_model::evidence::release_record::Released;
use rcrepro_model::plan::{CommandSpec, PacketId};
use rcrepro_model::standing::Standing;
use rcrepro_store::git::history::GitHistory;
use rcrepro_store::{BlobStore as _, StoreError};

/// Why what a run came to could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The manifest, the record of the failure or its evidence.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The record of the release's images.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes the manifest and its evidence into the plan's folder when everything passed, and the record of the failure when a
/// command failed. What decides nothing leaves nothing.
///
/// # Errors
/// [`WriteError`] when a blob is missing or a file cannot be written.
pub(crate) fn write_evidence(
    context: RunContext<'_>,
    workspace: &Workspace,
    id: &PacketId,
    mut run: PacketRun,
) -> Result<PacketRun, WriteError> {
    // A part of a packet is neither its success nor its failure.
    if run.record.is_partial() {
        return Ok(run);
    }
    let expected = commands(workspace, id).count();
    // An engine that cannot build images has still run the commands.
    if run.passed(expected) && run.images_standing() <= Standing::Undecided {
        let path = workspace.manifest_path(id);
        evidence::write(&path, &run.bytes, &run.manifest, &run.proof_inputs, &**context.store)?;
        if let Some(Released { record: Some(record), findings, written, .. }) = &mut run.images
            && findings.is_empty()
        {
            *written = Some(write(&path, record, context.store)?.display().to_string());
        }
        run.written = Some(path);
        if is_checked_out(workspace, &run.record.commit) {
            failure::remove(&workspace.failed_path(id))?;
        }
    } else if run.standing() == Standing::Failed && is_checked_out(workspace, &run.record.commit) {
        run.failure = Some(write_failure(context, workspace, id, &run)?);
    }
    Ok(run)
}

/// Whether a commit is the one that is checked out: what became of an older one neither hides nor ends a failure of this one.
fn is_checked_out(workspace: &Workspace, commit: &str) -> bool {
    let head = || {
        let (repository, _) = workspace.repository().ok()?;
        GitHistory::open(&repository).ok()?.commit("HEAD").ok()
    };
    head().is_none_or(|head| head.commit == commit)
}

/// Writes the record of a failure. The manifest of an earlier run is left where it is.
fn write_failure(
    context: RunContext<'_>,
    workspace: &Workspace,
    id: &PacketId,
    run: &PacketRun,
) -> Result<FailureRecord, WriteError> {
    let failed = Some(FailedEntry::of_run(commands(workspace, id), &run.manifest.ids(), &run.findings));
    let version = version_for(&run.manifest.commands, failed.as_ref());
    let manifest = ReproManifest { version, failed, ..run.manifest.clone() };
    let (bytes, _) = manifest_json::encode(&manifest);
    context.store.put(&bytes)?;
    let path = workspace.failed_path(id);
    evidence::write(&path, &bytes, &manifest, &run.proof_inputs, &**context.store)?;
    let passed_before = failure::passed_before(&workspace.manifest_path(id), &manifest);
    Ok(FailureRecord { path, passed_before })
}

fn commands<'a>(workspace: &'a Workspace, id: &PacketId) -> impl Iterator<Item = &'a CommandSpec> {
    workspace.plan.packets.get(id).into_iter().flat_map(|packet| workspace.plan.commands(packet))
}
