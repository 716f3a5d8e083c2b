//! The latest evidence of a packet: the newest run or replay in the store, else the committed record of a failure, else the
//! committed manifest.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::evidence_set::EvidenceSet;
use super::history::History;
use super::recorded::{self, RecordedError};
use super::tampered::{Tampered, tampered};
use crate::run::ended::ended_by;
use crate::run::replay::{ReplayError, read_manifest};
use crate::workspace::Workspace;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::manifest::{CommandEntry, ReproManifest};
use rcrepro_model::evidence::run_record::{CommandRecord, RunRecord};
use rcrepro_model::execution::ending::words;
use rcrepro_model::plan::{PacketId, Plan};
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_model::text::hint::Hint;
use rcrepro_store::fs::FsStore;
use rcrepro_store::runs::RunFolderError;

/// Why a packet has no evidence that could be shown.
#[derive(Debug, thiserror::Error)]
pub enum LatestError {
    /// Nothing recorded the packet.
    #[error("no run of {packet} by this plan is in the store, and there is no manifest at `{path}`", path = path.display())]
    Nothing {
        /// The packet that was asked for.
        packet: PacketId,
        /// Where its manifest was looked for.
        path: PathBuf,
    },
    /// The packet runs nothing.
    #[error("{packet} has no command, so that no run prints anything: its criteria rest on other things")]
    NoCommands {
        /// The packet that was asked for.
        packet: PacketId,
    },
    /// What a run recorded cannot be read.
    #[error(transparent)]
    Recorded(#[from] RecordedError),
    /// The runs of the store cannot be read.
    #[error(transparent)]
    Runs(#[from] RunFolderError),
    /// The committed manifest cannot be read.
    #[error(transparent)]
    Manifest(Box<ReplayError>),
}

impl From<ReplayError> for LatestError {
    fn from(error: ReplayError) -> Self {
        Self::Manifest(Box::new(error))
    }
}

impl Hint for LatestError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Nothing { packet, .. } => Some(format!("rcrepro run {packet}")),
            Self::NoCommands { .. } => Some("rcrepro status says what its criteria rest on".to_owned()),
            Self::Recorded(_) | Self::Manifest(_) | Self::Runs(_) => None,
        }
    }
}

/// The latest evidence of a packet.
#[derive(Debug, Clone)]
pub struct Latest {
    /// Decoded, and not judged.
    pub manifest: ReproManifest,
    /// Where it is from, in words.
    pub origin: String,
    /// None for what was read from committed files.
    record: Option<RunRecord>,
    /// A newer run that left no record, in words.
    pub unrecorded: Option<String>,
    /// The commands that the run took over, with the run that executed them.
    pub taken_over: BTreeMap<Name, String>,
    /// What contradicts the rest of committed evidence. The store of the user is his own: what is wrong in it is an error.
    pub tampered: Option<Tampered>,
}

impl Latest {
    /// Says how a command ended: by the limits that the run recorded, else by those of the plan.
    #[must_use]
    pub fn ended(&self, entry: &CommandEntry, plan: &Plan) -> String {
        let bounds = self.record.as_ref().and_then(|record| record.bounds(&entry.id));
        bounds.map_or_else(|| ended_by(Some(plan), entry), |bounds| words(entry.ending, entry.exit_code, &bounds))
    }
}

/// Finds a packet's latest evidence.
///
/// Older evidence never takes the place of a record that cannot be read, or whose manifest is gone. That committed evidence was
/// tampered with is told beside it.
///
/// # Errors
/// [`LatestError::Recorded`] for such a record, [`LatestError::Nothing`] when there is no evidence at all.
pub fn latest(
    workspace: &Workspace,
    packet: &PacketId,
    store: &FsStore,
    today: CivilDate,
) -> Result<Latest, LatestError> {
    let history = History::open(store.root())?;
    let unrecorded = history.unrecorded(packet, &workspace.folder)?.map(|unrecorded| unrecorded.to_string());
    if let Some(record) = history.newest_of_plan(packet, workspace.plan_digest())? {
        let (_, manifest) = recorded::manifest(&record, store)?;
        let part = if record.is_partial() { "partial " } else { "" };
        let origin = format!("{part}{} {} of commit {}", record.kind, record.run, record.commit);
        let taken = |command: &CommandRecord| Some((command.id.clone(), command.taken_over.clone()?));
        let taken_over = record.commands.iter().filter_map(taken).collect();
        return Ok(Latest { manifest, origin, record: Some(record), unrecorded, taken_over, tampered: None });
    }
    // Where there is the record of a failure, no run has passed since.
    let failed = workspace.failed_path(packet);
    let path = if failed.symlink_metadata().is_ok() { failed } else { workspace.manifest_path(packet) };
    let set = EvidenceSet::open(&path, Some(store.root())).ok();
    let tampered = set.map_or(Ok(None), |set| tampered(&path, &set, today)).map_err(ReplayError::from)?;
    match read_manifest(&path, store) {
        Ok((manifest, _)) => {
            let (origin, taken_over) = (path.display().to_string(), BTreeMap::new());
            Ok(Latest { manifest, origin, record: None, unrecorded, taken_over, tampered })
        }
        Err(ReplayError::NoManifest { path, source }) if source.kind() == std::io::ErrorKind::NotFound => {
            let packet = packet.clone();
            let runs_nothing = workspace
                .plan
                .packets
                .get(&packet)
                .is_some_and(|packet| workspace.plan.commands(packet).next().is_none());
            Err(if runs_nothing { LatestError::NoCommands { packet } } else { LatestError::Nothing { packet, path } })
        }
        // Evidence that cannot be taken in may be so because it was tampered with.
        Err(error @ ReplayError::Evidence(_)) => {
            Err(tampered.map_or(error, |tampered| ReplayError::Tampered(Box::new(tampered))).into())
        }
        Err(error) => Err(error.into()),
    }
}
