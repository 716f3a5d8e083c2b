//! What the plan expects a container of an image to write.

/// The standard output that a run of an image has to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpectedOutput {
    /// Exactly this text.
    Whole(String),
    /// Any text in which each of these is found: some of what a program says of itself, such as the commit that it is of, changes with every
    /// source. At least one, none of them empty.
    Containing(Vec<String>),
}
