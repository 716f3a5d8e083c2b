//! `rcrepro replay`: executes a recorded packet again, without any cache of results, and compares command by command.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::mending::mending;
use crate::evidence::evidence_set::{EvidenceSet, EvidenceSetError};
use crate::evidence::tampered::{Tampered, tampered};
use crate::evidence::{self, EvidenceError};
use crate::release;
use crate::run::context::RunContext;
use crate::run::packet_run::PacketRun;
use crate::run::{RunError, RunOptions, run_packet};
use crate::workspace::Workspace;
use crate::workspace::files::restore;
use rcrepro_format::records::manifest_json::ManifestError;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::compare::{CommandComparison, Comparison, Equality, ManifestDifference, compare};
use rcrepro_model::evidence::failed::networked;
use rcrepro_model::evidence::manifest::ReproManifest;
use rcrepro_model::execution::event::RunEvent;
use rcrepro_model::plan::PacketId;
use rcrepro_model::standing::Standing;
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_model::text::hint::Hint;
use rcrepro_proof::Proof;
use rcrepro_store::{BlobStore, runs};

/// Says why a replay could not be decided.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The file cannot be read.
    #[error("{} `{}`", if source.kind() == ErrorKind::NotFound { "no manifest at" } else { "cannot read" }, path.display())]
    NoManifest {
        /// Where it was looked for.
        path: PathBuf,
        /// The failed read.
        #[source]
        source: std::io::Error,
    },
    /// The file is not a manifest.
    #[error("`{path}` is not a manifest")]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: ManifestError,
    },
    /// Parts of the manifest or of its evidence contradict each other.
    #[error(transparent)]
    Tampered(Box<Tampered>),
    /// The manifest's evidence cannot be read.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The runs of the store cannot be read.
    #[error(transparent)]
    Runs(#[from] runs::RunFolderError),
    /// The packet could not be executed.
    #[error(transparent)]
    Run(Box<RunError>),
}

impl Hint for ReplayError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Tampered(error) => error.hint(),
            // `manifests/RC-05.json` is that of RC-05; any other file has to be named rightly.
            Self::NoManifest { path, .. } => Some(packet_of(path).map_or_else(
                || "name a packet, or the file of a manifest".to_owned(),
                |packet| {
                    format!("rcrepro run {packet} records it; what a run that failed printed: rcrepro log {packet}")
                },
            )),
            Self::Manifest { source: ManifestError::Version { .. }, path } => {
                let packet = packet_of(path).map_or_else(|| "PACKET".to_owned(), |packet| packet.to_string());
                Some(format!("record the packet again with this version: rcrepro run {packet}"))
            }
            Self::Manifest { path, .. } => Some(restore(path)),
            Self::Run(_) | Self::Evidence(_) | Self::Runs(_) => None,
        }
    }
}

impl From<EvidenceSetError> for ReplayError {
    fn from(error: EvidenceSetError) -> Self {
        match error {
            EvidenceSetError::Read { path, source } => Self::NoManifest { path, source },
            EvidenceSetError::Evidence(error) => Self::Evidence(error),
            EvidenceSetError::Images(error) => RunError::from(*error).into(),
        }
    }
}

impl From<RunError> for ReplayError {
    fn from(error: RunError) -> Self {
        Self::Run(Box::new(error))
    }
}

/// A decided replay: the recorded results, the new ones, and how they compare.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// What was expected.
    pub recorded: ReproManifest,
    /// The digest of the file's bytes.
    pub recorded_digest: Digest,
    /// What came out this time.
    pub found: PacketRun,
    /// How the two compare.
    pub comparison: Comparison,
}

impl Replayed {
    /// What the replay came to: how the results compare, what was noticed on the way, and the release's images.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let noticed = Standing::worst(&self.found.findings).max(self.found.images_standing());
        Standing::from(self.comparison.equality()).max(noticed)
    }
}

/// Reads a manifest, and puts its evidence into the store so that differences can be shown.
///
/// # Errors
/// [`ReplayError`].
pub fn read_manifest(path: &Path, store: &dyn BlobStore) -> Result<(ReproManifest, Digest), ReplayError> {
    let (set, manifest) = open_manifest(path, None)?;
    evidence::import(path, store)?;
    Ok((manifest, set.digest()))
}

