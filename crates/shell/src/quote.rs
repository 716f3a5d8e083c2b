//! Words for a shell to read.

/// Writes a text as one word in single quotes, of which a shell changes and expands nothing. A word that begins with `-` still
/// looks like an option to the program that gets it.
#[must_use]
pub fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
