//! A manifest with all that travels beside it, opened in one way by everyone who judges it: `rcrepro verify`, the board, a replay,
//! the findings of scans, the facts about images of the release.
//!
//! Opening reads the manifest and hashes nothing; judging hashes all evidence. Nothing is written to the folders or to the store.

use std::io;
use std::path::{Path, PathBuf};

use super::record_file::RecordFile;
use super::verify::{EVIDENCE, Verification, repository, verify};
use crate::evidence::EvidenceError;
use crate::release::error::ReleaseError;
use crate::release::verify as images;
use crate::release::verify::VerifiedImages;
use crate::suppressions::trees::SourceReadings;
use crate::suppressions::verify as suppressions;
use rcrepro_format::records::manifest_json::{self, ManifestError};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::manifest::ReproManifest;
use rcrepro_model::plan::PacketId;
use rcrepro_model::standing::Standing;
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_store::layered::Layered;

/// Why a manifest or what lies beside it cannot be opened or judged.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceSetError {
    /// The file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said, `NotFound` among it.
        #[source]
        source: io::Error,
    },
    /// The evidence cannot be read.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The record of the release's images cannot be read.
    #[error(transparent)]
    Images(Box<ReleaseError>),
}

impl From<ReleaseError> for EvidenceSetError {
    fn from(error: ReleaseError) -> Self {
        Self::Images(Box::new(error))
    }
}

/// A manifest, its evidence, and the record of the release's images beside it.
#[derive(Debug)]
pub struct EvidenceSet {
    file: RecordFile,
    store: Option<PathBuf>,
}

impl EvidenceSet {
    /// Opens a manifest file. `store` is the folder of the user's store; without one, only the evidence itself counts, as on a
    /// machine that never ran the packet.
    ///
    /// # Errors
    /// [`EvidenceSetError`] when the manifest's file cannot be read; whether its bytes are a manifest is judged later.
    pub fn open(manifest: &Path, store: Option<&Path>) -> Result<Self, EvidenceSetError> {
        let read = |source| EvidenceSetError::Read { path: manifest.to_owned(), source };
        Ok(Self { file: RecordFile::open(manifest, store).map_err(read)?, store: store.map(Path::to_owned) })
    }

    /// Returns the digest of the manifest's bytes.
    #[must_use]
    pub(crate) fn digest(&self) -> Digest {
        self.file.digest()
    }

    /// Decodes the manifest.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub(crate) fn manifest(&self) -> Result<ReproManifest, ManifestError> {
        manifest_json::decode(self.file.bytes())
    }

    /// Returns the manifest's blobs, as [`RecordFile::blobs`].
    #[must_use]
    pub(crate) const fn blobs(&self) -> &Layered {
        self.file.blobs()
    }

    /// Keeps the manifest's blobs alone.
    #[must_use]
    pub(crate) fn into_blobs(self) -> Layered {
        self.file.into_blobs()
    }

    /// Judges the manifest, its evidence, the repository that its commands saw, and the record of the release's images.
    ///
    /// # Errors
    /// [`EvidenceSetError`] when something beside the manifest cannot be read; what is wrong or missing is a finding.
    pub fn verify(&self, today: CivilDate) -> Result<Verification, EvidenceSetError> {
        let mut verification = self.verify_commands(today, &SourceReadings::default())?;
        // Images are built once every command has passed.
        if let Some(manifest) = verification.parsed.as_ref().filter(|manifest| manifest.failed.is_none()) {
            let VerifiedImages { evidence, findings, notes, untied } = self.verify_images(manifest)?;
            verification.evidence += evidence;
            verification.findings.extend(findings);
            verification.notes.extend(notes);
            verification.untied.extend(untied);
        }
        Ok(verification)
    }

    /// Judges the manifest, its evidence, the repository that its commands saw and the ledger of suppressions: on a board each image of
    /// the release is a fact of its own.
    ///
    /// # Errors
    /// As [`Self::verify`].
    pub(crate) fn verify_commands(
        &self,
        today: CivilDate,
        sources: &SourceReadings,
    ) -> Result<Verification, EvidenceSetError> {
        let mut verification = verify(self.file.bytes(), self.file.blobs(), &self.file.examine_folder()?, today);
        if let Some(manifest) = &verification.parsed {
            verification.findings.extend(misnamed(self.file.path(), manifest));
            let (findings, untied) = repository::verify(self.file.path(), manifest, self.file.blobs());
            verification.findings.extend(findings);
            verification.untied.extend(untied);
            let source = || sources.read(self.file.path(), self.file.blobs(), manifest.source.root);
            let (findings, untied) = suppressions::verify(manifest, self.file.blobs(), &source);
            let is_missing = |finding: &Finding| finding.name == FindingName::EvidenceMissing;
            // A folder that is not there is told once, instead of once for each blob that it should hold.
            let no_folder = verification.findings.iter().any(|finding| is_missing(finding) && finding.at == EVIDENCE);
            verification.findings.extend(findings.into_iter().filter(|finding| !(no_folder && is_missing(finding))));
            verification.untied.extend(untied);
            if verification.standing() == Standing::Passed {
                verification.findings.extend(no_failure(self.file.path()));
            }
        }
        Ok(verification)
    }

    /// Judges the record of the release's images alone; nothing where the packet names none. `manifest` is that of this set.
    ///
    /// # Errors
    /// As [`Self::verify`].
    pub(crate) fn verify_images(&self, manifest: &ReproManifest) -> Result<VerifiedImages, EvidenceSetError> {
        Ok(images::verify(self.file.path(), manifest, self.file.blobs(), self.store.as_deref())?)
    }
}

/// A file that is named as the record of a packet's failure (`RC-05.failed.json`) and holds evidence of none.
fn no_failure(path: &Path) -> Option<Finding> {
    path.file_name()?.to_str()?.strip_suffix(".failed.json")?.parse::<PacketId>().ok()?;
    Some(Finding {
        name: FindingName::NothingFailed,
        at: "failed".to_owned(),
        expected: "a command that failed: the file is named as the record of a failure".to_owned(),
        found: "it is not the record of a failure".to_owned(),
    })
}

/// A file that is named after a packet (`RC-05.json`, `RC-05.failed.json`) and holds the manifest of another one was put in its
/// place; a file of any other name promises no packet.
fn misnamed(path: &Path, manifest: &ReproManifest) -> Option<Finding> {
    let stem = path.file_name()?.to_str()?.strip_suffix(".json")?;
    let promised: PacketId = stem.strip_suffix(".failed").unwrap_or(stem).parse().ok()?;
    (promised != manifest.packet).then(|| Finding {
        name: FindingName::PacketDiffers,
        at: "packet".to_owned(),
        expected: promised.to_string(),
        found: manifest.packet.to_string(),
    })
}
