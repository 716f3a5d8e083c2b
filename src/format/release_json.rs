//! The record of the release's own images ↔ its one byte form: RFC 8785 JSON, no white space, no line end.

use super::canonical_json;
use crate::model::digest::Digest;
use crate::model::release_record::{RELEASE_RECORD_VERSION, ReleaseRecord};

/// Says why bytes are no record.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseRecordError {
    /// The bytes are no JSON of the record's shape.
    #[error("malformed record of release images: {0}")]
    Malformed(#[from] serde_json::Error),
    /// The version is another one.
    #[error("version {found} of a record of release images is not known: expected {RELEASE_RECORD_VERSION}")]
    Version {
        /// The version that was found.
        found: u32,
    },
    /// The value is right but the bytes are not the canonical ones.
    #[error("the record of release images is not in RFC 8785 canonical form")]
    NotCanonical,
}

/// Writes the canonical bytes and their digest.
#[must_use]
pub fn encode(record: &ReleaseRecord) -> (Vec<u8>, Digest) {
    let bytes = canonical_json::to_vec(record).expect("a record holds only strings, integers and maps");
    let digest = Digest::of(&bytes);
    (bytes, digest)
}

/// Reads a record and refuses every byte form but the canonical one.
///
/// # Errors
/// [`ReleaseRecordError`].
pub fn decode(bytes: &[u8]) -> Result<ReleaseRecord, ReleaseRecordError> {
    let record: ReleaseRecord = serde_json::from_slice(bytes)?;
    if record.version != RELEASE_RECORD_VERSION {
        return Err(ReleaseRecordError::Version { found: record.version });
    }
    if encode(&record).0 != bytes {
        return Err(ReleaseRecordError::NotCanonical);
    }
    Ok(record)
}
