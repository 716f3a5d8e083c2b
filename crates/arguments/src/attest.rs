//! The arguments of what signs, and of whom a reader trusts.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// A key that is made.
#[derive(Debug, Args)]
pub struct KeygenArgs {
    /// The file of the private key; its public key goes to FILE.pub. Neither may be there yet.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// What it signs with.
    #[arg(long, value_enum, default_value = "ed25519")]
    pub algorithm: KeyAlgorithmName,
    /// Encrypts the key by the first line of this file [default: $RCREPRO_PASSPHRASE].
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Writes the key in the clear: all who can read the file can sign with it.
    #[arg(long, conflicts_with = "passphrase_file")]
    pub unencrypted: bool,
}

/// What keys sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KeyAlgorithmName {
    /// Edwards curve 25519 (RFC 8032).
    Ed25519,
    /// ECDSA over P-256 with SHA-256.
    EcdsaP256,
}

/// What is signed, and by which key.
#[derive(Debug, Args)]
pub struct AttestArgs {
    /// A packet, such as RC-05, or a manifest file.
    #[arg(value_name = "PACKET|MANIFEST")]
    pub target: String,
    /// Signs with this private key: PKCS#8 in PEM, Ed25519 or ECDSA over P-256.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// Opens an encrypted key by the first line of this file [default: $RCREPRO_PASSPHRASE].
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// The signature of a replay.
#[derive(Debug, Args)]
pub struct ReplayKeyArgs {
    /// Signs how the replay compared with this private key, whether it is equal or not; see `attest`.
    #[arg(long, value_name = "FILE")]
    pub attest: Option<PathBuf>,
    /// Opens an encrypted key by the first line of this file [default: $RCREPRO_PASSPHRASE].
    #[arg(long, value_name = "FILE", requires = "attest")]
    pub passphrase_file: Option<PathBuf>,
}
