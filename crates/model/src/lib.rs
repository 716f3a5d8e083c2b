//! Tier 0: pure values. Nothing here knows a clock, a file system, a network, a runtime or the environment.
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

pub mod advisory;
pub mod attestation;
pub mod content;
pub mod decision;
pub mod evidence;
pub mod execution;
pub mod image;
pub mod plan;
pub mod shake;
pub mod standing;
pub mod text;
pub mod why;
