//! Clear-signed texts: what a listed key signed, and nothing else of what the file holds.
//!
//! Source: RFC 9580, section 7 (cleartext signatures). The frame is checked by line before the OpenPGP library sees it, because
//! readers differ in what they allow around a message; what is passed on is the text that the library hashed.

use pgp::composed::CleartextSignedMessage;
use pgp::packet::{Signature, SignatureType};
use pgp::types::KeyDetails as _;

use super::key::{Signer, SignerKey, TrustedKey, is_strong};
use rcrepro_model::image::fingerprint::Fingerprint;

const BEGIN: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
const BEGIN_SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";
const END: &str = "-----END PGP SIGNATURE-----";

/// A text that a trusted key signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedText {
    /// Exactly what was signed, with plain line ends.
    pub text: String,
    /// The primary key that signed it, itself or by a subkey.
    pub signed_by: Fingerprint,
}

/// Why a file is not text that a trusted key signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The file is not clear-signed.
    #[error("it is not signed: expected `{BEGIN}` in its first line")]
    Unsigned,
    /// The file ends too early.
    #[error("it is cut off: `{END}` is missing")]
    Cut,
    /// Something stands where no signature covers it.
    #[error("line {line} lies outside of the signed text")]
    Outside {
        /// The line, from 1.
        line: usize,
    },
    /// The file is not of the form that clear-signed texts have.
    #[error("its signature cannot be read: {reason}")]
    Form {
        /// What the library said.
        reason: String,
    },
    /// There are signatures, none of which counts.
    #[error("no listed key signed it: {}", reasons.join("; "))]
    NoGoodSignature {
        /// What is wrong with each signature.
        reasons: Vec<String>,
    },
}

/// Finds a good signature by one of the keys; `now` is in seconds since 1970.
///
/// # Errors
/// [`SignatureError`].
pub fn verify(file: &[u8], keys: &[TrustedKey], now: u64) -> Result<SignedText, SignatureError> {
    let file = std::str::from_utf8(file).map_err(|_| SignatureError::Form { reason: "it is not UTF-8".to_owned() })?;
    check_frame(file)?;
    let (message, _) = CleartextSignedMessage::from_string(file)
        .map_err(|error| SignatureError::Form { reason: error.to_string() })?;
    let text = message.signed_text();
    let mut reasons = Vec::new();
    for signature in message.signatures() {
        match check(signature, &text, keys, now) {
            Ok(signed_by) => return Ok(SignedText { text: text.replace("\r\n", "\n"), signed_by }),
            Err(reason) => reasons.push(reason),
        }
    }
    if reasons.is_empty() {
        reasons.push("it holds no signature".to_owned());
    }
    Err(SignatureError::NoGoodSignature { reasons })
}

/// Checks that the file is one clear-signed message from its first to its last line.
fn check_frame(file: &str) -> Result<(), SignatureError> {
    let mut lines = file.lines().enumerate().map(|(index, line)| (index + 1, line));
    if lines.next().is_none_or(|(_, line)| line != BEGIN) {
        return Err(SignatureError::Unsigned);
    }
    let mut in_signature = false;
    let mut ended = false;
    for (number, line) in lines {
        match line {
            _ if ended => return Err(SignatureError::Outside { line: number }),
            BEGIN => return Err(SignatureError::Outside { line: number }),
            BEGIN_SIGNATURE if in_signature => return Err(SignatureError::Outside { line: number }),
            BEGIN_SIGNATURE => in_signature = true,
            END if in_signature => ended = true,
            _ => {}
        }
    }
    if ended { Ok(()) } else { Err(SignatureError::Cut) }
}

/// Returns the listed key that made the signature, or why it does not count.
fn check(signature: &Signature, text: &str, keys: &[TrustedKey], now: u64) -> Result<Fingerprint, String> {
    let maker = maker(signature);
    if signature.typ() != Some(SignatureType::Text) {
        return Err(format!("the signature of {maker} is not one of a text"));
    }
    if !is_strong(signature) {
        let hash = signature.hash_alg().map_or_else(|| "unknown".to_owned(), |hash| hash.to_string());
        return Err(format!("the signature of {maker} is made over {hash}, expected SHA256 or better"));
    }
    let signers = keys.iter().flat_map(|key| key.signers().iter().map(move |signer| (key.fingerprint(), signer)));
    let mut reason = format!("{maker} is not among the listed keys");
    for (fingerprint, signer) in signers.filter(|(_, signer)| is_by(signature, signer)) {
        let verified = match &signer.key {
            SignerKey::Primary(key) => signature.verify(key, text.as_bytes()),
            SignerKey::Subkey(key) => signature.verify(key, text.as_bytes()),
        };
        match verified {
            Err(_) => reason = format!("the signature of {maker} is bad: the text is not what was signed"),
            Ok(()) => match in_force(signature, signer, now) {
                Ok(()) => return Ok(fingerprint),
                Err(why) => reason = format!("the signature of {maker} is good, but {why}"),
            },
        }
    }
    Err(reason)
}

/// Checks the times of a signature and of the key that made it.
fn in_force(signature: &Signature, signer: &Signer, now: u64) -> Result<(), &'static str> {
    let made = signature.created().map(|made| u64::from(made.as_secs())).ok_or("it has no date")?;
    let lifetime = signature.signature_expiration_time().map_or(0, |lifetime| u64::from(lifetime.as_secs()));
    if lifetime > 0 && made + lifetime < now {
        return Err("it has expired");
    }
    let key_made = match &signer.key {
        SignerKey::Primary(key) => key.created_at(),
        SignerKey::Subkey(key) => key.created_at(),
    };
    if made < u64::from(key_made.as_secs()) {
        return Err("it is older than its key");
    }
    if signer.expires.is_some_and(|end| end < now) {
        return Err("the key has expired");
    }
    Ok(())
}

fn is_by(signature: &Signature, signer: &Signer) -> bool {
    let (fingerprint, id) = match &signer.key {
        SignerKey::Primary(key) => (key.fingerprint(), key.legacy_key_id()),
        SignerKey::Subkey(key) => (key.fingerprint(), key.legacy_key_id()),
    };
    signature.issuer_fingerprint().contains(&&fingerprint) || signature.issuer_key_id().contains(&&id)
}

fn maker(signature: &Signature) -> String {
    let fingerprint = signature.issuer_fingerprint().first().map(ToString::to_string);
    let id = || signature.issuer_key_id().first().map(ToString::to_string);
    fingerprint.or_else(id).map_or_else(|| "an unnamed key".to_owned(), |name| name.to_uppercase())
}