fn open_manifest(path: &Path, store: Option<&Path>) -> Result<(EvidenceSet, ReproManifest), ReplayError> {
    let set = EvidenceSet::open(path, store)?;
    let manifest = set.manifest().map_err(|source| ReplayError::Manifest { path: path.to_owned(), source })?;
    Ok((set, manifest))
}

/// Replays a manifest that [`judge_first`] let through at a revision of the workspace.
///
/// # Errors
/// [`ReplayError`]; a difference is part of the result.
pub async fn replay(
    context: RunContext<'_>,
    workspace: &Workspace,
    manifest: &Path,
    options: RunOptions<'_>,
) -> Result<Replayed, ReplayError> {
    let again = async || replay_once(context, workspace, manifest, options).await;
    mending(context.store, context.observe, context.cancel, again).await
}

/// The packet that a manifest's file is named after.
fn packet_of(path: &Path) -> Option<PacketId> {
    let stem = path.file_stem()?.to_str()?;
    stem.strip_suffix(".failed").unwrap_or(stem).parse().ok()
}

/// Refuses a manifest whose parts contradict each other, before anything is made of it.
///
/// # Errors
/// [`ReplayError::Tampered`], and as [`read_manifest`].
pub fn judge_first(path: &Path, store: &Path, today: CivilDate) -> Result<(), ReplayError> {
    match tampered(path, &open_manifest(path, Some(store))?.0, today)? {
        None => Ok(()),
        Some(error) => Err(ReplayError::Tampered(Box::new(error))),
    }
}

async fn replay_once(
    context: RunContext<'_>,
    workspace: &Workspace,
    manifest: &Path,
    options: RunOptions<'_>,
) -> Result<Replayed, ReplayError> {
    let (recorded, recorded_digest) = read_manifest(manifest, &**context.store)?;
    let packet = recorded.packet.clone();
    let against = Some((&recorded, recorded_digest));
    let mut found = run_packet(context, workspace, &packet, options, against).await?;
    // A failure has no record of images.
    if let Some(released) = found.images.as_mut().filter(|_| recorded.failed.is_none()) {
        release::compare::compare(manifest, released, &workspace.plan, &**context.store).map_err(RunError::from)?;
        let kept = release::latest::keep((context.run, context.store), &packet, found.manifest.source.root, released);
        kept.map_err(RunError::from)?;
    }
    let comparison = compare_with_proofs(&recorded, &found);
    (context.observe)(RunEvent::Compared { parts: comparison.part_counts() });
    Ok(Replayed { recorded, recorded_digest, found, comparison })
}

/// Compares a recorded manifest with what was executed again, and lets proofs and flakes count.
#[must_use]
pub fn compare_with_proofs(recorded: &ReproManifest, found: &PacketRun) -> Comparison {
    let mut comparison = compare(recorded, &found.manifest);
    comparison.failed_alike = recorded.failed.as_ref().map(|failed| {
        comparison.is_as_recorded() && failed.network == networked(&found.manifest.ids(), &found.findings)
    });
    for command in &mut comparison.commands {
        apply_proof(command, found.proofs.get(&command.id));
        if let Some(flake) = found.flakes.get(&command.id).filter(|flake| !flake.passes()) {
            command.equality = command.equality.max(Equality::Failed);
            let expected = "the same verdict at every attempt".to_owned();
            command.differences.push(ManifestDifference {
                what: "flake".to_owned(),
                expected,
                found: flake.to_string(),
            });
        }
    }
    comparison
}

/// Lets what the evidence proves count: an equal hollow pass is as hollow as the one that was recorded.
fn apply_proof(command: &mut CommandComparison, proof: Option<&Proof>) {
    let Some(proof) = proof else { return };
    command.equality = match proof {
        Proof::Proven { .. } | Proof::Unproven { .. } => return,
        Proof::Hollow { .. } => command.equality.max(Equality::Undecided),
        // Its exit code and streams are those of a tool that could not do its work: nothing is to be compared with them.
        Proof::NoVerdict { .. } => Equality::Undecided,
        Proof::Contradicted { .. } | Proof::Failed => command.equality.max(Equality::Failed),
    };
    if *proof != Proof::Failed {
        let expected = "evidence that the command did its work".to_owned();
        command.differences.push(ManifestDifference { what: "proof".to_owned(), expected, found: proof.to_string() });
    }
}
