//! The parts of a program, and what lexers of them share.

/// What a place is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Code,
    Comment,
    /// A string literal, or the text of a template.
    Text,
    /// Nothing says.
    Unknown,
}

/// A stretch of bytes that is one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Region {
    pub start: usize,
    pub end: usize,
    pub part: Part,
}

/// A lexer that hands out the regions of a program in their order; what lies between them is code.
pub(super) trait Lexer: Iterator<Item = Region> {
    /// Whether everything up to here was understood; at the end of the bytes: whether they are a whole program.
    fn is_whole(&self) -> bool;
}

/// Finds the end of a literal on one line that begins with its quote, behind the quote that closes it; none where it is not closed.
pub(super) fn quoted(bytes: &[u8], start: usize) -> Option<usize> {
    let quote = bytes[start];
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            // A line end that is escaped is none.
            b'\\' if bytes[at..].starts_with(b"\\\r\n") => at += 3,
            b'\\' => at += 2,
            b'\n' | b'\r' => return None,
            byte if *byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
    None
}

/// Finds where a text ends that some bytes close, behind them.
pub(super) fn closed(bytes: &[u8], from: usize, by: &[u8]) -> Option<usize> {
    bytes.get(from..)?.windows(by.len()).position(|window| window == by).map(|at| from + at + by.len())
}
