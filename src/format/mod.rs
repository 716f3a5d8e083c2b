//! Tier 1: bytes ↔ model.

pub mod image_toml;
pub mod lock_toml;
pub mod oci_json;
pub mod plan_toml;
pub mod quantity;
pub mod toml_place;
