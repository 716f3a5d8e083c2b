//! Archives: what strangers packed, read within bounds, and what we pack, always the same bytes for the same content.
//!
//! The compiler refuses what lies above or beside, because `Cargo.toml` does not name it:
//!
//! ```no_run
//! use zip as _;
//! ```
//!
//! ```compile_fail,E0432
//! use rcrepro_store as _;
//! ```

#![warn(clippy::expect_used)]

pub mod zip;
