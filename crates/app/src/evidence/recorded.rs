//! What the runs of the store recorded of a packet, newest first. What cannot be read is never taken for absent: a failure whose
//! record was damaged would else be forgotten, and an older success be believed.

use std::path::PathBuf;

use crate::run::record::RunRecord;
use rcrepro_format::records::manifest_json::{self, ManifestError};
use rcrepro_model::evidence::manifest::ReproManifest;
use rcrepro_model::plan::PacketId;
use rcrepro_store::runs::{RunError, RunId, Runs};
use rcrepro_store::{BlobStore, StoreError};

/// Says why what a run recorded cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordedError {
    /// The run's record is damaged.
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
        source: serde_json::Error,
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
    Runs(#[from] RunError),
}

impl RecordedError {
    /// Gives the command after which the store has a newer record; none where the store itself cannot be read.
    #[must_use]
    pub fn cure(&self) -> Option<String> {
        match self {
            Self::Record { packet, .. }
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

/// Reads a run's record of a packet; `None` when it recorded nothing of it.
///
/// # Errors
/// [`RecordedError`] when there is a record and it cannot be read.
pub fn record(runs: &Runs, run: &RunId, packet: &PacketId) -> Result<Option<RunRecord>, RecordedError> {
    let Some(bytes) = runs.record(run, packet)? else { return Ok(None) };
    let damaged = |source| {
        let path = runs.record_path(run, packet);
        RecordedError::Record { run: run.clone(), packet: packet.clone(), path, source }
    };
    let found: RunRecord = serde_json::from_slice(&bytes).map_err(damaged)?;
    if found.run != run.as_str() || found.packet != *packet {
        let path = runs.record_path(run, packet);
        let (run, packet, of) = (run.clone(), packet.clone(), format!("{} of run {}", found.packet, found.run));
        return Err(RecordedError::Another { run, packet, path, of });
    }
    Ok(Some(found))
}

/// Reads the records of a packet, the newest first.
///
/// # Errors
/// [`RecordedError`] when the runs cannot be listed, and in place of each record that cannot be read.
pub fn newest_first<'a>(
    runs: &'a Runs,
    packet: &'a PacketId,
) -> Result<impl Iterator<Item = Result<(RunId, RunRecord), RecordedError>> + 'a, RecordedError> {
    let read = |run: RunId| match record(runs, &run, packet) {
        Ok(None) => None,
        Ok(Some(record)) => Some(Ok((run, record))),
        Err(error) => Some(Err(error)),
    };
    Ok(runs.list()?.into_iter().rev().filter_map(read))
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
