//! Go's comments and literals.

use super::part::{Lexer, Part, Region, closed, quoted};

/// Finds comments, strings and runes.
pub(super) struct GoLexer<'a> {
    bytes: &'a [u8],
    at: usize,
    is_broken: bool,
}

impl<'a> GoLexer<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, is_broken: false }
    }
}

impl Lexer for GoLexer<'_> {
    fn is_whole(&self) -> bool {
        !self.is_broken
    }
}

impl Iterator for GoLexer<'_> {
    type Item = Region;

    fn next(&mut self) -> Option<Region> {
        while !self.is_broken {
            let opens = |byte: &u8| matches!(byte, b'/' | b'"' | b'`' | b'\'');
            let start = self.at + self.bytes.get(self.at..)?.iter().position(opens)?;
            let (part, end) = match self.bytes[start..] {
                [b'/', b'/', ..] => {
                    let line = self.bytes[start..].iter().position(|byte| *byte == b'\n');
                    (Part::Comment, Some(line.map_or(self.bytes.len(), |length| start + length)))
                }
                [b'/', b'*', ..] => (Part::Comment, closed(self.bytes, start + 2, b"*/")),
                [b'/', ..] => (Part::Code, Some(start + 1)),
                [b'`', ..] => (Part::Text, closed(self.bytes, start + 1, b"`")),
                _ => (Part::Text, quoted(self.bytes, start)),
            };
            self.is_broken = end.is_none();
            self.at = end?;
            if part != Part::Code {
                return Some(Region { start, end: self.at, part });
            }
        }
        None
    }
}
