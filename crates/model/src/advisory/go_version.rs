//! Versions of Go modules and of Go itself, ordered as semantic versions are.
//!
//! Sources: semver.org 2.0.0, items 9 to 11; Go Modules Reference, "Versions" and "Pseudo-versions"; `internal/semver` of
//! `golang.org/x/vuln`, which makes `1.22.0-rc.1` of `go1.22rc1`.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// The error for a text that is not a valid version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid version `{found}`: expected one such as v1.2.3, 1.26.8 or go1.26rc1")]
pub struct GoVersionError {
    /// The text that was found.
    pub found: String,
}

/// A version; build metadata, `+incompatible` among it, says nothing and is dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoVersion {
    numbers: [u64; 3],
    pre: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    // Numbers come before words (semver 11.4.3).
    Number(u64),
    Word(String),
}

impl Ord for GoVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        let release = |version: &Self| version.pre.is_empty();
        // A release comes after what leads to it; of two others the parts decide, and then their number.
        self.numbers
            .cmp(&other.numbers)
            .then_with(|| release(self).cmp(&release(other)))
            .then_with(|| self.pre.cmp(&other.pre))
    }
}

impl PartialOrd for GoVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for GoVersion {
    type Err = GoVersionError;

    fn from_str(text: &str) -> Result<Self, GoVersionError> {
        parse(text).ok_or_else(|| GoVersionError { found: text.to_owned() })
    }
}

fn parse(text: &str) -> Option<GoVersion> {
    // `go version` may say `go1.26.8 X:nocoverageredesign`.
    let word = text.split_whitespace().next()?;
    let bare = word.strip_prefix("go").or_else(|| word.strip_prefix('v')).unwrap_or(word);
    let bare = bare.split('+').next().unwrap_or_default();
    let (numbers, pre) = match bare.split_once('-') {
        Some((numbers, pre)) => (numbers, pre.split('.').map(part).collect::<Option<Vec<_>>>()?),
        None => match bare.find(|c: char| !c.is_ascii_digit() && c != '.') {
            // Go's own form of what comes before a release: `1.26rc1`, `1.26beta2`.
            Some(at) => {
                let digits = bare[at..].find(|c: char| c.is_ascii_digit())? + at;
                (&bare[..at], vec![part(&bare[at..digits])?, part(&bare[digits..])?])
            }
            None => (bare, Vec::new()),
        },
    };
    let mut found = [0; 3];
    let mut parts = numbers.split('.');
    for (at, slot) in found.iter_mut().enumerate() {
        match parts.next() {
            Some(digits) => *slot = number(digits)?,
            None if at > 0 => break,
            None => return None,
        }
    }
    parts.next().is_none().then_some(GoVersion { numbers: found, pre })
}

fn number(digits: &str) -> Option<u64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

fn part(text: &str) -> Option<Part> {
    let fits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    fits.then(|| number(text).map_or_else(|| Part::Word(text.to_owned()), Part::Number))
}

impl fmt::Display for GoVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        write!(f, "{major}.{minor}.{patch}")?;
        for (at, part) in self.pre.iter().enumerate() {
            f.write_str(if at == 0 { "-" } else { "." })?;
            match part {
                Part::Number(number) => write!(f, "{number}")?,
                Part::Word(word) => f.write_str(word)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> GoVersion {
        text.parse().expect(text)
    }

    #[test]
    fn versions_are_ordered_as_semver_orders_them() {
        let ascending = [
            "0",
            "v0.0.0-20200101000000-abcdef012345",
            "v0.0.0",
            "1.22.0-0",
            "go1.22beta1",
            "1.22.0-rc.1",
            "go1.22rc2",
            "1.22",
            "1.22.1",
            "v1.22.10-alpha",
            "v1.22.10-alpha.1",
            "v1.22.10",
            "v2.0.0+incompatible",
        ];
        // `0` is the first release 0.0.0, and pseudo-versions come before it; OSV's own invalid version `0` but the beginning.
        for pair in ascending[1..].windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
        }
        assert_eq!(version("go1.22rc1"), version("1.22.0-rc.1"));
        assert_eq!(version("v2.0.0+incompatible"), version("2.0.0"));
        assert_eq!(version("go1.26.8 X:loopvar").to_string(), "1.26.8");
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for wrong in ["", "v", "main", "1.2.3.4", "1..2", "v1.2.3-", "v1.2.3-a..b", "1.x", "(devel)"] {
            assert!(wrong.parse::<GoVersion>().is_err(), "{wrong}");
        }
    }
}
