//! What people and machines read. Progress goes to standard error, data to standard output.
//!
//! The compiler refuses what lies above or beside, because `Cargo.toml` does not name it:
//!
//! ```no_run
//! use rcrepro_model as _;
//! ```
//!
//! ```compile_fail,E0432
//! use rcrepro_app as _;
//! ```

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests open what they made themselves")
)]

/// Formats a row of a report: a word at the end of ten columns, and what it is about, as `format!` takes it.
#[macro_export]
macro_rules! row {
    ($word:expr, $($rest:tt)+) => {
        format!("{:>10}  {}", $word, format_args!($($rest)+))
    };
}

pub mod board;
pub mod difference;
pub mod documents;
pub mod findings;
pub mod image_changes;
pub mod image_delta;
pub mod json;
pub mod mutants;
pub mod network;
pub mod pins;
pub mod pins_sarif;
pub mod progress;
pub mod release;
pub mod release_checks;
pub mod run;
pub mod scope;
pub mod sections;
pub mod shake;
pub mod source;
pub mod suppressions;
pub mod text;
pub mod today;
pub mod validation;
pub mod why;
