//! Readers of known kinds of files.

pub mod compose;
pub mod contexts;
pub mod devcontainer;
pub mod env_file;
pub mod go_mod;
pub mod package_json;
pub mod shell;
#[cfg(test)]
mod shell_tests;
pub mod version_file;
pub mod workflow;
pub mod yaml_file;
