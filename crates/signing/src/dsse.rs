//! DSSE: signs a payload, and tells whose signatures an envelope has.

use rcrepro_model::attestation::envelope::{DsseEnvelope, DsseSignature};

use crate::private_key::PrivateKey;
use crate::public_key::PublicKey;

/// Signs a payload.
#[must_use]
pub fn sign(key: &PrivateKey, payload_type: &str, payload: Vec<u8>) -> DsseEnvelope {
    let mut envelope = DsseEnvelope { payload_type: payload_type.to_owned(), payload, signatures: Vec::new() };
    let signature = key.sign(&envelope.signed_bytes());
    envelope.signatures.push(DsseSignature { key_id: key.public().id(), signature });
    envelope
}

/// Tells whether a key has signed an envelope, whatever ids its signatures name.
#[must_use]
pub fn is_signed_by(envelope: &DsseEnvelope, key: &PublicKey) -> bool {
    let message = envelope.signed_bytes();
    envelope.signatures.iter().any(|one| key.has_signed(&message, &one.signature))
}
