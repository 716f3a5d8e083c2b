//! Tier 3: one use case a file.

pub mod actions;
pub mod evidence;
pub mod execute;
pub mod frozen;
pub mod host_network;
pub mod verify;
