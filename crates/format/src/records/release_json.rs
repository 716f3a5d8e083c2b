//! The record of the release's own images ↔ its one byte form: RFC 8785 JSON, no white space, no line end.

use crate::syntax::canonical_json;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::release_record::{OLDEST_RELEASE_RECORD_VERSION, RELEASE_RECORD_VERSION, ReleaseRecord};

/// The largest record that is read: 16 MiB.
pub const RELEASE_RECORD_LIMIT: usize = 16 << 20;

/// The error for bytes that are not a valid record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseRecordError {
    /// The record is larger than [`RELEASE_RECORD_LIMIT`].
    #[error("the record of release images has {found} bytes: at most {RELEASE_RECORD_LIMIT} are read")]
    TooLarge {
        /// The size in bytes.
        found: usize,
    },
    /// The bytes are not JSON of the record's shape.
    #[error("malformed record of release images: {0}")]
    Malformed(String),
    /// The version is another one.
    #[error(
        "version {found} of a record of release images is not known: expected {OLDEST_RELEASE_RECORD_VERSION} to \
         {RELEASE_RECORD_VERSION}"
    )]
    Version {
        /// The number in the file.
        found: u64,
    },
    /// A run or smoke command has no result although its version has results, or has one in a version without them.
    #[error("a record of release images of version {version} names {} result", if *version < 2 { "no" } else { "each" })]
    Results {
        /// The number in the file, which decides whether there are results.
        version: u32,
    },
    /// An image has a manifest that nothing of its version makes, or lacks the one that its builder made.
    #[error(
        "a record of release images of version {version} has a manifest exactly where a builder of our own made it"
    )]
    Manifests {
        /// The number in the file.
        version: u32,
    },
    /// It says more or less of how images ended, or what built them, than its version has.
    #[error(
        "a record of release images of version {version} {}",
        if *version < 4 { "says nothing of stops, health checks, lines of builds and platforms" } else { "says how each image ended, and by which line it was built" }
    )]
    Ends {
        /// The number in the file.
        version: u32,
    },
    /// An image says what was read in its files in a version without that, or does not in a version with it.
    #[error("a record of release images of version {version} names {} of each image's files", if *version < 5 { "no inspection" } else { "an inspection" })]
    Inspections {
        /// The number in the file.
        version: u32,
    },
    /// The value is right but the bytes are not the canonical ones.
    #[error("the record of release images is not in RFC 8785 canonical form: the first difference is at byte {offset}")]
    NotCanonical {
        /// Where the bytes leave the canonical form, from 0.
        offset: usize,
    },
}

#[derive(serde::Deserialize)]
struct VersionWire {
    version: u64,
}

/// Writes the canonical bytes and their digest.
#[must_use]
#[expect(clippy::expect_used, reason = "what is written is a record of this build's; what is read is checked without")]
pub fn encode(record: &ReleaseRecord) -> (Vec<u8>, Digest) {
    let bytes = canonical_json::to_vec(record).expect("a record holds only strings, integers and maps");
    let digest = Digest::of(&bytes);
    (bytes, digest)
}

/// Reads a record and refuses every byte form but the canonical one.
///
/// # Errors
/// [`ReleaseRecordError`], the version before the shape, the shape before the form.
pub fn decode(bytes: &[u8]) -> Result<ReleaseRecord, ReleaseRecordError> {
    if bytes.len() > RELEASE_RECORD_LIMIT {
        return Err(ReleaseRecordError::TooLarge { found: bytes.len() });
    }
    let malformed =
        |error: serde_json::Error| ReleaseRecordError::Malformed(crate::syntax::json_place::described(bytes, &error));
    let wire: VersionWire = serde_json::from_slice(bytes).map_err(malformed)?;
    if !(u64::from(OLDEST_RELEASE_RECORD_VERSION)..=u64::from(RELEASE_RECORD_VERSION)).contains(&wire.version) {
        return Err(ReleaseRecordError::Version { found: wire.version });
    }
    let record: ReleaseRecord = serde_json::from_slice(bytes).map_err(malformed)?;
    if !record.has_results_of_its_version() {
        return Err(ReleaseRecordError::Results { version: record.version });
    }
    if !record.has_manifests_of_its_builders() {
        return Err(ReleaseRecordError::Manifests { version: record.version });
    }
    if !record.has_ends_of_its_version() {
        return Err(ReleaseRecordError::Ends { version: record.version });
    }
    if !record.has_inspections_of_its_version() {
        return Err(ReleaseRecordError::Inspections { version: record.version });
    }
    let canonical =
        canonical_json::to_vec(&record).map_err(|error| ReleaseRecordError::Malformed(error.to_string()))?;
    if canonical != bytes {
        let offset = canonical.iter().zip(bytes).take_while(|(ours, theirs)| ours == theirs).count();
        return Err(ReleaseRecordError::NotCanonical { offset });
    }
    Ok(record)
}
