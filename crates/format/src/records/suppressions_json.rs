//! Ledger of suppressions ↔ its one byte form: RFC 8785 JSON.

use crate::syntax::canonical_json;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::suppression::{LEDGER_VERSION, SuppressionLedger};

/// The error for bytes that are not a ledger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The bytes are not JSON of the ledger's shape.
    #[error("malformed ledger of suppressions: {0}")]
    Malformed(String),
    /// The entries are not sorted, or the bytes are not in canonical form.
    #[error("the ledger of suppressions is not in its canonical form")]
    NotCanonical,
    /// It was made by other readers than those of this build.
    #[error("the ledger of suppressions has version {found}: expected {LEDGER_VERSION}")]
    Version {
        /// The number in the file.
        found: u64,
    },
}

/// Writes the canonical bytes and their digest.
#[must_use]
#[expect(clippy::expect_used, reason = "a ledger of this build's; what is read is checked without")]
pub fn encode(ledger: &SuppressionLedger) -> (Vec<u8>, Digest) {
    let bytes = canonical_json::to_vec(ledger).expect("a ledger holds only strings and small integers");
    let digest = Digest::of(&bytes);
    (bytes, digest)
}

/// Reads a ledger and refuses every byte form but the canonical one.
///
/// # Errors
/// [`LedgerError`], the version before the shape, the shape before the form.
pub fn decode(bytes: &[u8]) -> Result<SuppressionLedger, LedgerError> {
    let malformed = |error: serde_json::Error| LedgerError::Malformed(error.to_string());
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(malformed)?;
    let version = value.get("version").and_then(serde_json::Value::as_u64);
    let found = version.ok_or_else(|| LedgerError::Malformed("expected an object with a `version`".to_owned()))?;
    if found != u64::from(LEDGER_VERSION) {
        return Err(LedgerError::Version { found });
    }
    let ledger: SuppressionLedger = serde_json::from_value(value).map_err(malformed)?;
    let sorted = SuppressionLedger::new(ledger.entries.clone());
    let canonical = canonical_json::to_vec(&sorted).map_err(|error| LedgerError::Malformed(error.to_string()))?;
    if canonical == bytes { Ok(ledger) } else { Err(LedgerError::NotCanonical) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_model::evidence::suppression::{Silenced, Suppression, SuppressionSource};

    #[test]
    fn one_byte_form_and_no_other() {
        let entry = |line| Suppression {
            kind: "nolint".into(),
            at: "a.go".into(),
            line,
            silences: "errcheck".into(),
            reason: None,
            source: SuppressionSource::Tree,
            silenced: Silenced::Undecided,
        };
        let ledger = SuppressionLedger::new(vec![entry(2), entry(1)]);
        let (bytes, digest) = encode(&ledger);
        assert_eq!((decode(&bytes).as_ref(), digest), (Ok(&ledger), Digest::of(&bytes)));
        let unsorted = SuppressionLedger { entries: vec![entry(2), entry(1)], ..ledger.clone() };
        assert_eq!(decode(&encode(&unsorted).0), Err(LedgerError::NotCanonical));
        assert_eq!(decode(&[&bytes[..], b"\n"].concat()), Err(LedgerError::NotCanonical));
        let later = SuppressionLedger { version: LEDGER_VERSION + 1, ..ledger };
        assert_eq!(decode(&encode(&later).0), Err(LedgerError::Version { found: u64::from(LEDGER_VERSION) + 1 }));
        let more = format!("{{\"entries\":[],\"more\":1,\"version\":{LEDGER_VERSION}}}");
        for bytes in [&b"[]"[..], more.as_bytes(), b"{", b""] {
            assert!(matches!(decode(bytes), Err(LedgerError::Malformed(_))));
        }
    }
}
