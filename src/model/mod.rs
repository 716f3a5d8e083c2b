//! Tier 0: pure values. Nothing here knows a clock, a file system, a network, a runtime or the environment.

pub mod action;
pub mod compare;
pub mod derive;
pub mod digest;
pub mod event;
pub mod finding;
pub mod image;
pub mod manifest;
pub mod name;
pub mod plan;
pub mod tree;
