//! What a run record leads to, and why what a run recorded cannot be read.

use std::path::PathBuf;

use rcrepro_format::plan::plan_toml;
use rcrepro_format::records::manifest_json::{self, ManifestError};
use rcrepro_format::records::run_record_json::RunRecordError;
use rcrepro_model::evidence::manifest::ReproManifest;
use rcrepro_model::evidence::run_record::RunRecord;
use rcrepro_model::plan::{PacketId, Plan};
use rcrepro_normalize as normalize;
use rcrepro_store::runs::{RunFolderError, RunId};
use rcrepro_store::{BlobStore, StoreError};

/// Why what a run recorded cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordedError {
    /// The run's record is damaged, or of a version that this build does not read.
    #[error("the record of {packet} in run {run} cannot be read: `{path}`", path = path.display())]
    Record {
        /// The run.
        run: RunId,
        /// The packet.
        packet: PacketId,
        /// The record's file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: RunRecordError,
    },
    /// The record was deleted; what is kept after it is there.
    #[error("the record of {packet} in run {run} is missing, and what it said of its images is there: expected `{path}`", path = path.display())]
    Deleted {
        /// The run.
        run: RunId,
        /// The packet.
        packet: PacketId,
        /// The record's file.
        path: PathBuf,
    },
    /// The run's folder was renamed, or its record moved to another folder.
    #[error("the record of {packet} in run {run} was moved: it is in `{folder}`", folder = folder.display())]
    Moved {
        /// The run.
        run: RunId,
        /// The packet.
        packet: PacketId,
        /// The folder that it is in.
        folder: PathBuf,
    },
    /// The record is that of another run or packet: it was moved or copied.
    #[error("the record of {packet} in run {run} is that of {of}: `{path}`", path = path.display())]
    Another {
        /// The run.
        run: RunId,
        /// The packet.
        packet: PacketId,
        /// The record's file.
        path: PathBuf,
        /// What it says that it is of.
        of: String,
    },
    /// The blob of the run's manifest is damaged or gone.
    #[error("the manifest of {packet} in run {run} cannot be read")]
    Blob {
        /// The run.
        run: String,
        /// The packet.
        packet: PacketId,
        /// What the store said.
        #[source]
        source: Box<StoreError>,
    },
    /// The run's manifest is not a manifest of this version.
    #[error("the manifest of {packet} in run {run} cannot be read")]
    Manifest {
        /// The run.
        run: String,
        /// The packet.
        packet: PacketId,
        /// What is wrong with it.
        #[source]
        source: Box<ManifestError>,
    },
    /// The plan that a run's manifest names is damaged or gone.
    #[error("the plan that {packet} had in run {run} cannot be read")]
    Plan {
        /// The run.
        run: String,
        /// The packet.
        packet: PacketId,
    },
    /// What a run said of the release's images is damaged.
    #[error("what run {run} said of the images of {packet} cannot be read: `{path}`", path = path.display())]
    Images {
        /// The run.
        run: RunId,
        /// The packet.
        packet: PacketId,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The runs of the store cannot be read.
    #[error(transparent)]
    Runs(#[from] RunFolderError),
}

impl RecordedError {
    /// Gives the command after which the store has a newer record; none where the store itself cannot be read.
    #[must_use]
    pub fn cure(&self) -> Option<String> {
        match self {
            Self::Record { packet, .. }
            | Self::Deleted { packet, .. }
            | Self::Moved { packet, .. }
            | Self::Another { packet, .. }
            | Self::Blob { packet, .. }
            | Self::Manifest { packet, .. }
            | Self::Plan { packet, .. }
            | Self::Images { packet, .. } => Some(format!("rcrepro run {packet}")),
            Self::Runs(_) => None,
        }
    }

    /// Writes it in one line, with its cause and the command that mends it.
    #[must_use]
    pub fn line(&self) -> String {
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
pub fn manifest(record: &RunRecord, store: &dyn BlobStore) -> Result<(Vec<u8>, ReproManifest), RecordedError> {
    let (run, packet) = (record.run.clone(), record.packet.clone());
    let bytes = match store.get(record.manifest) {
        Ok(bytes) => bytes,
        Err(source) => return Err(RecordedError::Blob { run, packet, source: Box::new(source) }),
    };
    match manifest_json::decode(&bytes) {
        Ok(manifest) => Ok((bytes, manifest)),
        Err(source) => Err(RecordedError::Manifest { run, packet, source: Box::new(source) }),
    }
}

/// Reads the plan that a manifest was made by from its evidence; `None` when it is missing or is not a plan.
#[must_use]
pub fn plan(manifest: &ReproManifest, store: &dyn BlobStore) -> Option<Plan> {
    let names: Vec<&str> = normalize::all().iter().map(normalize::Normalizer::name).collect();
    plan_toml::parse(&String::from_utf8_lossy(&store.get(manifest.plan).ok()?), &names).ok()
}
