//! Tier 1: bytes to and from the model, one format a file.

pub mod canonical_json;
