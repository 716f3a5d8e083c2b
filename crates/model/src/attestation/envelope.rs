//! The envelope of a statement, as DSSE 1.0 defines it.

/// The type of a payload that is an in-toto statement in JSON.
pub const STATEMENT_TYPE: &str = "application/vnd.in-toto+json";

/// A payload with its signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DsseEnvelope {
    /// What the payload is, a media type; signed with it.
    pub payload_type: String,
    /// The bytes that are signed.
    pub payload: Vec<u8>,
    /// The signatures, one at least.
    pub signatures: Vec<DsseSignature>,
}

/// One signature of an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DsseSignature {
    /// Whose it claims to be; nothing rests on it.
    pub key_id: String,
    /// Its bytes: 64 for Ed25519, DER for ECDSA.
    pub signature: Vec<u8>,
}

impl DsseEnvelope {
    /// Returns what is signed: `DSSEv1 LEN(type) type LEN(payload) payload` (DSSE, `protocol.md`, "Signature Definition").
    #[must_use]
    pub fn signed_bytes(&self) -> Vec<u8> {
        let (kind, payload) = (&self.payload_type, &self.payload);
        let mut bytes = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
        bytes.extend_from_slice(payload);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_the_specifications_own_example() {
        let envelope = DsseEnvelope {
            payload_type: "http://example.com/HelloWorld".to_owned(),
            payload: b"hello world".to_vec(),
            signatures: Vec::new(),
        };
        assert_eq!(envelope.signed_bytes(), b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }

    #[test]
    fn no_payload_passes_for_another_type() {
        let of = |kind: &str, payload: &[u8]| {
            let (payload_type, payload) = (kind.to_owned(), payload.to_vec());
            DsseEnvelope { payload_type, payload, signatures: Vec::new() }.signed_bytes()
        };
        assert_ne!(of("a", b"b 1 c"), of("a b", b"1 c"));
        assert_ne!(of("a", b"b"), of("b", b"a"));
    }
}
