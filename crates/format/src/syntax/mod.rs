//! The notations below the formats.

pub mod canonical_json;
pub mod instant;
pub mod json_place;
pub mod jsonc;
pub mod lines;
pub mod node;
pub mod quantity;
pub mod strict_json;
pub mod toml_place;
pub mod unambiguous_json;
pub mod xml;
