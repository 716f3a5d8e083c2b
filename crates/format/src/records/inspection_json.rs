//! What was read in a release image's files ↔ its one byte form: RFC 8785 JSON, no white space, no line end.

use crate::syntax::canonical_json;
use rcrepro_model::evidence::inspection::ImageInspection;

/// The largest inspection that is read: 16 MiB.
pub const INSPECTION_LIMIT: usize = 16 << 20;

/// Writes the canonical bytes.
#[must_use]
#[expect(clippy::expect_used, reason = "what is written was made here")]
pub fn encode(inspection: &ImageInspection) -> Vec<u8> {
    canonical_json::to_vec(inspection).expect("an inspection holds only strings and maps")
}

/// Reads an inspection; an error in words for bytes of another shape or form.
///
/// # Errors
/// What is wrong with the bytes.
pub fn decode(bytes: &[u8]) -> Result<ImageInspection, String> {
    if bytes.len() > INSPECTION_LIMIT {
        return Err(format!("{} bytes: at most {INSPECTION_LIMIT} are read", bytes.len()));
    }
    let inspection: ImageInspection = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    match encode(&inspection) == bytes {
        true => Ok(inspection),
        false => Err("not in RFC 8785 canonical form".to_owned()),
    }
}
