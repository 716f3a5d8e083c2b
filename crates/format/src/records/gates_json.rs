//! Record of the mutants ↔ its one byte form: RFC 8785 JSON, no white space, no line end.

use serde::Deserialize;

use crate::syntax::canonical_json::{self, CanonicalJsonError};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::plan::mutant::{GATES_VERSION, GatesRecord};

/// The largest record that is read: 16 MiB.
pub const GATES_LIMIT: usize = 16 << 20;

/// The error for bytes that are not a valid record of mutants.
#[derive(Debug, thiserror::Error)]
pub enum GatesJsonError {
    /// The record is larger than [`GATES_LIMIT`].
    #[error("the record of the mutants has {found} bytes: at most {GATES_LIMIT} are read")]
    TooLarge {
        /// The size in bytes.
        found: usize,
    },
    /// The bytes are not JSON of the record's shape.
    #[error("malformed record of the mutants")]
    Malformed(#[source] serde_json::Error),
    /// The version is another one.
    #[error("version {found} of the record of the mutants is not known: expected {GATES_VERSION}")]
    Version {
        /// The number in the file.
        found: u64,
    },
    /// The bytes are not the canonical ones.
    #[error("the record of the mutants is not in canonical form")]
    NotCanonical(#[source] CanonicalJsonError),
}

#[derive(Deserialize)]
#[serde(expecting = "an object with a `version`")]
struct VersionWire {
    version: u64,
}

/// Writes the canonical bytes and their digest.
#[must_use]
#[expect(clippy::expect_used, reason = "what is written is a record of this build's; what is read is checked without")]
pub fn encode(record: &GatesRecord) -> (Vec<u8>, Digest) {
    let bytes = canonical_json::to_vec(record).expect("a record of mutants holds only strings, integers and maps");
    let digest = Digest::of(&bytes);
    (bytes, digest)
}

/// Reads a record and refuses every byte form but the canonical one.
///
/// # Errors
/// [`GatesJsonError`], the version before the shape, the shape before the form.
pub fn decode(bytes: &[u8]) -> Result<GatesRecord, GatesJsonError> {
    if bytes.len() > GATES_LIMIT {
        return Err(GatesJsonError::TooLarge { found: bytes.len() });
    }
    let wire: VersionWire = serde_json::from_slice(bytes).map_err(GatesJsonError::Malformed)?;
    if wire.version != u64::from(GATES_VERSION) {
        return Err(GatesJsonError::Version { found: wire.version });
    }
    let record = serde_json::from_slice(bytes).map_err(GatesJsonError::Malformed)?;
    canonical_json::check(bytes).map_err(GatesJsonError::NotCanonical)?;
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_model::plan::mutant::{MutantEntry, MutantOutcome};

    #[test]
    fn a_record_has_one_byte_form() {
        let record = GatesRecord {
            version: GATES_VERSION,
            plan: Digest::of(b"plan"),
            source: Digest::of(b"source"),
            mutants: vec![MutantEntry {
                id: "m".parse().expect("a name"),
                gate: "command:a".parse().expect("a gate"),
                says: "wrong".into(),
                shows: vec!["seed".into()],
                outcome: MutantOutcome::ByAccident,
                showed: "another line".into(),
                evidence: std::iter::once(("stdout".to_owned(), Digest::of(b"out"))).collect(),
            }],
        };
        let (bytes, digest) = encode(&record);
        assert_eq!(decode(&bytes).expect("our own bytes"), record);
        assert_eq!(Digest::of(&bytes), digest);
        let text = String::from_utf8(bytes).expect("text");
        for (from, to, expected) in [
            ("\"version\":1", "\"version\":2", "version 2 of the record of the mutants is not known: expected 1"),
            ("{\"mutants\"", "{ \"mutants\"", "the record of the mutants is not in canonical form"),
            ("\"by-accident\"", "\"luck\"", "malformed record of the mutants"),
            ("command:a", "commands", "malformed record of the mutants"),
        ] {
            let error = decode(text.replacen(from, to, 1).as_bytes()).expect_err(to);
            assert_eq!(error.to_string(), expected);
        }
    }
}
