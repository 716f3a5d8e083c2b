//! What every tool's file gives: a function with a name, a version and rules in words.

use rcrepro_model::content::digest::Sha256;

/// A pure function from a stream's raw bytes to its canonical bytes, with its rules.
#[derive(Clone, Copy)]
pub struct Normalizer {
    pub(crate) name: &'static str,
    pub(crate) version: u32,
    pub(crate) rules: &'static str,
    pub(crate) apply: fn(&[u8]) -> Vec<u8>,
}

impl Normalizer {
    /// The name by which a plan asks for it, such as `go-test`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The version of the rules, counted from 1; it rises with every change of what comes out.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// The grammar of everything that it may touch, in English and EBNF-like lines.
    #[must_use]
    pub const fn rules(&self) -> &'static str {
        self.rules
    }

    /// Computes the canonical bytes of one stream; see [`crate::MAX_INPUT`] for the length that is reasonable.
    #[must_use]
    pub fn apply(&self, stream: &[u8]) -> Vec<u8> {
        (self.apply)(stream)
    }

    /// Hashes the name, the version and the rules, for the manifest.
    ///
    /// Hash rule: the SHA-256 of the UTF-8 text `rcrepro-normalizer LF name: NAME LF version: VERSION LF rules: LF RULES`
    /// where LF is one line feed, VERSION is in decimal and RULES are the bytes of [`Normalizer::rules`] to their end.
    /// NAME holds no line feed, so no two normalizers share a text. The code is left out: the version covers it.
    #[must_use]
    pub fn rules_digest(&self) -> Sha256 {
        Sha256::of(
            format!("rcrepro-normalizer\nname: {}\nversion: {}\nrules:\n{}", self.name, self.version, self.rules)
                .as_bytes(),
        )
    }
}

impl std::fmt::Debug for Normalizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}
