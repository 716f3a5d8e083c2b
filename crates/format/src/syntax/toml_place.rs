//! The place of a mistake in a TOML text.

use std::ops::Range;

/// What is wrong in a TOML file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct TomlError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What was expected and what was found.
    pub message: String,
}

impl TomlError {
    /// Puts a message at a place of the text.
    #[must_use]
    pub fn at(text: &str, span: Range<usize>, message: impl ToString) -> Self {
        let (line, column) = line_and_column(text, span.start);
        Self { line, column, message: message.to_string() }
    }
}

/// Returns the line and the column in characters, both from 1, of a byte of the text.
pub(crate) fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let last = before.rsplit('\n').next().unwrap_or("");
    (before.matches('\n').count() + 1, last.chars().count() + 1)
}

/// Parses TOML into a wire type.
///
/// # Errors
/// [`TomlError`] for bad TOML, an unknown key, a missing key or a value out of its grammar.
pub fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, TomlError> {
    toml::from_str(text).map_err(|error| TomlError::at(text, error.span().unwrap_or(0..0), error.message()))
}
