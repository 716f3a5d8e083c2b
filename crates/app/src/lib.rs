//! Tier 3: one use case a file.
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
