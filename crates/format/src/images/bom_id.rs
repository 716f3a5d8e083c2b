//! Names of a bill of materials that need neither a clock nor randomness.

use rcrepro_model::content::digest::Sha256;
use rcrepro_model::image::bom::Bom;

/// The tool's name and version, as both formats state it.
pub const TOOL: (&str, &str) = ("rcrepro", env!("CARGO_PKG_VERSION"));

/// Makes the UUID of an image's document in one format, as text.
///
/// Hash rule: SHA-256 over `rcrepro-bom LF FORMAT LF TOOL-VERSION LF sha256:MANIFEST`; its first 16 bytes with the version
/// set to 8 and the variant of RFC 9562 (§5.8: a UUID by a rule of one's own). The tool's version counts because another one
/// may write other bytes, and one name must not identify two documents.
#[must_use]
pub fn uuid(bom: &Bom, format: &str) -> String {
    uuid_of(&bom.image.manifest_digest.hash.to_oci(), format)
}

/// The same by the digest that identifies an image.
#[must_use]
pub fn uuid_of(manifest: &str, format: &str) -> String {
    let hash = Sha256::of(format!("rcrepro-bom\n{format}\n{}\n{manifest}", TOOL.1).as_bytes()).to_string();
    // The variant's two bits are 10: one of 8, 9, a, b as the digit.
    let variant = ["8", "9", "a", "b"][usize::from(hash.as_bytes()[16]) % 4];
    format!("{}-{}-8{}-{variant}{}-{}", &hash[..8], &hash[8..12], &hash[13..16], &hash[17..20], &hash[20..32])
}
