//! The place of a mistake in a TOML text.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

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

/// Returns the line, from 1, of a key below tables of a TOML text, or of the last table on the way that is there.
#[must_use]
pub fn line_of(text: &str, keys: &[&str]) -> Option<usize> {
    let document = DeTable::parse(text).ok()?;
    let (mut table, mut at) = (document.get_ref(), None);
    for key in keys {
        let Some((found, value)) = table.iter().find(|(name, _)| name.get_ref() == key) else { break };
        at = Some(found.span().start);
        let DeValue::Table(below) = value.get_ref() else { break };
        table = below;
    }
    at.map(|at| line_and_column(text, at).0)
}

/// Parses TOML into a wire type.
///
/// # Errors
/// [`TomlError`] for bad TOML, an unknown key, a missing key or a value out of its grammar.
pub fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, TomlError> {
    toml::from_str(text).map_err(|error| TomlError::at(text, error.span().unwrap_or(0..0), error.message()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_below_its_tables() {
        let text = "[a]\nb = 1\n[a.c]\nd = { \"e:1\" = 2 }\n\n[a.c.f]\n";
        for (keys, line) in [
            (&["a", "b"][..], Some(2)),
            (&["a", "c", "d", "e:1"], Some(4)),
            (&["a", "c", "none", "x"], Some(3)),
            (&["a", "c", "f", "x"], Some(6)),
            (&["x"], None),
        ] {
            assert_eq!(line_of(text, keys), line, "{keys:?}");
        }
        assert_eq!(line_of("a = [", &["a"]), None);
    }
}
