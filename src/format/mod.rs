//! Tier 1: bytes ↔ model. Pure: nothing here reads a file, a clock or the environment.

#![warn(clippy::expect_used)]

pub mod bom_id;
pub mod canonical_json;
pub mod cassette_json;
pub mod config_toml;
pub mod cyclonedx_json;
pub mod frozen_toml;
pub mod gates_json;
pub mod go_local;
pub mod go_mod;
pub mod image_settings;
pub mod image_toml;
pub mod json_place;
pub mod lock_toml;
pub mod manifest_json;
pub mod oci_document;
pub mod oci_json;
pub mod osv_json;
pub mod plan_toml;
pub mod proposal_toml;
pub mod pulled_toml;
pub mod quantity;
pub mod release_json;
pub mod scope_json;
pub mod spdx_json;
pub mod toml_place;
pub mod vulndb_json;
