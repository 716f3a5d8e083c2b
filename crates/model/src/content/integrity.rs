//! SHA-512 checksums as npm writes them, by the rules of W3C's Subresource Integrity: `sha512-BASE64`.

use super::base64;

const PREFIX: &str = "sha512-";

/// Writes a SHA-512 hash.
#[must_use]
pub fn encode(sha512: impl AsRef<[u8]>) -> String {
    format!("{PREFIX}{}", base64::encode(sha512))
}

/// Reads the hash; `None` for another algorithm, and for anything that does not have 64 bytes.
#[must_use]
pub fn decode(text: &str) -> Option<[u8; 64]> {
    base64::decode(text.strip_prefix(PREFIX)?)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_sha512_hashes_are_read() {
        assert_eq!(decode(&encode([7; 64])), Some([7; 64]));
        for wrong in ["", "sha512-", "sha512-AAAA", "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=", &encode([7; 63])] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }
}
