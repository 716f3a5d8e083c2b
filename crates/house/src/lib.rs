//! Measures the sources of rcrepro and compares each figure with what `house.toml` allows.
//!
//! Every check is a pure function over the sources ([`sources::Sources`]) that returns one [`check::Check`] or several.
//! `tests/repository.rs` runs them over the repository; `cargo run -p rcrepro-house` prints them as a table.

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

use check::Check;
use error::HouseError;
use settings::Settings;
use sources::Sources;

/// Runs every check over `sources`.
///
/// # Errors
/// A circle or a text that could not be decided.
pub fn checks(sources: &Sources, settings: &Settings) -> Result<Vec<Check>, HouseError> {
    let mut checks = vec![measures::rooms::check(sources, settings)];
    checks.extend(measures::lengths::checks(sources, settings));
    checks.push(measures::functions::check(sources, settings));
    checks.push(circles::check(sources, settings));
    checks.push(measures::type_names::check(sources, settings));
    checks.push(measures::vendors::check(sources, settings));
    checks.push(measures::vendor_words::check(sources, settings));
    checks.extend(prose::checks(sources, settings)?);
    checks.extend(prose::echoes::checks(sources, settings));
    Ok(checks)
}

/// Reads the repository at `root` and runs every check over it.
///
/// # Errors
/// A file that could not be read or parsed.
pub fn measure(root: &Path) -> Result<Vec<Check>, HouseError> {
    checks(&Sources::read(root)?, &Settings::committed()?)
}
