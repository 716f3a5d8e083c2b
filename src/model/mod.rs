//! Tier 0: pure values. Nothing here knows a clock, a file system, a network, a runtime or the environment.

pub mod action;
pub mod digest;
pub mod image;
pub mod image_definition;
pub mod image_lock;
pub mod layer;
pub mod name;
pub mod purl;
pub mod tree;
