//! Tier 1: every reference to a toolchain version and to a container image in a tracked tree, and how each stands to the
//! plan's pins. Pure: files come in as paths and bytes.
//!
//! One file a kind of source, each a function from text to [`Mention`](reference::Mention)s; [`sweep`] goes over any text
//! for what they did not find; [`survey`] joins them; [`judge`] compares with the pins and makes findings. See
//! `docs/guide/pins.md` for what is read and what is not.

pub mod arguments;
pub mod class;
pub mod compose;
pub mod devcontainer;
pub mod dockerfile;
pub mod dockerfile_buildkit;
pub mod dockerfile_lines;
pub mod dockerfile_sources;
pub mod dockerignore;
pub mod expand;
pub mod go_mod;
pub mod image;
pub mod json;
pub mod judge;
pub mod keys;
pub mod node;
pub mod old;
pub mod package_json;
pub mod patterns;
pub mod reference;
pub mod shell;
pub mod survey;
pub mod sweep;
pub mod version_file;
pub mod wanted;
pub mod workflow;
pub mod yaml;
pub mod yaml_file;
