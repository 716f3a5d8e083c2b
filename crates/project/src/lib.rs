//! Tier 1: what a project is made of, read from its tracked files, and the plan that fits it.
//!
//! Pure: files come in through [`TrackedFiles`]. One file per kind of source ([`go`], [`npm`], [`ci`], [`others`]), joined in
//! [`survey`]; [`draft`] makes a plan and image definitions of what was found, with the place of each guess beside it, and a
//! `TODO` for what the files do not tell.
//!
//! The compiler refuses what lies above or beside, because `Cargo.toml` does not name it:
//!
//! ```no_run
//! use rcrepro_pins as _;
//! ```
//!
//! ```compile_fail,E0432
//! use rcrepro_store as _;
//! ```

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests open what they made themselves")
)]

pub mod ci;
pub mod draft;
pub mod git_calls;
pub mod go;
mod makefile;
pub mod npm;
pub mod others;
pub mod seen;
pub mod survey;
pub mod versions;

#[cfg(test)]
mod tests;

/// The tracked files of a project, by their paths from its folder.
pub trait TrackedFiles {
    /// Lists all paths, sorted.
    fn paths(&self) -> &[String];

    /// Gives the text of a file; none for what is not text, too large, or a link.
    fn text(&self, path: &str) -> Option<String>;
}

/// Gives the folder of a path; empty for a file at the top.
#[must_use]
pub fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Gives the last part of a path.
#[must_use]
pub fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether a path lies in a folder, at any depth; everything lies in the empty one.
#[must_use]
pub fn lies_in(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Whether a path lies in a folder of examples or of tests that want a whole deployment, which are not part of a release.
#[must_use]
pub fn is_example(path: &str) -> bool {
    let names = ["e2e", "e2e-tests", "example", "examples", "fixtures", "test-fixtures", "__fixtures__"];
    folder_of(path).split('/').any(|part| names.contains(&part))
}

/// Joins a folder and a path below it.
#[must_use]
pub fn joined(folder: &str, path: &str) -> String {
    if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") }
}
