//! Public keys: SubjectPublicKeyInfo in PEM (RFC 5280, RFC 8410, RFC 5480).

use std::fmt;

use p256::ecdsa::signature::Verifier as _;
use pkcs8::{DecodePublicKey as _, EncodePublicKey as _, LineEnding};
use rcrepro_model::content::digest::Sha256;

use crate::algorithm::{EC, ED25519, OTHER_CURVE, is_pem};
use crate::error::KeyError;

/// What the PEM of a public key begins with.
const LABEL: &str = "PUBLIC KEY";

/// A key that tells whether a signature is its owner's.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(pub(crate) Verifying);

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Verifying {
    Ed25519(ed25519_dalek::VerifyingKey),
    EcdsaP256(p256::ecdsa::VerifyingKey),
}

impl PublicKey {
    /// Reads a key in PEM.
    ///
    /// # Errors
    /// [`KeyError`] for anything else than one public key of a known algorithm; a weak Ed25519 key, by which any signature could be made to
    /// look right, is refused, too.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let malformed = |error: &dyn fmt::Display| KeyError::Malformed(error.to_string());
        is_pem(text)?;
        let (label, document) = pkcs8::Document::from_pem(text.trim()).map_err(|error| malformed(&error))?;
        if label != LABEL {
            return Err(KeyError::Label { expected: LABEL, found: label.to_owned() });
        }
        let info = pkcs8::SubjectPublicKeyInfoRef::try_from(document.as_bytes()).map_err(|error| malformed(&error))?;
        match info.algorithm.oid {
            ED25519 => {
                let key = ed25519_dalek::VerifyingKey::from_public_key_der(document.as_bytes());
                let key = key.map_err(|error| malformed(&error))?;
                match key.is_weak() {
                    true => Err(KeyError::Weak),
                    false => Ok(Self(Verifying::Ed25519(key))),
                }
            }
            EC => {
                let key = p256::ecdsa::VerifyingKey::from_public_key_der(document.as_bytes());
                key.map(|key| Self(Verifying::EcdsaP256(key))).map_err(|_| KeyError::Algorithm(OTHER_CURVE.to_owned()))
            }
            other => Err(KeyError::Algorithm(format!("the algorithm {other}"))),
        }
    }

    fn document(&self) -> pkcs8::Document {
        let document = match &self.0 {
            Verifying::Ed25519(key) => key.to_public_key_der(),
            Verifying::EcdsaP256(key) => key.to_public_key_der(),
        };
        document.expect("a key that was read or made can be written")
    }

    /// Writes the key in PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        self.document().to_pem(LABEL, LineEnding::LF).expect("a constant label")
    }

    /// Returns the key's id: the SHA-256 of its SubjectPublicKeyInfo in DER, in hexadecimal, as `SHA256KeyID` of go-securesystemslib.
    #[must_use]
    pub fn id(&self) -> String {
        Sha256::of(self.document().as_bytes()).to_string()
    }

    /// Names the algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> &'static str {
        match self.0 {
            Verifying::Ed25519(_) => "ed25519",
            Verifying::EcdsaP256(_) => "ecdsa-p256",
        }
    }

    /// Tells whether a signature of a message is by this key: 64 bytes for Ed25519 (RFC 8032, strict: one encoding, no small order), a DER
    /// sequence of two integers for ECDSA with SHA-256.
    #[must_use]
    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.0 {
            Verifying::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            Verifying::EcdsaP256(key) => p256::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.algorithm(), self.id())
    }
}
