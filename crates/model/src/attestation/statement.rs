//! Statements: which artefacts they are about, and what they say. The wire names are those of in-toto's attestation framework.

use super::replay_result::ReplayResult;
use super::resource::ResourceDescriptor;
use super::test_result::TestResult;
use crate::content::digest::Sha256;

/// in-toto's type of a test result.
pub const TEST_RESULT: &str = "https://in-toto.io/attestation/test-result/v0.1";
/// Our own type of a replay's result; `docs/design/attestations.md` defines it.
pub const REPLAY_RESULT: &str = "pkg:cargo/rcrepro#predicates/replay/v0.1";

/// A statement, as in-toto's Statement v1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What it is about, matched by digest.
    pub subjects: Vec<ResourceDescriptor>,
    /// What is said.
    pub predicate: Predicate,
}

impl Statement {
    /// Whether it is about one artefact alone, the one with this hash.
    #[must_use]
    pub fn is_about(&self, hash: Sha256) -> bool {
        matches!(self.subjects.as_slice(), [one] if one.sha256 == Some(hash))
    }
}

/// What a statement says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Predicate {
    /// How the commands of a packet ended.
    TestResult(TestResult),
    /// How a replay of a packet compared.
    Replay(ReplayResult),
    /// Something that is not read here, by the URI of its type.
    Other(String),
}

impl Predicate {
    /// Returns in-toto's `predicateType`.
    #[must_use]
    pub fn type_uri(&self) -> &str {
        match self {
            Self::TestResult(_) => TEST_RESULT,
            Self::Replay(_) => REPLAY_RESULT,
            Self::Other(uri) => uri,
        }
    }

    /// Returns the word that file names and reports use.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::TestResult(_) => "test-result",
            Self::Replay(_) => "replay",
            Self::Other(uri) => uri,
        }
    }
}
