//! Measures the sources of rcrepro and compares each figure with what `house.toml` allows.
//!
//! Every check is a pure function over the sources ([`sources::Repository`]) that returns one [`check::Figure`] or several.
//! `tests/repository.rs` runs them over the repository; `cargo run -p rcrepro-house` prints them as a table.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "it measures the repository's own files, and prints to its maintainers"
)]

pub mod check;
pub mod circles;
pub mod error;
pub mod measures;
pub mod prose;
pub mod report;
pub mod settings;
pub mod sources;
pub mod syntax;
pub mod workspace;

use std::path::Path;

use check::Figure;
use error::HouseError;
use settings::HouseRules;
use sources::Repository;

/// Runs every check over `sources`.
///
/// # Errors
/// An invalid regular expression in the settings.
pub fn checks(sources: &Repository, settings: &HouseRules) -> Result<Vec<Figure>, HouseError> {
    let mut checks = vec![measures::rooms::check(sources, settings)];
    checks.extend(measures::lengths::checks(sources, settings));
    checks.push(measures::functions::check(sources, settings));
    checks.extend(circles::checks(sources, settings));
    checks.push(measures::type_names::check(sources, settings));
    checks.push(measures::vendors::check(sources, settings));
    checks.push(measures::vendors::tools(sources, settings));
    checks.push(measures::vendor_words::check(sources, settings)?);
    checks.extend(prose::checks(sources, settings)?);
    checks.extend(prose::echoes::checks(sources, settings));
    Ok(checks)
}

/// Reads the repository at `root` and runs every check over it.
///
/// # Errors
/// A file that could not be read or parsed.
pub fn measure(root: &Path) -> Result<Vec<Figure>, HouseError> {
    checks(&Repository::read(root)?, &HouseRules::committed()?)
}
