//! Fingerprints of OpenPGP keys, as people compare them.

use std::fmt;
use std::str::FromStr;

use crate::content::digest::serde_as_text;
use crate::content::hex;

/// The error for a text that is not a valid fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid fingerprint `{found}`: expected the 40 upper-case hex digits of an OpenPGP version 4 primary key")]
pub struct FingerprintError {
    /// The text that was found.
    pub found: String,
}

/// The fingerprint of an OpenPGP version 4 key: the SHA-1 over its public part (RFC 9580, section 5.5.4.2).
///
/// It identifies a committed key file, so a second key of the same fingerprint can only come from the person who
/// made the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 20]);

impl Fingerprint {
    /// Takes the twenty bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        // One spelling only: the text is a file's name too.
        let upper = !text.bytes().any(|byte| byte.is_ascii_lowercase());
        let bytes = if upper { hex::decode(&text.to_ascii_lowercase()) } else { None };
        bytes.map(Self).ok_or_else(|| FingerprintError { found: text.to_owned() })
    }
}

serde_as_text!(Fingerprint);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_and_no_short_names() {
        let text = "0123456789ABCDEF0123456789ABCDEF01234567";
        assert_eq!(text.parse::<Fingerprint>().map(|one| one.to_string()).as_deref(), Ok(text));
        let spaced = "0123 4567 89AB CDEF 0123  4567 89AB CDEF 0123 4567";
        for wrong in ["", &text[..39], &text[24..], &text.to_lowercase(), spaced, "0x0123456789ABCDEF"] {
            assert!(wrong.parse::<Fingerprint>().is_err(), "{wrong}");
        }
    }
}
