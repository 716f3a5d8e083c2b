//! Whether parts of a manifest or of its evidence contradict each other, asked in one way by all that use them further: a replay,
//! `rcrepro why`, `rcrepro log`, `rcrepro documents`.

use std::path::{Path, PathBuf};

use super::evidence_set::{EvidenceSet, EvidenceSetError};
use super::verify::Verification;
use crate::suppressions::trees::SourceReadings;
use rcrepro_model::evidence::finding::Finding;
use rcrepro_model::standing::Standing;
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_model::text::hint::Hint;
use rcrepro_model::text::plural::counted;

/// Parts of a manifest or of its evidence contradict each other: whatever follows from them would prove nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` was tampered with: {what} is not what the rest says: expected {expected}, found {found}{more}", path = path.display())]
pub struct Tampered {
    /// The file.
    path: PathBuf,
    /// The first part that is wrong.
    what: String,
    /// What follows from the rest.
    expected: String,
    /// What it is instead.
    found: String,
    /// How many more parts are wrong, in words.
    more: String,
}

impl Hint for Tampered {
    fn hint(&self) -> Option<String> {
        Some(format!("rcrepro verify {}", self.path.display()))
    }
}

/// Judges a manifest that can be read; none when nothing in it contradicts the rest.
///
/// # Errors
/// [`EvidenceSetError`] when something beside the manifest cannot be read.
pub(crate) fn tampered(path: &Path, set: &EvidenceSet, today: CivilDate) -> Result<Option<Tampered>, EvidenceSetError> {
    Ok(contradicted(path, &set.verify_commands(today, &SourceReadings::default())?))
}

/// As [`tampered`], of a manifest that was judged.
pub(crate) fn contradicted(path: &Path, judged: &Verification) -> Option<Tampered> {
    let counts = |finding: &&Finding| finding.name.standing() == Standing::Tampered;
    let wrong: Vec<&Finding> = judged.findings.iter().filter(counts).collect();
    wrong.first().map(|first| Tampered {
        path: path.to_owned(),
        what: first.at.clone(),
        expected: first.expected.clone(),
        found: first.found.clone(),
        more: match wrong.len() - 1 {
            0 => String::new(),
            more => format!(", and {}", counted(more, "more finding")),
        },
    })
}
