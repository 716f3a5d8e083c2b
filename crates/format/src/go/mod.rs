//! Go's module files.

pub mod go_local;
pub mod go_mod;
pub mod go_syntax;
