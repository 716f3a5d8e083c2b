//! Whose word a manifest has.

use serde::Serialize;

/// A statement about a manifest that a key which the reader trusts has signed, and that the evidence does not contradict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignedStatement {
    /// The name of its file.
    pub file: String,
    /// What kind of statement it is: `test-result`, `replay`, or the URI of another type.
    pub kind: String,
    /// What it says in a word; empty where its type is not read here.
    pub says: String,
    /// The file of the key, as the reader named it.
    pub key: String,
    /// The key's id: the SHA-256 of its SubjectPublicKeyInfo in DER, in hexadecimal.
    pub key_id: String,
}
