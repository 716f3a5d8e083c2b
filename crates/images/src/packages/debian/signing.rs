//! Throw-away OpenPGP keys with which tests sign what [`super::signed`] verifies; built only with the feature `signing`.

use pgp::composed::{
    ArmorOptions, CleartextSignedMessage, EncryptionCaps, KeyType, SecretKeyParamsBuilder, SignedSecretKey,
    SubkeyParamsBuilder,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{SignatureConfig, SignatureType, Subpacket, SubpacketData};
use pgp::types::{KeyDetails as _, Password, SigningKey, Timestamp};

/// A key pair with a subkey, which may sign too.
#[derive(Debug)]
pub struct OpenPgpKey(SignedSecretKey);

impl OpenPgpKey {
    /// Makes a pair of Ed25519.
    #[must_use]
    pub fn ed25519() -> Self {
        Self::of(KeyType::Ed25519Legacy)
    }

    /// Makes a pair of RSA with 2048 bits, which unlike Ed25519 can sign over SHA-1.
    #[must_use]
    pub fn rsa() -> Self {
        Self::of(KeyType::Rsa(2048))
    }

    fn of(kind: KeyType) -> Self {
        let subkey = SubkeyParamsBuilder::default()
            .key_type(KeyType::Ed25519Legacy)
            .can_sign(true)
            .can_encrypt(EncryptionCaps::None)
            .build()
            .expect("a subkey");
        let mut key = SecretKeyParamsBuilder::default();
        key.key_type(kind).can_certify(true).can_sign(true).can_encrypt(EncryptionCaps::None);
        key.primary_user_id("Nobody <nobody@example.org>".to_owned()).subkeys(vec![subkey]);
        Self(key.build().expect("a key").generate(rand::thread_rng()).expect("a key"))
    }

    /// Returns the primary key's fingerprint in upper-case hex.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint().to_string().to_uppercase()
    }

    /// Returns the public key, armored.
    #[must_use]
    pub fn public(&self) -> String {
        self.0.to_public_key().to_armored_string(ArmorOptions::default()).expect("armored")
    }

    /// Signs a text in the clear with the primary key, over SHA-256.
    #[must_use]
    pub fn sign(&self, text: &str) -> String {
        sign(&self.0.primary_key, text, HashAlgorithm::Sha256)
    }

    /// Signs a text in the clear with the primary key, over SHA-1, which [`super::signed`] refuses.
    #[must_use]
    pub fn sign_over_sha1(&self, text: &str) -> String {
        sign(&self.0.primary_key, text, HashAlgorithm::Sha1)
    }

    /// Signs a text in the clear with the subkey, over SHA-512.
    #[must_use]
    pub fn sign_with_subkey(&self, text: &str) -> String {
        sign(&self.0.secret_subkeys[0].key, text, HashAlgorithm::Sha512)
    }
}

fn sign(key: &impl SigningKey, text: &str, hash: HashAlgorithm) -> String {
    let mut config = SignatureConfig::v4(SignatureType::Text, key.algorithm(), hash);
    let subpackets =
        [SubpacketData::SignatureCreationTime(Timestamp::now()), SubpacketData::IssuerFingerprint(key.fingerprint())];
    config.hashed_subpackets = subpackets.map(|data| Subpacket::regular(data).expect("a subpacket")).into();
    let message = CleartextSignedMessage::new(text, config, key, &Password::empty()).expect("signs");
    message.to_armored_string(ArmorOptions::default()).expect("armored")
}
