//! Finds the commit that a manifest is of, so that an older release is replayed by its own plan and locks.
//!
//! A manifest names its source by the root of a tree and its plan by digest, never by a commit: the same tree in another commit
//! is the same release. So history is looked through for a commit with that plan whose tree has that root.

use std::path::Path;
use std::sync::Arc;

use super::plan_files::{PlanFiles, short};
use crate::workspace::{PLAN_FILE, Workspace, WorkspaceError};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::evidence::manifest::ReproManifest;
use rcrepro_model::plan::PacketId;
use rcrepro_store::BlobStore;
use rcrepro_store::git::history::GitHistory;

/// How many commits with the manifest's plan are read whole.
const CANDIDATES: usize = 64;
/// The most bytes of a committed record or piece of evidence: 1 GiB.
const RECORDED: u64 = 1 << 30;

/// Opens the workspace at the commit that a manifest is of: the one in hand where its tree has the manifest's root, else the first
/// of history that has it, those of the manifest's own time before others; none where no commit has it.
///
/// # Errors
/// [`WorkspaceError`] when history or a tree cannot be read.
pub fn of_manifest(
    workspace: &Workspace,
    manifest: &ReproManifest,
    store: &dyn BlobStore,
) -> Result<Option<Workspace>, WorkspaceError> {
    let has_root = |workspace: &Workspace| -> Result<bool, WorkspaceError> {
        Ok(workspace.ingest_source(workspace.revision(), store)?.root == manifest.source.root)
    };
    if workspace.plan_digest() == manifest.plan && has_root(workspace)? {
        return Ok(Some(workspace.clone()));
    }
    let (repository, below) = workspace.repository()?;
    let plan: TreePath = PLAN_FILE.parse().expect("a constant name");
    let plan = below.as_ref().map_or_else(|| plan.clone(), |below| below.join(&plan));
    let is_plan = |bytes: &[u8]| Digest::of(bytes) == manifest.plan;
    let mut commits = GitHistory::open(&repository)?.commits_with(&plan, &is_plan)?;
    commits.sort_by_key(|commit| commit.time != manifest.source.date_epoch);
    for commit in commits.into_iter().take(CANDIDATES) {
        let found = Workspace::at(&workspace.folder, &commit.id)?;
        if has_root(&found)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Lets a workspace read the records and written documents of its commit in place of those on disk, which are of another one.
///
/// # Errors
/// [`WorkspaceError`] when one cannot be read or written.
pub fn with_its_records(workspace: Workspace) -> Result<Workspace, WorkspaceError> {
    let PlanFiles::Commit { repository, commit } = &workspace.files else { return Ok(workspace) };
    let failed = |source| WorkspaceError::Records { commit: short(&commit.commit).to_owned(), source };
    let history = GitHistory::open(repository)?;
    let (_, below) = workspace.repository()?;
    let folder = tempfile::Builder::new().prefix("rcrepro-records-").tempdir().map_err(failed)?;
    for file in history.files(commit, below.as_ref())? {
        let Ok(path) = file.parse::<TreePath>() else { continue };
        if !workspace.is_written(&path) {
            continue;
        }
        let tracked = below.as_ref().map_or_else(|| path.clone(), |below| below.join(&path));
        let Some(bytes) = history.file(commit, &tracked, RECORDED)? else { continue };
        let into = folder.path().join(path.as_str());
        std::fs::create_dir_all(into.parent().unwrap_or(folder.path())).map_err(failed)?;
        std::fs::write(&into, bytes).map_err(failed)?;
    }
    Ok(Workspace { records: Some(Arc::new(folder)), ..workspace })
}

/// Lays the manifest of a packet, as the workspace's commit has it, into a folder with its evidence and the record of its images
/// beside it; says whether the commit has one.
///
/// # Errors
/// Whatever kept a file from being read or written.
pub fn lay_out(workspace: &Workspace, packet: &PacketId, into: &Path) -> std::io::Result<bool> {
    let manifests = workspace.folder.join("manifests");
    let files = &workspace.files;
    if matches!(files, PlanFiles::WorkingCopy) || !files.has(&workspace.manifest_path(packet)) {
        return Ok(false);
    }
    for name in [format!("{packet}.json"), format!("{packet}.images.json")] {
        if files.has(&manifests.join(&name)) {
            std::fs::write(into.join(&name), files.read(&manifests.join(&name))?)?;
        }
    }
    for name in [format!("{packet}.evidence"), format!("{packet}.images.evidence")] {
        let from = manifests.join(&name);
        let blobs = files.names(&from)?;
        if !blobs.is_empty() {
            std::fs::create_dir(into.join(&name))?;
        }
        for blob in blobs {
            std::fs::write(into.join(&name).join(&blob), files.read(&from.join(&blob))?)?;
        }
    }
    Ok(true)
}
