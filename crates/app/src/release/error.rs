//! What keeps a release's images from being judged.

use std::path::PathBuf;

use crate::evidence::EvidenceError;
use crate::run::actions::ActionError;
use crate::workspace::source::release_image::SeenError;
use rcrepro_engine::EngineError;
use rcrepro_format::records::release_json::ReleaseRecordError;
use rcrepro_model::content::name::Name;
use rcrepro_model::text::hint::Hint;
use rcrepro_store::StoreError;
use rcrepro_store::export::ExportError;
use rcrepro_store::ingest::TarError;
use rcrepro_store::runs::RunFolderError;

/// Why the release's images could not be judged.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A smoke command's action could not be derived.
    #[error(transparent)]
    Action(#[from] ActionError),
    /// A tree could not be read or made.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The engine's export holds something that cannot be kept in a tree.
    #[error("release image `{image}`: its file system cannot be kept")]
    Tar {
        /// Its name in the plan.
        image: Name,
        /// What is wrong.
        #[source]
        source: TarError,
    },
    /// What the engine exported makes no sense.
    #[error("release image `{image}`: the engine's export is not believed: {reason}")]
    Unbelievable {
        /// Its name in the plan.
        image: Name,
        /// What is wrong.
        reason: String,
    },
    /// A temporary file failed.
    #[error("release image `{image}`: cannot keep the engine's export for a moment")]
    Spool {
        /// Its name in the plan.
        image: Name,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The record cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The record is not valid.
    #[error("`{}` is not a valid record of release images", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: ReleaseRecordError,
    },
    /// The evidence cannot be read or written.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What became of the images cannot be kept in the run's folder.
    #[error(transparent)]
    Folder(#[from] RunFolderError),
}

impl From<SeenError> for ReleaseError {
    fn from(error: SeenError) -> Self {
        match error {
            SeenError::Export(error) => error.into(),
            SeenError::Store(error) => error.into(),
        }
    }
}

impl ReleaseError {
    /// Whether a record is not what a run writes. One of another version is only not understood here.
    #[must_use]
    pub fn is_tampering(&self) -> bool {
        matches!(self, Self::Record { source, .. } if !matches!(source, ReleaseRecordError::Version { .. }))
    }
}

impl Hint for ReleaseError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Engine(error) => error.hint(),
            Self::Record { .. } => Some("git checkout -- manifests".to_owned()),
            _ => None,
        }
    }
}
