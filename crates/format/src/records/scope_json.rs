//! Scope record ↔ its one byte form: RFC 8785 JSON, no white space, no line end.

use serde::Deserialize;

use crate::syntax::canonical_json::{self, CanonicalJsonError};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::decision::scope::{SCOPE_VERSION, ScopeRecord};

/// The largest record that is read: 16 MiB.
pub const SCOPE_LIMIT: usize = 16 << 20;

/// The error for bytes that are not a valid scope record.
#[derive(Debug, thiserror::Error)]
pub enum ScopeJsonError {
    /// The record is larger than [`SCOPE_LIMIT`].
    #[error("the scope record has {found} bytes: at most {SCOPE_LIMIT} are read")]
    TooLarge {
        /// The size in bytes.
        found: usize,
    },
    /// The bytes are not JSON of the record's shape.
    #[error("malformed scope record")]
    Malformed(#[source] serde_json::Error),
    /// The version is another one.
    #[error("scope record version {found} is not known: expected {SCOPE_VERSION}")]
    Version {
        /// The number in the file.
        found: u64,
    },
    /// The bytes are not the canonical ones.
    #[error("the scope record is not in canonical form")]
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
pub fn encode(record: &ScopeRecord) -> (Vec<u8>, Digest) {
    let bytes = canonical_json::to_vec(record).expect("a scope record holds only strings, integers and maps");
    let digest = Digest::of(&bytes);
    (bytes, digest)
}

/// Reads a record and refuses every byte form but the canonical one.
///
/// # Errors
/// [`ScopeJsonError`], the version before the shape, the shape before the form.
pub fn decode(bytes: &[u8]) -> Result<ScopeRecord, ScopeJsonError> {
    if bytes.len() > SCOPE_LIMIT {
        return Err(ScopeJsonError::TooLarge { found: bytes.len() });
    }
    let wire: VersionWire = serde_json::from_slice(bytes).map_err(ScopeJsonError::Malformed)?;
    if wire.version != u64::from(SCOPE_VERSION) {
        return Err(ScopeJsonError::Version { found: wire.version });
    }
    let record = serde_json::from_slice(bytes).map_err(ScopeJsonError::Malformed)?;
    canonical_json::check(bytes).map_err(ScopeJsonError::NotCanonical)?;
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_model::decision::scope::{Revision, ScopeFinding, ScopeRules, TrackedChange, TrackedFile};

    fn record() -> ScopeRecord {
        let revision = |letter: &str| Revision { commit: letter.repeat(40), tree: "0".repeat(40) };
        ScopeRecord {
            version: SCOPE_VERSION,
            packet: "RC-03".parse().expect("a packet"),
            base: revision("a"),
            head: revision("b"),
            rules: ScopeRules {
                scope: vec!["api/**".into()],
                written: Vec::new(),
                protected: std::iter::once(("auth".parse().expect("a name"), vec!["auth.go".into()])).collect(),
                threat_model: Some("docs/threats.md".parse().expect("a path")),
                rollback_plan: None,
            },
            changes: vec![TrackedChange {
                path: "x".into(),
                before: None,
                after: Some(TrackedFile { mode: "100644".into(), id: "c".repeat(40) }),
            }],
            documents: std::iter::once(("docs/threats.md".parse().expect("a path"), Digest::of(b"t"))).collect(),
            findings: vec![ScopeFinding::Outside { path: "x".into() }],
        }
    }

    #[test]
    fn a_record_has_one_byte_form() {
        let (bytes, digest) = encode(&record());
        assert_eq!(decode(&bytes).expect("our own bytes"), record());
        assert_eq!(Digest::of(&bytes), digest);
        let text = String::from_utf8(bytes).expect("text");
        for (from, to, expected) in [
            ("\"version\":1", "\"version\":2", "scope record version 2 is not known: expected 1"),
            ("{\"base\"", "{ \"base\"", "the scope record is not in canonical form"),
            ("\"name\":\"outside\"", "\"name\":\"inside\"", "malformed scope record"),
            ("\"tree\"", "\"trunk\"", "malformed scope record"),
        ] {
            let error = decode(text.replacen(from, to, 1).as_bytes()).expect_err(to);
            assert_eq!(error.to_string(), expected);
        }
    }
}
