//! Tier 1: bytes ↔ model.

pub mod frozen_toml;
pub mod manifest_json;
pub mod plan_toml;
pub mod quantity;
