//! DSSE envelope ↔ JSON.
//!
//! Source: DSSE 1.0, `envelope.md`. Both alphabets of base64 are read, padded or not, as it demands; keys that it does not name are let pass.
//! A key that occurs twice, or that other readers could take for another one, is refused.

use serde::Deserialize;
use serde_json::json;

use crate::syntax::canonical_json;
use crate::syntax::unambiguous_json::{self, AmbiguousJsonError, KnownKeys};
use rcrepro_model::attestation::envelope::{DsseEnvelope, DsseSignature};
use rcrepro_model::content::base64;

/// The largest envelope that is read: 16 MiB.
pub const ENVELOPE_LIMIT: usize = 16 << 20;
/// The most signatures of an envelope that are read: each costs a check for each key.
pub const MOST_SIGNATURES: usize = 64;

const SIGNATURE: KnownKeys = KnownKeys { plain: &["keyid", "sig"], objects: &[] };
const ENVELOPE: KnownKeys = KnownKeys { plain: &["payload", "payloadType"], objects: &[("signatures", &SIGNATURE)] };

/// The error for bytes that are not an envelope.
#[derive(Debug, thiserror::Error)]
pub enum DsseJsonError {
    /// It is larger than [`ENVELOPE_LIMIT`].
    #[error("the envelope has {found} bytes: at most {ENVELOPE_LIMIT} are read")]
    TooLarge {
        /// The size in bytes.
        found: usize,
    },
    /// It is not JSON, of another shape, or not the same to all readers.
    #[error("malformed envelope: {0}")]
    Malformed(AmbiguousJsonError),
    /// A field is not base64.
    #[error("`{field}` of the envelope is not base64")]
    Base64 {
        /// Its key in JSON.
        field: &'static str,
    },
    /// It has no signature, or too many.
    #[error("the envelope has {found} signatures: expected 1 to {MOST_SIGNATURES}")]
    Signatures {
        /// How many.
        found: usize,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnvelopeWire {
    payload: String,
    payload_type: String,
    signatures: Vec<SignatureWire>,
}

#[derive(Deserialize)]
struct SignatureWire {
    #[serde(default)]
    keyid: Option<String>,
    sig: String,
}

/// Writes an envelope: canonical JSON and a line end.
#[must_use]
#[expect(clippy::expect_used, reason = "an envelope holds strings alone")]
pub fn encode(envelope: &DsseEnvelope) -> Vec<u8> {
    let signatures: Vec<_> = envelope
        .signatures
        .iter()
        .map(|one| json!({ "keyid": one.key_id, "sig": base64::encode(&one.signature) }))
        .collect();
    let document = json!({
        "payload": base64::encode(&envelope.payload), "payloadType": envelope.payload_type, "signatures": signatures,
    });
    let mut bytes = canonical_json::to_vec(&document).expect("strings have a canonical form");
    bytes.push(b'\n');
    bytes
}

/// Reads an envelope, and checks none of its signatures.
///
/// # Errors
/// [`DsseJsonError`].
pub fn decode(bytes: &[u8]) -> Result<DsseEnvelope, DsseJsonError> {
    if bytes.len() > ENVELOPE_LIMIT {
        return Err(DsseJsonError::TooLarge { found: bytes.len() });
    }
    let value = unambiguous_json::parse(bytes, &ENVELOPE).map_err(DsseJsonError::Malformed)?;
    let wire = EnvelopeWire::deserialize(value).map_err(|error| DsseJsonError::Malformed(error.into()))?;
    let found = wire.signatures.len();
    if found == 0 || found > MOST_SIGNATURES {
        return Err(DsseJsonError::Signatures { found });
    }
    let read = |text: &str, field| base64::decode_any(text).ok_or(DsseJsonError::Base64 { field });
    let signatures = wire
        .signatures
        .into_iter()
        .map(|one| Ok(DsseSignature { key_id: one.keyid.unwrap_or_default(), signature: read(&one.sig, "sig")? }));
    Ok(DsseEnvelope {
        payload_type: wire.payload_type,
        payload: read(&wire.payload, "payload")?,
        signatures: signatures.collect::<Result<_, DsseJsonError>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope() -> DsseEnvelope {
        DsseEnvelope {
            payload_type: "application/vnd.in-toto+json".to_owned(),
            payload: b"{}\xff\xfe".to_vec(),
            signatures: vec![DsseSignature { key_id: "ab".to_owned(), signature: vec![251, 255, 0] }],
        }
    }

    #[test]
    fn an_envelope_is_read_as_it_was_written_in_either_alphabet() {
        let text = String::from_utf8(encode(&envelope())).expect("text");
        assert_eq!(
            text,
            "{\"payload\":\"e33//g==\",\"payloadType\":\"application/vnd.in-toto+json\",\"signatures\":[{\"keyid\":\"ab\",\"sig\":\"+/8A\"}]}\n"
        );
        let url =
            text.replace('/', "_").replace("application_", "application/").replace("\"+_", "\"-_").replace("==", "");
        for text in [text, url] {
            assert_eq!(decode(text.as_bytes()).expect("read"), envelope(), "{text}");
        }
    }

    #[test]
    fn what_is_not_one_envelope_to_all_readers_is_refused() {
        let one = r#"{"keyid":"a","sig":"AA=="}"#;
        let many = format!("[{}]", vec![one; MOST_SIGNATURES + 1].join(","));
        for (signatures, more, says) in [
            ("[]", "", "0 signatures"),
            (many.as_str(), "", "65 signatures"),
            (r#"[{"keyid":"a","sig":"A"}]"#, "", "`sig` of the envelope is not base64"),
            (r#"[{"keyid":"a","sig":"AA==","Sig":"AB=="}]"#, "", "`Sig`"),
            (r#"[{"keyid":"a","sig":"AA==","sig":"AB=="}]"#, "", "`sig` occurs twice"),
            (r#"[{"keyid":"a"}]"#, "", "missing field `sig`"),
            ("[]", r#","payload":"AA==""#, "`payload` occurs twice"),
            ("{}", "", "expected a sequence"),
        ] {
            let text = format!(r#"{{"payload":"e30=","payloadType":"t","signatures":{signatures}{more}}}"#);
            let found = decode(text.as_bytes()).expect_err(&text).to_string();
            assert!(found.contains(says), "`{says}` in {found}");
        }
        assert!(decode(b"{}").is_err() && decode(b"").is_err());
        assert!(decode(&vec![b' '; ENVELOPE_LIMIT + 1]).is_err());
    }
}
