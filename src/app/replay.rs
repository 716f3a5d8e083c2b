//! `rcrepro replay`: executes a recorded packet again, without any cache of results, and compares command by command.

use std::path::{Path, PathBuf};

use super::evidence::{self, EvidenceError};
use super::mending::mending;
use super::recorded::RecordedError;
use super::release_images;
use super::run::{Recorded, RunError, RunOptions, execute};
use super::session::Session;
use super::workspace::Workspace;
use crate::format::manifest_json::{self, ManifestError};
use crate::model::compare::{CommandComparison, Comparison, Difference, Equality, compare};
use crate::model::digest::Digest;
use crate::model::event::RunEvent;
use crate::model::manifest::ReproManifest;
use crate::proof::{Proof, Standing};
use crate::store::door;
use crate::store::{BlobStore, runs};

/// Says why a replay could not be decided.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// There is no manifest.
    #[error("no manifest at `{path}`")]
    NoManifest {
        /// Where it was looked for.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The bytes are no manifest.
    #[error("`{path}` is no manifest")]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: ManifestError,
    },
    /// The manifest's evidence cannot be read.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The runs of the store cannot be read.
    #[error(transparent)]
    Runs(#[from] runs::RunError),
    /// What a run recorded cannot be read.
    #[error(transparent)]
    Recorded(#[from] RecordedError),
    /// The packet could not be executed.
    #[error(transparent)]
    Run(Box<RunError>),
}

impl From<RunError> for ReplayError {
    fn from(error: RunError) -> Self {
        Self::Run(Box::new(error))
    }
}

/// Is a replay that was decided.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// The manifest that was replayed.
    pub recorded: ReproManifest,
    /// Its digest.
    pub recorded_digest: Digest,
    /// What came out this time.
    pub found: Recorded,
    /// How the two compare.
    pub comparison: Comparison,
}

/// Reads a manifest, and puts its evidence into the store so that differences can be shown.
///
/// # Errors
/// [`ReplayError`].
pub fn read_manifest(path: &Path, store: &dyn BlobStore) -> Result<(ReproManifest, Digest), ReplayError> {
    let bytes = door::read(path, door::RECORD_LIMIT)
        .map_err(|source| ReplayError::NoManifest { path: path.to_owned(), source })?;
    let manifest =
        manifest_json::decode(&bytes).map_err(|source| ReplayError::Manifest { path: path.to_owned(), source })?;
    evidence::import(path, store)?;
    Ok((manifest, Digest::of(&bytes)))
}

/// Replays a manifest at a revision of the workspace.
///
/// # Errors
/// [`ReplayError`]; a difference is no error.
pub async fn replay(
    session: &Session,
    workspace: &Workspace,
    manifest: &Path,
    options: RunOptions<'_>,
) -> Result<Replayed, ReplayError> {
    let again = async || replay_once(session, workspace, manifest, options).await;
    mending(&session.store, options.observe, options.cancel, again).await
}

async fn replay_once(
    session: &Session,
    workspace: &Workspace,
    manifest: &Path,
    options: RunOptions<'_>,
) -> Result<Replayed, ReplayError> {
    let (recorded, recorded_digest) = read_manifest(manifest, &*session.store)?;
    let packet = recorded.packet.clone();
    let against = Some((&recorded, recorded_digest));
    let mut found = execute(session, workspace, &packet, options, against).await?;
    if let Some(released) = &mut found.images {
        release_images::compare::compare(manifest, released, &*session.store).map_err(RunError::from)?;
        release_images::latest::keep(&session.run, &packet, found.manifest.source.root, released)?;
    }
    let mut comparison = compare(&recorded, &found.manifest);
    for command in &mut comparison.commands {
        judge(command, found.proofs.get(&command.id));
        if let Some(flake) = found.flakes.get(&command.id).filter(|flake| !flake.passes()) {
            command.equality = command.equality.max(Equality::Failed);
            let expected = "the same verdict at every attempt".to_owned();
            command.differences.push(Difference { what: "flake".to_owned(), expected, found: flake.to_string() });
        }
    }
    (options.observe)(RunEvent::Compared { parts: comparison.part_counts() });
    Ok(Replayed { recorded, recorded_digest, found, comparison })
}

/// Lets what the evidence proves count: an equal hollow pass is as hollow as the one that was recorded.
fn judge(command: &mut CommandComparison, proof: Option<&Proof>) {
    let Some(proof) = proof else { return };
    let equality = match proof.standing() {
        Standing::Passed => return,
        Standing::Undecided => Equality::Undecided,
        Standing::Failed => Equality::Failed,
    };
    command.equality = if equality == Equality::Undecided { equality } else { command.equality.max(equality) };
    if *proof != Proof::Failed {
        let expected = "evidence that the command did its work".to_owned();
        command.differences.push(Difference { what: "proof".to_owned(), expected, found: proof.to_string() });
    }
}
