//! Tier 1: bytes ↔ model.

pub mod plan_toml;
pub mod quantity;
