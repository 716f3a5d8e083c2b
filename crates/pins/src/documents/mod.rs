//! Tier 1: what documents say, held against what the plan and the evidence say. Pure functions over Markdown text.

pub mod align;
pub mod inert;
pub mod passage;
pub mod sections;
pub mod shell_line;
pub mod shown_images;
pub mod written;

/// Finds the line of a byte of a text.
struct Lines(Vec<usize>);

impl Lines {
    fn new(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    /// Returns the line, from 1.
    fn of(&self, offset: usize) -> usize {
        self.0.partition_point(|end| *end < offset) + 1
    }
}
