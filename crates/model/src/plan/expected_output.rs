//! What the plan expects a container of an image to write.

/// The standard output that a run of an image has to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpectedOutput {
    /// Exactly this text.
    Whole(String),
    /// Any text in which each of these is found: programs print what changes with every source, such as
    /// the commit that they are of. At least one, none of them empty.
    Containing(Vec<String>),
}
