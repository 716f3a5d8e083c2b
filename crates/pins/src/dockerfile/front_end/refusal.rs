//! What a refusal of the front end tells.

/// A line that the front end refuses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FrontEndRefusal {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, with the object, and with what was expected where that is not plain.
    pub says: String,
    /// What mends it.
    pub hint: String,
}

impl FrontEndRefusal {
    pub(super) fn new(line: usize, says: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { line, says: says.into(), hint: hint.into() }
    }
}
