//! The use cases of rcrepro, one file for each, in wings: a run, its evidence, the board, images, advisories.
//!
//! The compiler refuses what lies above or beside, because `Cargo.toml` does not name it:
//!
//! ```no_run
//! use rcrepro_engine as _;
//! ```
//!
//! ```compile_fail,E0432
//! use rcrepro_report as _;
//! ```

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests open what they made themselves")
)]

pub mod advisories;
pub mod attest;
pub mod board;
pub mod evidence;
pub mod frozen;
pub mod machine;
pub mod mutants;
pub mod release;
pub mod run;
pub mod suppressions;
pub mod toolchain;
pub mod why;
pub mod workspace;
