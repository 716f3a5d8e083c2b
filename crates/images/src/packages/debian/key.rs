//! Keys that an archive signs with, read from the files beside the definitions.
//!
//! Source: RFC 9580, sections 5.2 (signatures) and 10.1 (transferable keys). What is asked of a key: its file is named after its
//! fingerprint; it is not revoked; it signed its own identity; a subkey is bound to it in both directions. Each of these
//! signatures has to be made over SHA-256 or better.

use pgp::composed::{Deserializable as _, SignedPublicKey, SignedPublicSubKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{PublicKey, PublicSubkey, Signature, SignatureType};
use pgp::types::{KeyDetails as _, Tag};

use super::DebianError;
use rcrepro_model::image::fingerprint::Fingerprint;

const BEGIN: &[u8] = b"-----BEGIN ";

/// A key whose signatures count.
#[derive(Debug, Clone)]
pub struct TrustedKey {
    fingerprint: Fingerprint,
    signers: Vec<Signer>,
}

/// The primary key or one of its subkeys, where it may sign.
#[derive(Debug, Clone)]
pub(super) struct Signer {
    pub(super) key: SignerKey,
    /// When it ends, in seconds since 1970; `None` for never.
    pub(super) expires: Option<u64>,
}

#[derive(Debug, Clone)]
pub(super) enum SignerKey {
    Primary(PublicKey),
    Subkey(PublicSubkey),
}

impl TrustedKey {
    /// Reads an armored key file that holds the one key of this fingerprint.
    ///
    /// # Errors
    /// [`DebianError::Key`] when it holds something else, or a key that may not sign.
    pub fn read(fingerprint: Fingerprint, file: &[u8]) -> Result<Self, DebianError> {
        let refuse = |reason: String| DebianError::Key { expected: fingerprint, reason };
        let unreadable = |error: pgp::errors::Error| refuse(format!("it is not an armored OpenPGP key: {error}"));
        // The library reads one block and leaves what follows it.
        if file.windows(BEGIN.len()).filter(|part| *part == BEGIN).count() > 1 {
            return Err(refuse("it holds more than one block".to_owned()));
        }
        let (mut keys, _) = SignedPublicKey::from_armor_many(file).map_err(unreadable)?;
        let key = keys.next().ok_or_else(|| refuse("it holds no key".to_owned()))?.map_err(unreadable)?;
        if keys.next().is_some() {
            return Err(refuse("it holds more than one key".to_owned()));
        }
        let found = key.primary_key.fingerprint();
        if <[u8; 20]>::try_from(found.as_bytes()).ok().map(Fingerprint::new) != Some(fingerprint) {
            let found = found.to_string().to_uppercase();
            return Err(refuse(format!("the key in it has the fingerprint {found}")));
        }
        let primary = &key.primary_key;
        if key.details.revocation_signatures.iter().any(|revocation| revocation.verify_key(primary).is_ok()) {
            return Err(refuse("the key is revoked".to_owned()));
        }
        let identity = identity(&key).ok_or_else(|| refuse("the key signed no identity of its own".to_owned()))?;
        let primary_expires = expiry(created(primary), identity);
        let mut signers = Vec::new();
        if identity.key_flags().sign() {
            signers.push(Signer { key: SignerKey::Primary(primary.clone()), expires: primary_expires });
        }
        for subkey in &key.public_subkeys {
            if let Some(binding) = binding(primary, subkey) {
                let expires = [expiry(created(&subkey.key), binding), primary_expires].into_iter().flatten().min();
                signers.push(Signer { key: SignerKey::Subkey(subkey.key.clone()), expires });
            }
        }
        if signers.is_empty() {
            return Err(refuse("the key may not sign, nor has it a subkey that may".to_owned()));
        }
        Ok(Self { fingerprint, signers })
    }

    /// Returns the primary key's fingerprint.
    #[must_use]
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    pub(super) fn signers(&self) -> &[Signer] {
        &self.signers
    }
}

/// Returns the key's newest signature over its own user ids, which says whose it is and what it may do.
fn identity(key: &SignedPublicKey) -> Option<&Signature> {
    let users = key.details.users.iter().flat_map(|user| {
        let own = user.signatures.iter().filter(|one| one.typ() != Some(SignatureType::CertRevocation));
        own.filter(|one| one.verify_certification(&key.primary_key, Tag::UserId, &user.id).is_ok())
    });
    users.filter(|one| is_strong(one)).max_by_key(|one| one.created())
}

/// Returns the newest signature that binds a subkey to its primary key, if the subkey may sign.
fn binding<'a>(primary: &PublicKey, subkey: &'a SignedPublicSubKey) -> Option<&'a Signature> {
    let good = |one: &&Signature| one.verify_subkey_binding(primary, &subkey.key).is_ok();
    let (revocations, bindings): (Vec<_>, Vec<_>) =
        subkey.signatures.iter().filter(good).partition(|one| one.typ() == Some(SignatureType::SubkeyRevocation));
    if !revocations.is_empty() {
        return None;
    }
    let newest = bindings.into_iter().filter(|one| is_strong(one)).max_by_key(|one| one.created())?;
    // Without the subkey's own word, anybody could bind somebody's subkey to a key of theirs.
    let back = newest.embedded_signature().filter(|back| is_strong(back))?;
    let bound = newest.key_flags().sign() && back.verify_primary_key_binding(&subkey.key, primary).is_ok();
    bound.then_some(newest)
}

