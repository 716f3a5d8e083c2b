//! A word that may suppress something.

use super::language::Language;

/// A word that was found, with what is around it on its line.
pub(super) struct Word<'a> {
    /// The path of the file.
    pub path: &'a str,
    pub language: Language,
    /// The line's number, from 1.
    pub line: u32,
    /// What is before the word on its line.
    pub before: &'a str,
    pub word: &'a str,
    /// What is behind the word on its line.
    pub after: &'a str,
    /// The function that began last, of Go.
    pub function: &'a str,
}
