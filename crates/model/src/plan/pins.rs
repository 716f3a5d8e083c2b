//! Pinned toolchains: the one version of Go and of Node that a release is made with.

use std::fmt;
use std::str::FromStr;

use crate::content::digest::serde_as_text;

/// The error for a text that is not an exact version of a toolchain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid version `{found}`: expected MAJOR.MINOR.PATCH, such as 1.26.8")]
pub struct ToolVersionError {
    /// The text that was found.
    pub found: String,
}

/// An exact, released version: three numbers, ordered as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ToolVersion {
    /// The first number.
    pub major: u32,
    /// The second one.
    pub minor: u32,
    /// The third one.
    pub patch: u32,
}

impl ToolVersion {
    /// Puts three numbers together.
    #[must_use]
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { major, minor, patch }
    }
}

impl fmt::Display for ToolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for ToolVersion {
    type Err = ToolVersionError;

    fn from_str(text: &str) -> Result<Self, ToolVersionError> {
        let wrong = || ToolVersionError { found: text.to_owned() };
        let mut numbers = text.split('.').map(|number| {
            let plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
            // A leading zero would give one version two texts, and the search for a text would miss one.
            let plain = plain && (number == "0" || !number.starts_with('0'));
            if plain { number.parse().map_err(|_| wrong()) } else { Err(wrong()) }
        });
        let mut next = || numbers.next().unwrap_or_else(|| Err(wrong()));
        let version = Self::new(next()?, next()?, next()?);
        if numbers.next().is_some() { Err(wrong()) } else { Ok(version) }
    }
}

serde_as_text!(ToolVersion);

/// Pins one toolchain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The version that everything has to name.
    pub version: ToolVersion,
    /// Versions that must be gone from the whole tracked tree.
    pub old: Vec<ToolVersion>,
}

/// The pins of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pins {
    /// The Go toolchain; none: it is not checked.
    pub go: Option<Pin>,
    /// Node; none: it is not checked.
    pub node: Option<Pin>,
}

impl Pins {
    /// Whether nothing is pinned.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.go.is_none() && self.node.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_three_numbers() {
        assert_eq!("1.26.8".parse(), Ok(ToolVersion::new(1, 26, 8)));
        assert!(ToolVersion::new(1, 9, 9) < ToolVersion::new(1, 26, 0), "as numbers, not as text");
        for wrong in ["1.26", "1.26.8.1", "v1.26.8", "1.26.08", "1.26.x", "", "1..2", "1.26.8-rc1", "+1.2.3"] {
            assert!(wrong.parse::<ToolVersion>().is_err(), "{wrong}");
        }
    }
}
