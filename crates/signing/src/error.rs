//! Why a key cannot be used.

/// Why a text is not a key that can be used, or none can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is not a key in PEM.
    #[error("it is not a key in PEM: {0}")]
    Malformed(String),
    /// By a key of small order, a signature of anything can be made.
    #[error("it is a weak Ed25519 key: by one of small order, signatures of anything can be made")]
    Weak,
    /// The PEM holds something else.
    #[error("it holds `{found}`, expected `{expected}`")]
    Label {
        /// What is wanted.
        expected: &'static str,
        /// The words after `BEGIN`.
        found: String,
    },
    /// The key is for another algorithm or curve.
    #[error("it is for {0}, expected Ed25519 or ECDSA over P-256")]
    Algorithm(String),
    /// The key is encrypted, and no passphrase was given.
    #[error("it is encrypted, and no passphrase was given")]
    Encrypted,
    /// The passphrase does not open the key.
    #[error("the passphrase does not open it, or it was encrypted by other means than PBES2")]
    Passphrase,
    /// The system gave no random bytes.
    #[error("the system gave no random bytes: {0}")]
    Random(String),
}
