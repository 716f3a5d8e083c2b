//! The ids of packets.

use std::fmt;
use std::str::FromStr;

use crate::content::digest::serde_as_text;

/// The error for a text that is not a valid packet id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid packet id `{found}`: expected capital letters, `-` and two or more digits, such as RC-05")]
pub struct PacketIdError {
    /// The text that was found.
    pub found: String,
}

/// A packet's id, such as `RC-05`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketId(String);

impl fmt::Display for PacketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PacketId {
    type Err = PacketIdError;

    fn from_str(text: &str) -> Result<Self, PacketIdError> {
        let good = text.split_once('-').is_some_and(|(letters, digits)| {
            !letters.is_empty()
                && letters.bytes().all(|b| b.is_ascii_uppercase())
                && digits.len() >= 2
                && digits.bytes().all(|b| b.is_ascii_digit())
        });
        if good { Ok(Self(text.to_owned())) } else { Err(PacketIdError { found: text.to_owned() }) }
    }
}

serde_as_text!(PacketId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packet_ids_have_one_form() {
        assert_eq!("RC-05".parse::<PacketId>().map(|id| id.to_string()), Ok("RC-05".into()));
        for wrong in ["", "RC", "rc-05", "RC-5", "RC-05x", "-05", "RC-"] {
            assert!(wrong.parse::<PacketId>().is_err(), "{wrong}");
        }
    }
}
