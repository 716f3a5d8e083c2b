//! Tier 0: pure values. Nothing here knows a clock, a file system, a network, a runtime or the environment.

pub mod action;
pub mod bom;
pub mod compare;
pub mod composition;
pub mod derive;
pub mod digest;
pub mod event;
pub mod finding;
pub mod fingerprint;
pub mod hex;
pub mod image;
pub mod image_changes;
pub mod image_definition;
pub mod image_lock;
pub mod layer;
pub mod manifest;
pub mod name;
pub mod plan;
pub mod pulled_image;
pub mod purl;
pub mod reference;
pub mod shake;
pub mod tree;
pub mod user_config;
pub mod world;
