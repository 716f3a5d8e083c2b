//! Tier 1: what a project tells its checks not to report.
//!
//! A finding can be silenced in many places: an ignore file, a comment, a list in a configuration, a flag on the line, a test that
//! skips itself, an entry of the plan. Readers for each of them, all pure functions of text, make the entries of one ledger, so
//! that a release can be compared with the one before it. What a tool does with an entry only the tool knows: an entry says
//! *silences nothing* only where what it names is gone.
//!
//! The compiler refuses what lies above or beside, because `Cargo.toml` does not name it:
//!
//! ```no_run
//! use rcrepro_model as _;
//! ```
//!
//! ```compile_fail,E0432
//! use rcrepro_store as _;
//! ```

mod evidence;
mod found;
pub mod kinds;
mod line;
mod plan;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
pub mod tree;
mod use_of_tools;
mod words;

pub use evidence::of_command as of_streams;
pub use line::of_command as of_line;
pub use plan::{of_command, of_waivers};
pub use use_of_tools::ToolsInUse;
