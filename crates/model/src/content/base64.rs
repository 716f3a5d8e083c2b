//! Base64 (RFC 4648): its standard alphabet, padded, which is the one form of its bytes; and any form, where others write it.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

/// Padded or not.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const ANY_STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const ANY_URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Writes bytes as text.
#[must_use]
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// Reads a text; `None` for one that is not the only form of its bytes.
#[must_use]
pub fn decode(text: impl AsRef<[u8]>) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Reads a text in the standard or the URL-safe alphabet, padded or not.
#[must_use]
pub fn decode_any(text: impl AsRef<[u8]>) -> Option<Vec<u8>> {
    ANY_STANDARD.decode(&text).or_else(|_| ANY_URL_SAFE.decode(&text)).ok()
}
