//! Tier 0: pure values. Nothing here knows a clock, a file system, a network, a runtime or the environment.

pub mod action;
pub mod digest;
pub mod image;
pub mod name;
pub mod plan;
pub mod tree;
