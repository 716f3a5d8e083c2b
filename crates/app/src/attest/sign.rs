//! Signs what was seen: how the commands of a packet ended, and how a replay compared.

use std::io;
use std::path::{Path, PathBuf};

use super::{folder_of, images_record};
use crate::evidence::evidence_set::{EvidenceSet, EvidenceSetError};
use crate::release::step::record_path;
use crate::run::replay::Replayed;
use crate::workspace::files::{own_folder, write_whole};
use rcrepro_format::attestations::{dsse_json, statement_json};
use rcrepro_model::attestation::envelope::STATEMENT_TYPE;
use rcrepro_model::attestation::replay_result::{ReplayResult, ReplayedImages};
use rcrepro_model::attestation::resource::ResourceDescriptor;
use rcrepro_model::attestation::statement::{Predicate, Statement};
use rcrepro_model::attestation::test_result::TestResult;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::standing::Standing;
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_model::text::hint::Hint;
use rcrepro_model::text::plural::counted;
use rcrepro_signing::dsse;
use rcrepro_signing::private_key::PrivateKey;

/// How many characters of a key's id are in a file's name.
const SHORT_ID: usize = 16;

/// Why nothing is signed.
#[derive(Debug, thiserror::Error)]
pub enum AttestError {
    /// The manifest or what is beside it cannot be read.
    #[error(transparent)]
    Evidence(#[from] EvidenceSetError),
    /// Nothing that could be signed was seen.
    #[error("`{}` is {standing} by {}: a signature would say more than was seen", path.display(), counted(*findings, "finding"))]
    Undecided {
        /// The manifest.
        path: PathBuf,
        /// What it came to.
        standing: Standing,
        /// How many things are wrong with it.
        findings: usize,
    },
    /// The statement cannot be written.
    #[error("cannot write the statement `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
}

impl Hint for AttestError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Undecided { path, .. } => Some(format!("rcrepro verify {} lists them", path.display())),
            Self::Evidence(_) | Self::Write { .. } => None,
        }
    }
}

/// A statement that was signed and written.
#[derive(Debug)]
pub struct Attested {
    /// The file of its envelope.
    pub path: PathBuf,
    /// What was said.
    pub statement: Statement,
    /// The id of the key that signed it.
    pub key_id: String,
}

/// Judges a manifest, executes nothing, and signs how its commands ended.
///
/// # Errors
/// [`AttestError`].
pub fn attest(
    manifest: &Path,
    store: Option<&Path>,
    today: CivilDate,
    key: &PrivateKey,
) -> Result<Attested, AttestError> {
    let verification = EvidenceSet::open(manifest, store)?.verify(today)?;
    let (findings, flakes) = (&verification.findings, &verification.flakes);
    let images = images_record(manifest).map_err(unread(manifest))?;
    let result = verification.parsed.as_ref().and_then(|parsed| TestResult::of(parsed, findings, flakes, images));
    let Some(result) = result else {
        let (standing, findings) = (verification.standing(), findings.len());
        return Err(AttestError::Undecided { path: manifest.to_owned(), standing, findings });
    };
    write(manifest, verification.manifest, Predicate::TestResult(result), key)
}

/// Signs how a replay of a manifest compared, and writes that for the one `beside`, where it belongs. `engine` names what ran it.
///
/// # Errors
/// [`AttestError`].
pub fn attest_replay(
    (manifest, beside): (&Path, &Path),
    replayed: &Replayed,
    engine: String,
    key: &PrivateKey,
) -> Result<Attested, AttestError> {
    let platform = &replayed.found.manifest.platform;
    let program = format!("pkg:cargo/rcrepro@{}", env!("CARGO_PKG_VERSION"));
    let ran = [("engine", engine), ("isa", platform.isa.clone()), ("os", platform.os.clone()), ("program", program)];
    let ran = ran.into_iter().map(|(what, is)| (what.to_owned(), is)).collect();
    let found = replayed.found.digest;
    let record = images_record(manifest).map_err(unread(manifest))?;
    let images = replayed.found.images.as_ref().zip(record);
    let images = images.map(|(images, record)| ReplayedImages::of(record, &images.findings));
    let result = ReplayResult::of(&replayed.comparison, replayed.standing(), (found, images), ran);
    write(beside, replayed.recorded_digest, Predicate::Replay(result), key)
}

fn unread(manifest: &Path) -> impl FnOnce(io::Error) -> EvidenceSetError {
    let path = record_path(manifest);
    |source| EvidenceSetError::Read { path, source }
}

fn write(manifest: &Path, digest: Digest, predicate: Predicate, key: &PrivateKey) -> Result<Attested, AttestError> {
    let name = manifest.file_name().unwrap_or_default().to_string_lossy();
    let statement = Statement { subjects: vec![ResourceDescriptor::new(name, digest.hash)], predicate };
    let envelope = dsse::sign(key, STATEMENT_TYPE, statement_json::encode(&statement));
    let key_id = key.public().id();
    let file = format!("{}.{}.json", statement.predicate.word(), &key_id[..SHORT_ID]);
    let path = folder_of(manifest).join(file);
    own_folder(&folder_of(manifest))
        .and_then(|()| write_whole(&path, &dsse_json::encode(&envelope)))
        .map_err(|source| AttestError::Write { path: path.clone(), source })?;
    Ok(Attested { path, statement, key_id })
}
