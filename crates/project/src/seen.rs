//! Something that was read, with its place.

use std::fmt;

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The path from the project's folder.
    pub file: String,
    /// The line, from 1; 0 for the file as a whole.
    pub line: usize,
}

impl Place {
    /// Names a line.
    #[must_use]
    pub fn new(file: &str, line: usize) -> Self {
        Self { file: file.to_owned(), line }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}", self.file),
        }
    }
}

/// A text that was read somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenText {
    /// As the file has it, without quotes.
    pub text: String,
    /// The file and the line that it was read from.
    pub place: Place,
}

impl SeenText {
    /// Joins a text and its place.
    #[must_use]
    pub fn new(text: impl Into<String>, file: &str, line: usize) -> Self {
        Self { text: text.into(), place: Place::new(file, line) }
    }
}
