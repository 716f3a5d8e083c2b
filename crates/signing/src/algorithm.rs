//! The algorithms of keys.

use pkcs8::ObjectIdentifier;

use crate::error::KeyError;

/// `id-Ed25519` (RFC 8410).
pub(crate) const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// `id-ecPublicKey` (RFC 5480).
pub(crate) const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// What a key of [`EC`] is for that is not one over P-256.
pub(crate) const OTHER_CURVE: &str = "ECDSA over another curve";

/// Refuses what the reader of PEM has no words for: a text that is in another form, or holds more than one.
pub(crate) fn is_pem(text: &str) -> Result<(), KeyError> {
    match text.matches("-----BEGIN ").count() {
        1 if text.trim_start().starts_with("-----BEGIN ") => Ok(()),
        0 => Err(KeyError::Malformed("no line begins with `-----BEGIN`".to_owned())),
        1 => Err(KeyError::Malformed("something comes before the line that begins with `-----BEGIN`".to_owned())),
        some => Err(KeyError::Malformed(format!("it holds {some} parts, expected one"))),
    }
}

/// The algorithms of keys that can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// ECDSA over P-256 with SHA-256 (FIPS 186-5).
    EcdsaP256,
}
