//! The spec reporter of `node --test`: only elapsed times.
//!
//! Shapes from recorded runs of Node 20. Files are in the order of their names, however they ran. The text of errors and
//! what tests print is between the lines of the tests; it is touched only where a whole line looks like a test's.

use crate::normalizer::Normalizer;
use crate::syntax::token::{ELAPSED, digits_at_end, map_lines, number_at_end};

/// The normalizer `node-spec`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "node-spec", version: 1, rules: RULES, apply };

const RULES: &str = r#"Lines are looked at in their order. Where a whole line fits one of these forms, NUMBER (in a test-line with its unit)
becomes "<elapsed>" and nothing else changes. A line that fits none stays. Lines are never dropped, added or moved.
test-line     = { SPACE } SYMBOL SPACE TEXT " (" NUMBER "ms)" [ " # " TEXT ]
duration-line = U+2139 " duration_ms " NUMBER
A duration-line stands directly below a todo-line = U+2139 " todo " DIGITS. Where a test-line has several places that fit,
the last one counts, and TEXT after " # " has no " (" in it.
SYMBOL = U+2714 | U+2716 | U+FE63 | U+25B6
NUMBER = DIGITS [ "." DIGITS ]
"#;

const SYMBOLS: [&str; 4] = ["✔ ", "✖ ", "﹣ ", "▶ "];
const DURATION: &[u8] = "ℹ duration_ms ".as_bytes();
const TODO: &[u8] = "ℹ todo ".as_bytes();

fn apply(stream: &[u8]) -> Vec<u8> {
    let mut below_todo = false;
    map_lines(stream, |line, out| {
        let closing = number_at_end(line).filter(|before| below_todo && *before == DURATION);
        below_todo = digits_at_end(line) == Some(TODO);
        let Some((before, after)) = closing.map(|before| (before, &b""[..])).or_else(|| test_line(line)) else {
            return false;
        };
        for piece in [before, ELAPSED, after] {
            out.extend_from_slice(piece);
        }
        true
    })
}

/// Splits a test's line into the parts before and after its time.
fn test_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let title = line.trim_ascii_start();
    let name = SYMBOLS.iter().find_map(|symbol| title.strip_prefix(symbol.as_bytes()))?;
    let indented = line[..line.len() - title.len()].iter().all(|byte| *byte == b' ');
    let open = name.windows(2).rposition(|window| window == b" (").filter(|open| indented && *open > 0)?;
    let inner = &name[open + 2..];
    let close = inner.iter().position(|byte| *byte == b')')?;
    let (time, after) = inner.split_at(close);
    let timed = time == ELAPSED || time.strip_suffix(b"ms").and_then(number_at_end) == Some(b"");
    let fits = timed && (after == b")" || after.starts_with(b") # "));
    fits.then(|| (&line[..line.len() - inner.len()], after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(raw: &str) -> String {
        String::from_utf8(apply(raw.as_bytes())).expect("text in, text out")
    }

    #[test]
    fn times_go_and_the_rest_stays() {
        for (raw, expected) in [
            ("▶ alpha\n", "▶ alpha\n"),
            ("  ✔ adds (0.71ms)\n", "  ✔ adds (<elapsed>)\n"),
            ("✖ a (2ms) b (13ms) # TODO", "✖ a (2ms) b (<elapsed>) # TODO"),
            ("  ﹣ is left (1.5ms) (0.2ms) # SKIP", "  ﹣ is left (1.5ms) (<elapsed>) # SKIP"),
            ("ℹ todo 2\nℹ duration_ms 9.5\nℹ duration_ms 9\n", "ℹ todo 2\nℹ duration_ms <elapsed>\nℹ duration_ms 9\n"),
        ] {
            assert_eq!(canonical(raw), expected);
        }
    }

    #[test]
    fn what_fits_no_form_stays() {
        for line in [
            "✔ adds (0.71s)",
            "✔ adds (soon)",
            "✔ adds (3ms) and more",
            "✔ adds (3ms) (more)",
            "✔ (3ms)",
            "\t✔ adds (3ms)",
            "adds (3ms)",
            "ℹ duration_ms 9.5",
            "ℹ tests 17",
            "✖ failing tests:",
        ] {
            assert_eq!(canonical(line), line);
        }
        assert_eq!(apply(b"\xe2\x9c\x94 \xff (3ms)\n\xff"), b"\xe2\x9c\x94 \xff (<elapsed>)\n\xff");
    }
}
