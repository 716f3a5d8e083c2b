//! vitest's verbose reporter where stdout is not a terminal: times, and the order in which tests ended.
//!
//! Shapes from vitest 3.2's own source (class `VerboseReporter`) and recorded runs. There each test has a line of its own
//! with its whole name, printed when it ends, so files interleave, and so do concurrent tests of one file. Head and tail
//! are those of [`super::vitest`]. A test that was skipped before it ran has no duration, and nothing on its line tells
//! a duration from the end of its name; so a skipped test's line is touched only where it gives a reason.

use super::vitest::{FAILED_TEST, PASSED, SKIPPED, console_name, cut, milliseconds_at_end, push_tail_line};
use crate::normalizer::Normalizer;
use crate::syntax::token::ELAPSED;

/// The normalizer `vitest-verbose`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "vitest-verbose", version: 1, rules: RULES, apply };

const RULES: &str = r#"The stream is cut into head, blocks and tail. The tail begins at the first line that begins with " Test Files  ",
"  Snapshots  " or seven U+23AF, together with one empty line before it; without such a line it is the last line if
that lacks its line feed, else nothing. The blocks are what stands before the tail from the first block-line on; each
block-line begins a block.
Blocks are sorted by NAME (bytes, stable). Nothing else is moved, and the head stays as it is.
block-line   = test-line | console-line
test-line    = ran-line | skipped-line
ran-line     = SPACE ( U+2713 | U+00D7 ) SPACE NAME SPACE MS
skipped-line = SPACE U+2193 SPACE NAME [ SPACE MS note | note ]
note         = " [" TEXT "]"
console-line = ( "stdout | " | "stderr | " ) NAME
NAME of a test-line has " > " in it; a note's TEXT has no " [" in it.
In a test-line MS becomes "<elapsed>". The lines below it stay.
In the tail two lines change: start-line has its time made "<time>", duration-line each SPAN made "<elapsed>".
start-line    = "   Start at  " 2 DIGIT ":" 2 DIGIT ":" 2 DIGIT
duration-line = "   Duration  " SPAN [ " (" WORD SPACE SPAN { ", " WORD SPACE SPAN } ")" ]
MS     = DIGITS "ms"
SPAN   = MS | DIGITS "." 2 DIGIT "s"
"#;

fn apply(stream: &[u8]) -> Vec<u8> {
    let (head, body, tail) = cut(stream, |line| Header::read(line).is_some());
    let mut blocks: Vec<(&[u8], Vec<u8>)> = Vec::new();
    for line in body {
        if let Some(header) = Header::read(line) {
            blocks.push((header.name, header.canonical(line)));
        } else if let Some((_, block)) = blocks.last_mut() {
            block.extend_from_slice(line);
        }
    }
    blocks.sort_by_key(|(name, _)| *name);

    let mut out = Vec::with_capacity(stream.len());
    head.iter().for_each(|line| out.extend_from_slice(line));
    blocks.iter().for_each(|(_, block)| out.extend_from_slice(block));
    tail.iter().for_each(|line| push_tail_line(line, &mut out));
    out
}

/// A line that begins a block.
struct Header<'a> {
    name: &'a [u8],
    /// The text before and after the line's duration, where it has one.
    around_elapsed: Option<(&'a [u8], &'a [u8])>,
}

impl<'a> Header<'a> {
    fn read(line: &'a [u8]) -> Option<Self> {
        let text = line.strip_suffix(b"\n")?;
        if let Some(name) = console_name(text) {
            return Some(Self { name, around_elapsed: None });
        }
        let title = text.strip_prefix(b" ")?;
        let header = if let Some(name) = title.strip_prefix(SKIPPED) {
            Self::skipped(text, name.strip_prefix(b" ")?)
        } else {
            let name = title.strip_prefix(PASSED).or_else(|| title.strip_prefix(FAILED_TEST))?.strip_prefix(b" ")?;
            Self::timed(text, name, b"")?
        };
        header.name.windows(3).any(|window| window == b" > ").then_some(header)
    }

    /// Reads `NAME SPACE MS`, which `after` follows to the end of `text`.
    fn timed(text: &'a [u8], name: &'a [u8], after: &'a [u8]) -> Option<Self> {
        let spaced = milliseconds_at_end(name)?;
        let before = &text[..text.len() - after.len() - (name.len() - spaced.len())];
        Some(Self { name: spaced.strip_suffix(b" ")?, around_elapsed: Some((before, after)) })
    }

    fn skipped(text: &'a [u8], name: &'a [u8]) -> Self {
        let note = name.windows(2).rposition(|window| window == b" [").filter(|_| name.ends_with(b"]"));
        let timed = note.and_then(|at| Self::timed(text, &name[..at], &name[at..]));
        timed.unwrap_or(Self { name, around_elapsed: None })
    }

    fn canonical(&self, line: &[u8]) -> Vec<u8> {
        self.around_elapsed.map_or_else(|| line.to_vec(), |(before, after)| [before, ELAPSED, after, b"\n"].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(raw: &str) -> String {
        String::from_utf8(apply(raw.as_bytes())).expect("text in, text out")
    }

    #[test]
    fn tests_are_sorted_with_their_messages_and_prints() {
        let raw = "\n RUN  v3.2.7 /work\n\n ✓ b.ts > two 12ms\n × a.ts > x 3ms\n   → line\nit took 3ms\n \
                   ✓ b.ts > one 2ms\nstdout | a.ts\nloaded in 3ms\n\n";
        let expected = "\n RUN  v3.2.7 /work\n\nstdout | a.ts\nloaded in 3ms\n\n × a.ts > x <elapsed>\n   → line\n\
                        it took 3ms\n ✓ b.ts > one <elapsed>\n ✓ b.ts > two <elapsed>\n";
        assert_eq!(canonical(raw), expected);
    }

    #[test]
    fn a_skipped_test_loses_a_time_only_before_its_reason() {
        let raw = " ↓ a.ts > waits 5ms\n ↓ a.ts > waits 5ms 3ms [for [a reason]]\n ↓ b.ts > x 0ms [slow]\n";
        let expected = " ↓ a.ts > waits 5ms\n ↓ a.ts > waits 5ms 3ms [for [a reason]]\n ↓ b.ts > x <elapsed> [slow]\n";
        assert_eq!(canonical(raw), expected);
    }

    #[test]
    fn what_fits_no_form_stays() {
        for text in [
            " ✓ no file 3ms\n",
            "  ✓ a.ts > x 3ms\n",
            " ✓ a.ts > x\n",
            " ✓ a.ts > x 3 ms\n",
            " ✓ a.ts > x3ms\n",
            " ✓ a.ts > x 3ms 12 MB heap used\n",
            " ✓ a.ts > x 3ms",
            "   Start at  12:00:00\n",
        ] {
            assert_eq!(canonical(text), text);
        }
        assert_eq!(apply(b" \xe2\x9c\x93 a > \xff 3ms\n\xfe"), b" \xe2\x9c\x93 a > \xff <elapsed>\n\xfe");
    }

    #[test]
    fn the_tail_is_that_of_the_default_reporter() {
        let raw =
            " ✓ a.ts > x 3ms\n\n Test Files  1 passed (1)\n   Start at  17:45:11\n   Duration  2.89s (tests 1.60s)\n";
        let expected = " ✓ a.ts > x <elapsed>\n\n Test Files  1 passed (1)\n   Start at  <time>\n   \
                        Duration  <elapsed> (tests <elapsed>)\n";
        assert_eq!(canonical(raw), expected);
    }
}