fn created(key: &impl pgp::types::KeyDetails) -> u64 {
    u64::from(key.created_at().as_secs())
}

fn expiry(created: u64, signature: &Signature) -> Option<u64> {
    let lifetime = signature.key_expiration_time().map(|lifetime| u64::from(lifetime.as_secs()));
    // Zero means a key that never expires.
    lifetime.filter(|lifetime| *lifetime > 0).map(|lifetime| created + lifetime)
}

/// Whether a signature is made over a hash for which no collisions are known.
pub(super) fn is_strong(signature: &Signature) -> bool {
    use HashAlgorithm::{Sha3_256, Sha3_512, Sha256, Sha384, Sha512};
    matches!(signature.hash_alg(), Some(Sha256 | Sha384 | Sha512 | Sha3_256 | Sha3_512))
}

#[cfg(test)]
mod tests {
    use pgp::composed::ArmorOptions;

    use super::*;

    const ARCHIVE: &str = "B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8";
    const STABLE: &str = "4D64FEC119C2029067D6E791F8D2585B8783D481";

    fn file(fingerprint: &str) -> Vec<u8> {
        let path = format!("{}/../../images/keys/{fingerprint}.asc", env!("CARGO_MANIFEST_DIR"));
        std::fs::read(path).expect("a key of Debian's")
    }

    fn read(fingerprint: &str, file: &[u8]) -> Result<TrustedKey, DebianError> {
        TrustedKey::read(fingerprint.parse().expect("a fingerprint"), file)
    }

    #[test]
    fn debians_keys_sign_themselves_or_by_a_subkey_until_they_expire() {
        let kinds = |fingerprint: &str| -> Vec<_> {
            let key = read(fingerprint, &file(fingerprint)).expect("a good key");
            let is_subkey = |signer: &Signer| matches!(signer.key, SignerKey::Subkey(_));
            key.signers().iter().map(|signer| (is_subkey(signer), signer.expires)).collect()
        };
        // Eight years less two leap days from 2023-01-21T11:44:21Z and 2023-01-23T16:44:03Z.
        let (archive, stable) = (1_674_301_461 + 8 * 365 * 86_400, 1_674_492_243 + 8 * 365 * 86_400);
        assert_eq!(kinds(ARCHIVE), [(false, Some(archive)), (true, Some(archive))]);
        assert_eq!(kinds(STABLE), [(false, Some(stable))]);
    }

    #[test]
    fn a_subkey_of_another_key_does_not_count() {
        let parse = |name| SignedPublicKey::from_armor_single(&file(name)[..]).expect("a key").0;
        let mut stable = parse(STABLE);
        stable.public_subkeys = parse(ARCHIVE).public_subkeys;
        assert_eq!(stable.public_subkeys.len(), 1);
        let text = stable.to_armored_string(ArmorOptions::default()).expect("armored");
        let key = read(STABLE, text.as_bytes()).expect("the primary key is good");
        assert!(matches!(key.signers(), [Signer { key: SignerKey::Primary(_), .. }]));
    }

    #[test]
    fn a_key_without_its_own_word_does_not_count() {
        let mut stable = SignedPublicKey::from_armor_single(&file(STABLE)[..]).expect("a key").0;
        let archive = SignedPublicKey::from_armor_single(&file(ARCHIVE)[..]).expect("a key").0;
        // Another's identity, which that other one signed.
        stable.details.users = archive.details.users;
        let text = stable.to_armored_string(ArmorOptions::default()).expect("armored");
        let error = read(STABLE, text.as_bytes()).expect_err("no identity").to_string();
        assert!(error.ends_with("the key signed no identity of its own"), "{error}");
    }
}
