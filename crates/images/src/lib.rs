//! What images are made of: layouts (`oci`), registries, and the packages of distributions and languages.
//!
//! The compiler refuses what lies above or beside, because `Cargo.toml` does not name it:
//!
//! ```no_run
//! use rcrepro_store as _;
//! ```
//!
//! ```compile_fail,E0432
//! use rcrepro_app as _;
//! ```

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "it opens what it has just fetched or made")]

pub mod oci;
pub mod packages;
pub mod registry;
