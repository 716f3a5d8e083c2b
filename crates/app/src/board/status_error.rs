//! Why the board, or the findings of scans, could not be gathered from evidence.

use std::path::PathBuf;

use crate::evidence::evidence_set::EvidenceSetError;
use crate::evidence::recorded::RecordedError;
use crate::workspace::WorkspaceError;
use rcrepro_format::records::manifest_json::ManifestError;
use rcrepro_store::StoreError;
use rcrepro_store::runs::RunFolderError;

/// Says why nothing could be gathered.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// The workspace cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// A committed manifest or its evidence cannot be read.
    #[error(transparent)]
    Evidence(#[from] EvidenceSetError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The runs cannot be read.
    #[error(transparent)]
    Runs(#[from] RunFolderError),
    /// What a run recorded cannot be read.
    #[error(transparent)]
    Recorded(#[from] RecordedError),
    /// A committed manifest is not a manifest of this version.
    #[error("`{}` is not a manifest", path.display())]
    NoManifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: ManifestError,
    },
}
