//! Lines and columns of a text.

/// The bytes between two places up to which the characters are counted once.
const BLOCK: usize = 512;

/// Finds lines and columns of byte offsets, each in a time that no length of a line changes.
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
    /// How many characters begin before each block.
    before: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// Indexes a text.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut count = 0;
        let begins = |block: &[u8]| {
            let before = count;
            count += characters(block);
            before
        };
        let before = text.as_bytes().chunks(BLOCK).map(begins).collect();
        Self { text, starts, before }
    }

    /// Returns line and column in characters, both from 1.
    #[must_use]
    pub fn place(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line.saturating_sub(1)];
        (line, self.characters_before(offset) - self.characters_before(start) + 1)
    }

    /// Counts the characters that begin before an offset.
    fn characters_before(&self, offset: usize) -> usize {
        let offset = offset.min(self.text.len());
        let block = (offset / BLOCK).min(self.before.len().saturating_sub(1));
        let counted = self.before.get(block).copied().unwrap_or_default();
        counted + characters(&self.text.as_bytes()[block * BLOCK..offset])
    }

    /// Returns a line, from 1, without its end.
    #[must_use]
    pub fn line(&self, number: usize) -> &'a str {
        let start = self.starts.get(number - 1).copied().unwrap_or(self.text.len());
        let end = self.starts.get(number).map_or(self.text.len(), |next| next - 1);
        self.text.get(start..end).unwrap_or_default().trim_end_matches('\r')
    }
}

fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_long_line_takes_no_longer_than_many() {
        let text = "é{ ".repeat(1 << 18);
        let lines = Lines::new(&text);
        let places = text.char_indices().zip(1..).filter(|((_, c), _)| *c == '{');
        // Counting from the start of the line for each of them would be a hundred thousand million steps.
        for ((offset, _), column) in places {
            assert_eq!(lines.place(offset), (1, column));
        }
    }

    proptest! {
        #[test]
        fn columns_count_characters(text in "[a-cé🦀\n]{0,1200}") {
            let lines = Lines::new(&text);
            let (mut line, mut column) = (1, 1);
            for (offset, character) in text.char_indices() {
                prop_assert_eq!(lines.place(offset), (line, column));
                (line, column) = if character == '\n' { (line + 1, 1) } else { (line, column + 1) };
            }
            prop_assert_eq!(lines.place(text.len()), (line, column));
        }
    }
}
