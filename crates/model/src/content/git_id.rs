//! The name that git gives an object.

use std::fmt;
use std::str::FromStr;

use super::digest::serde_as_text;

/// The error for a text that is not the id of an object of git's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid git object id `{found}`: expected 40 lower-case hexadecimal digits")]
pub struct GitIdError {
    /// The text that was found.
    pub found: String,
}

/// The SHA-1 of a commit, tag, tree or blob, as 40 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GitId(String);

impl GitId {
    /// Returns the digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for GitId {
    type Err = GitIdError;

    fn from_str(text: &str) -> Result<Self, GitIdError> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != 40 || !text.bytes().all(is_digit) {
            return Err(GitIdError { found: text.to_owned() });
        }
        Ok(Self(text.to_owned()))
    }
}

serde_as_text!(GitId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_forty_lower_case_digits_are_an_id() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(id.parse::<GitId>().map(|id| id.to_string()).as_deref(), Ok(id));
        for wrong in ["", "HEAD", &id[1..], &id.to_uppercase(), &format!("{id}0")] {
            assert!(wrong.parse::<GitId>().is_err(), "{wrong}");
        }
    }
}
