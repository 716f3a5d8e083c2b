//! Tier 1: bytes ↔ model. Pure: nothing here reads a file, a clock or the environment.
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

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests open what they made themselves")
)]
#![warn(clippy::expect_used)]

pub mod advisories;
pub mod attestations;
pub mod go;
pub mod images;
pub mod plan;
pub mod records;
pub mod syntax;
