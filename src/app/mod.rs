//! Tier 3: one use case a file.

pub mod frozen;
pub mod host_network;
