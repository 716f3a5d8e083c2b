//! Private keys: PKCS#8 in PEM, encrypted by a passphrase or not (RFC 5958, RFC 8018).

use std::fmt;

use p256::ecdsa::signature::Signer as _;
use pkcs8::{EncodePrivateKey as _, EncryptedPrivateKeyInfo, LineEnding, PrivateKeyInfo, SecretDocument};
use zeroize::Zeroizing;

use crate::algorithm::{EC, ED25519, KeyAlgorithm, OTHER_CURVE, is_pem};
use crate::error::KeyError;
use crate::public_key::{PublicKey, Verifying};
use crate::secret_text::SecretText;

/// What the PEM of a key begins with.
const PLAIN: &str = "PRIVATE KEY";
/// What the PEM of an encrypted key begins with.
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";
/// What scrypt costs: N = 2^15, r = 8, 32 MiB, as OpenSSL's own limit allows.
const SCRYPT: (u8, u32, u32) = (15, 8, 1);

/// A key that signs. It is cleared when it is dropped, and nothing prints it.
pub struct PrivateKey(Signing);

enum Signing {
    Ed25519(ed25519_dalek::SigningKey),
    EcdsaP256(p256::ecdsa::SigningKey),
}

impl PrivateKey {
    /// Makes a key of random bytes of the system.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, KeyError> {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        loop {
            getrandom::fill(bytes.as_mut()).map_err(|error| KeyError::Random(error.to_string()))?;
            match algorithm {
                KeyAlgorithm::Ed25519 => {
                    return Ok(Self(Signing::Ed25519(ed25519_dalek::SigningKey::from_bytes(&bytes))));
                }
                // One of 2^32 is not below the order of the curve.
                KeyAlgorithm::EcdsaP256 => {
                    if let Ok(key) = p256::ecdsa::SigningKey::from_slice(bytes.as_ref()) {
                        return Ok(Self(Signing::EcdsaP256(key)));
                    }
                }
            }
        }
    }

    /// Reads a key in PEM; the passphrase opens one that is encrypted.
    ///
    /// # Errors
    /// [`KeyError`] for anything else than one private key of a known algorithm that can be opened.
    pub fn from_pem(text: &SecretText, passphrase: Option<&SecretText>) -> Result<Self, KeyError> {
        let malformed = |error: &dyn fmt::Display| KeyError::Malformed(error.to_string());
        is_pem(text.as_str())?;
        let (label, document) = SecretDocument::from_pem(text.as_str().trim()).map_err(|error| malformed(&error))?;
        match label {
            PLAIN => Self::from_document(&document),
            ENCRYPTED => {
                let info = EncryptedPrivateKeyInfo::try_from(document.as_bytes()).map_err(|error| malformed(&error))?;
                let passphrase = passphrase.ok_or(KeyError::Encrypted)?.as_str();
                let opened = info.decrypt(passphrase).map_err(|_| KeyError::Passphrase)?;
                Self::from_document(&opened)
            }
            found => Err(KeyError::Label { expected: PLAIN, found: found.to_owned() }),
        }
    }

    fn from_document(document: &SecretDocument) -> Result<Self, KeyError> {
        let malformed = |error: &dyn fmt::Display| KeyError::Malformed(error.to_string());
        let info = PrivateKeyInfo::try_from(document.as_bytes()).map_err(|error| malformed(&error))?;
        let oid = info.algorithm.oid;
        match oid {
            ED25519 => ed25519_dalek::SigningKey::try_from(info)
                .map(|key| Self(Signing::Ed25519(key)))
                .map_err(|error| malformed(&error)),
            EC => p256::ecdsa::SigningKey::try_from(info)
                .map(|key| Self(Signing::EcdsaP256(key)))
                .map_err(|_| KeyError::Algorithm(OTHER_CURVE.to_owned())),
            other => Err(KeyError::Algorithm(format!("the algorithm {other}"))),
        }
    }

    /// Writes the key in PEM, encrypted if there is a passphrase: PBES2 with scrypt and AES-256 in CBC mode.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn to_pem(&self, passphrase: Option<&SecretText>) -> Result<SecretText, KeyError> {
        let document = match &self.0 {
            // Without the public key, as OpenSSL before 3.5 wants it.
            Signing::Ed25519(key) => {
                ed25519_dalek::pkcs8::KeypairBytes { secret_key: key.to_bytes(), public_key: None }.to_pkcs8_der()
            }
            Signing::EcdsaP256(key) => key.to_pkcs8_der(),
        };
        let document = document.expect("a key that was read or made can be written");
        let Some(passphrase) = passphrase else {
            return Ok(document.to_pem(PLAIN, LineEnding::LF).expect("a constant label").into());
        };
        let (mut salt, mut iv) = ([0_u8; 16], [0_u8; 16]);
        for bytes in [&mut salt, &mut iv] {
            getrandom::fill(bytes).map_err(|error| KeyError::Random(error.to_string()))?;
        }
        let (log_n, r, p) = SCRYPT;
        let cost = pkcs8::pkcs5::scrypt::Params::new(log_n, r, p, 32).expect("constant costs");
        let scheme = pkcs8::pkcs5::pbes2::Parameters::scrypt_aes256cbc(cost, &salt, &iv).expect("constant costs");
        let info = PrivateKeyInfo::try_from(document.as_bytes()).expect("it was just written");
        let encrypted = info.encrypt_with_params(scheme, passphrase.as_str()).map_err(|_| KeyError::Passphrase)?;
        Ok(encrypted.to_pem(ENCRYPTED, LineEnding::LF).expect("a constant label").into())
    }

    /// Returns the key that tells its signatures.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(match &self.0 {
            Signing::Ed25519(key) => Verifying::Ed25519(key.verifying_key()),
            Signing::EcdsaP256(key) => Verifying::EcdsaP256(*key.verifying_key()),
        })
    }

    /// Signs a message; the same one gives the same bytes (RFC 8032, RFC 6979).
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.0 {
            Signing::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
            Signing::EcdsaP256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_der().as_bytes().to_vec()
            }
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "private key of {:?}", self.public())
    }
}
