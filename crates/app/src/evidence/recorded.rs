//! What a run record leads to, and why what a run recorded cannot be read.

use std::path::PathBuf;

use rcrepro_format::plan::plan_toml;
use rcrepro_format::records::manifest_json::{self, ManifestError};
use rcrepro_format::records::run_record_json::RunRecordError;
use rcrepro_model::evidence::manifest::ReproManifest;
use rcrepro_model::evidence::run_record::RunRecord;
use rcrepro_model::plan::{PacketId, Plan};
use rcrepro_model::text::hint::Hint;
use rcrepro_normalize as normalize;
use rcrepro_store::runs::RunFolderError;
use rcrepro_store::{BlobStore, StoreError};

/// A packet as one run of the store recorded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PacketInRun {
    pub(crate) packet: PacketId,
    pub(crate) run: String,
}

impl std::fmt::Display for PacketInRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} in run {}", self.packet, self.run)
    }
}

/// Why what a run recorded cannot be read. Paths are those of the record's file, or of the one that is named.
#[derive(Debug, thiserror::Error)]
pub enum RecordedError {
    /// The run's record is damaged, or of a version that this build does not read.
    #[error("the record of {0} cannot be read: `{path}`", path = .1.display())]
    Record(PacketInRun, PathBuf, #[source] RunRecordError),
    /// The record was deleted; what is kept after it is there.
    #[error("the record of {0} is missing, and what it said of its images is there: expected `{path}`", path = .1.display())]
    Deleted(PacketInRun, PathBuf),
    /// The run's folder was renamed, or its record moved to another folder, which is named.
    #[error("the record of {0} was moved: it is in `{folder}`", folder = .1.display())]
    Moved(PacketInRun, PathBuf),
    /// The record is that of another run or packet, which is named: it was moved or copied.
    #[error("the record of {0} is that of {2}: `{path}`", path = .1.display())]
    Another(PacketInRun, PathBuf, String),
    /// The blob of the run's manifest is damaged or gone.
    #[error("the manifest of {0} cannot be read")]
    Blob(PacketInRun, #[source] Box<StoreError>),
    /// The run's manifest is not a manifest of this version.
    #[error("the manifest of {0} cannot be read")]
    Manifest(PacketInRun, #[source] Box<ManifestError>),
    /// The plan that a run's manifest names is damaged or gone.
    #[error("the plan that {packet} had in run {run} cannot be read", packet = .0.packet, run = .0.run)]
    Plan(PacketInRun),
    /// What a run said of the release's images is damaged.
    #[error("what run {run} said of the images of {packet} cannot be read: `{path}`", packet = .0.packet, run = .0.run, path = .1.display())]
    Images(PacketInRun, PathBuf, #[source] serde_json::Error),
    /// The runs of the store cannot be read.
    #[error(transparent)]
    Runs(#[from] RunFolderError),
}

impl Hint for RecordedError {
    fn hint(&self) -> Option<String> {
        self.cure().map(|cure| format!("run it again: {cure}"))
    }
}

impl RecordedError {
    /// Gives the command after which the store has a newer record; none where the store itself cannot be read.
    #[must_use]
    pub fn cure(&self) -> Option<String> {
        match self {
            Self::Record(of, ..)
            | Self::Deleted(of, ..)
            | Self::Moved(of, ..)
            | Self::Another(of, ..)
            | Self::Blob(of, ..)
            | Self::Manifest(of, ..)
            | Self::Plan(of)
            | Self::Images(of, ..) => Some(format!("rcrepro run {}", of.packet)),
            Self::Runs(_) => None,
        }
    }

    /// Writes it in one line, with its cause and the command that mends it.
    #[must_use]
    pub(crate) fn line(&self) -> String {
        let mut text = self.to_string();
        if let Some(cause) = std::error::Error::source(self) {
            text += &format!(": {cause}");
        }
        if let Some(cure) = self.cure() {
            text += &format!("; run it again: {cure}");
        }
        text
    }
}

/// Reads the bytes of the manifest that a run recorded, and the manifest.
///
/// # Errors
/// [`RecordedError`] when the store has it no longer, or it is damaged.
pub(crate) fn manifest(record: &RunRecord, store: &dyn BlobStore) -> Result<(Vec<u8>, ReproManifest), RecordedError> {
    let of = PacketInRun { run: record.run.clone(), packet: record.packet.clone() };
    let bytes = match store.get(record.manifest) {
        Ok(bytes) => bytes,
        Err(source) => return Err(RecordedError::Blob(of, Box::new(source))),
    };
    match manifest_json::decode(&bytes) {
        Ok(manifest) => Ok((bytes, manifest)),
        Err(source) => Err(RecordedError::Manifest(of, Box::new(source))),
    }
}

/// Reads the plan that a manifest was made by from its evidence; `None` when it is missing or is not a plan.
#[must_use]
pub fn plan(manifest: &ReproManifest, store: &dyn BlobStore) -> Option<Plan> {
    let names: Vec<&str> = normalize::all().iter().map(normalize::Normalizer::name).collect();
    plan_toml::parse(&String::from_utf8_lossy(&store.get(manifest.plan).ok()?), &names).ok()
}
