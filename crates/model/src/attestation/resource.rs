//! The names of artefacts in statements.

use crate::content::digest::Sha256;

/// Names an artefact, as in-toto's `ResourceDescriptor`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResourceDescriptor {
    /// What it is called; empty without one.
    pub name: String,
    /// The SHA-256 of its bytes; none where another algorithm is named.
    pub sha256: Option<Sha256>,
}

impl ResourceDescriptor {
    /// Names an artefact by the SHA-256 of its bytes.
    #[must_use]
    pub fn new(name: impl Into<String>, sha256: Sha256) -> Self {
        Self { name: name.into(), sha256: Some(sha256) }
    }
}
