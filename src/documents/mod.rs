//! Tier 1: what documents say, held against what the plan and the evidence say. Pure functions over Markdown text.

pub mod align;
pub mod passage;
pub mod sections;
pub mod shell_line;

/// Tells the line, from 1, in which a byte of a text stands.
fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count() + 1
}
