//! Content digests: SHA-256, with the size beside it where REAPI wants it.
//!
//! Hash rule: the SHA-256 of the blob's bytes and nothing else; no prefix, no length, no name. [`Digest`] is REAPI's
//! `Digest` message (`hash` in lower-case hex, `size_bytes`); [`Sha256`] alone is what OCI writes as `sha256:HEX`.

#![warn(clippy::expect_used)]

use std::fmt;
use std::str::FromStr;

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use sha2::{Digest as _, Sha256 as Sha256Hasher};

use super::hex;

/// The error for a text that is not a valid digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// The hash is not 64 lower-case hex digits.
    #[error("invalid SHA-256 digest `{found}`: expected 64 lower-case hex digits")]
    Hash {
        /// The text that was found.
        found: String,
    },
    /// The size is missing or no number.
    #[error("invalid digest `{found}`: expected HEX/SIZE with the size in bytes")]
    Size {
        /// The text that was found.
        found: String,
    },
}

/// A SHA-256 hash of 32 bytes; shown as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// Hashes bytes that are already in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256Hasher::digest(bytes).into())
    }

    /// Takes a finished hash.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Parses `sha256:HEX`, the form that OCI uses.
    ///
    /// # Errors
    /// [`DigestError::Hash`] when the prefix is missing or the rest is not 64 lower-case hex digits.
    pub fn from_oci(text: &str) -> Result<Self, DigestError> {
        text.strip_prefix("sha256:").ok_or_else(|| DigestError::Hash { found: text.to_owned() })?.parse()
    }

    /// Writes `sha256:HEX`, the form that OCI uses.
    #[must_use]
    pub fn to_oci(self) -> String {
        format!("sha256:{self}")
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Sha256 {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let wrong = || DigestError::Hash { found: text.to_owned() };
        hex::decode(text).map(Self).ok_or_else(wrong)
    }
}

/// A blob's SHA-256 and its size in bytes, as in REAPI; shown as `HEX/SIZE`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    /// The blob's SHA-256.
    pub hash: Sha256,
    /// The blob's length in bytes.
    pub size: u64,
}

impl Digest {
    /// Computes the digest of bytes that are already in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self { hash: Sha256::of(bytes), size: bytes.len() as u64 }
    }

    /// Makes the REAPI message.
    #[must_use]
    pub fn to_reapi(self) -> reapi::Digest {
        reapi::Digest { hash: self.hash.to_string(), size_bytes: self.size.cast_signed() }
    }

    /// Reads the REAPI message.
    ///
    /// # Errors
    /// [`DigestError`] when the hash is not SHA-256 or the size is negative.
    pub fn from_reapi(message: &reapi::Digest) -> Result<Self, DigestError> {
        Ok(Self {
            hash: message.hash.parse()?,
            size: u64::try_from(message.size_bytes)
                .map_err(|_| DigestError::Size { found: message.size_bytes.to_string() })?,
        })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.hash, self.size)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let wrong = || DigestError::Size { found: text.to_owned() };
        let (hash, size) = text.split_once('/').ok_or_else(wrong)?;
        let canonical = size.bytes().all(|b| b.is_ascii_digit()) && (size == "0" || !size.starts_with('0'));
        if !canonical {
            return Err(wrong());
        }
        Ok(Self { hash: hash.parse()?, size: size.parse().map_err(|_| wrong())? })
    }
}

/// Computes a [`Digest`] over bytes that arrive in pieces.
#[derive(Default, Clone)]
pub struct DigestHasher {
    hasher: Sha256Hasher,
    size: u64,
}

impl DigestHasher {
    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
    }

    /// Ends the stream.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest { hash: Sha256(self.hasher.finalize().into()), size: self.size }
    }
}

/// Serialises a value through its `Display` and `FromStr`, for digests and other parsed-once values.
macro_rules! serde_as_text {
    ($kind:ty) => {
        impl serde::Serialize for $kind {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $kind {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use serde_as_text;

serde_as_text!(Sha256);
serde_as_text!(Digest);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_blob_has_the_known_hash() {
        assert_eq!(Digest::of(b"").to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855/0");
    }

    #[test]
    fn text_forms_round_trip_and_reject_look_alikes() {
        let digest = Digest::of(b"beacon");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!(Sha256::from_oci(&digest.hash.to_oci()), Ok(digest.hash));
        for wrong in ["", "sha256:", "abc", &digest.hash.to_string().to_uppercase(), "zz"] {
            assert!(wrong.parse::<Sha256>().is_err(), "{wrong}");
        }
        for wrong in [format!("{}", digest.hash), format!("{}/06", digest.hash), format!("{}/-1", digest.hash)] {
            assert!(wrong.parse::<Digest>().is_err(), "{wrong}");
        }
        assert!(Sha256::from_oci("sha256:invalid").is_err());
    }

    #[test]
    fn streaming_equals_whole() {
        let mut hasher = DigestHasher::default();
        hasher.update(b"bea");
        hasher.update(b"con");
        assert_eq!(hasher.finish(), Digest::of(b"beacon"));
    }
}
