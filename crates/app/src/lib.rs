//! Tier 3: one use case a file.

pub mod advisories;
pub mod board;
pub mod evidence;
pub mod frozen;
pub mod machine;
pub mod mutants;
pub mod release;
pub mod run;
pub mod toolchain;
pub mod why;
pub mod workspace;
