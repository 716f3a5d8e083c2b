//! Where a text is in a file whose parser gives no places.

use std::cell::Cell;

/// How many bytes are searched through for one file, so that a file with as many entries as bytes takes no longer.
const BUDGET: usize = 64 << 20;

/// A text in which lines are looked up.
pub(super) struct Places<'a> {
    pub text: &'a str,
    left: Cell<usize>,
}

impl<'a> Places<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, left: Cell::new(BUDGET) }
    }

    /// Returns the first line that holds a text, from 1; 0 where none does, or too much was searched already.
    pub(super) fn line_of(&self, what: &str) -> u32 {
        let left = self.left.get();
        if what.is_empty() || left < self.text.len() {
            return 0;
        }
        self.left.set(left - self.text.len());
        self.text.find(what).map_or(0, |at| line_at(self.text, at))
    }
}

/// Returns the line of a byte, from 1.
pub(super) fn line_at(text: &str, at: usize) -> u32 {
    let ends = text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count();
    u32::try_from(ends).unwrap_or(u32::MAX).saturating_add(1)
}
