//! A word that may suppress something.

use super::language::Language;
use super::part::Part;

/// A word that was found, with what is around it on its line.
pub(super) struct Word<'a> {
    /// The path of the file.
    pub path: &'a str,
    pub language: Language,
    /// The line's number, from 1.
    pub line: u32,
    /// Code, comment or text.
    pub part: Part,
    /// Whether it comes first in its comment.
    pub is_first: bool,
    /// What is before the word on its line.
    pub before: &'a str,
    pub word: &'a str,
    /// What is behind the word on its line, of a comment only the comment.
    pub after: &'a str,
    /// The function that began last, of Go.
    pub function: &'a str,
}
