//! `vite build`: how long it took, and the hint of Rolldown that plugins took long, which comes and goes with the time.
//!
//! Shapes from vite 8.0 and 8.1 as recorded, and from vite's own source (`displayTime`).

use crate::normalizer::Normalizer;
use crate::syntax::sgr::{after_sequences, sequence};
use crate::syntax::token::{ELAPSED, digits, seconds};

/// The normalizer `vite`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "vite", version: 1, rules: RULES, apply };

const RULES: &str = r#"Where a whole line fits built-line, SPAN becomes "<elapsed>". From each head-line to the next end-line, 64 lines
further at most, all lines are dropped, with one empty line behind them; a head-line that is an end-line itself is dropped with one
empty line behind it. Without an end-line nothing is dropped. Nothing else changes.
built-line = { SGR } U+2713 " built in " SPAN { SGR }
head-line  = { SGR } "[PLUGIN_TIMINGS] " TEXT
end-line   = TEXT ( "See https://rolldown.rs/" | "Learn more at https://rolldown.rs/" ) TEXT
SPAN       = DIGITS "ms" | DIGITS "." 2 DIGIT "s" | DIGITS "m" [ SPACE DIGITS "s" ]
SGR        = U+001B "[" { DIGIT | ";" } "m"
"#;

/// How many lines a hint has at most below its first.
const HINT_LINES: usize = 64;
const ENDS: [&[u8]; 2] = [b"See https://rolldown.rs/", b"Learn more at https://rolldown.rs/"];

fn apply(stream: &[u8]) -> Vec<u8> {
    let lines: Vec<&[u8]> = stream.split_inclusive(|byte| *byte == b'\n').collect();
    let mut out = Vec::with_capacity(stream.len());
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        if let Some(count) = hint(&lines[at..]) {
            at += count;
            continue;
        }
        match built_line(line) {
            Some((before, after)) => out.extend([before, ELAPSED, after].concat()),
            None => out.extend_from_slice(line),
        }
        at += 1;
    }
    out
}

/// Counts the lines of a hint that begins here, with the empty line behind it.
fn hint(lines: &[&[u8]]) -> Option<usize> {
    let is_head = after_sequences(lines.first()?).starts_with(b"[PLUGIN_TIMINGS] ");
    let is_end = |line: &&[u8]| ENDS.iter().any(|end| line.windows(end.len()).any(|window| window == *end));
    let end = lines.iter().take(HINT_LINES + 1).position(is_end).filter(|_| is_head)?;
    let is_blank = lines.get(end + 1).is_some_and(|line| *line == b"\n");
    Some(end + 1 + usize::from(is_blank))
}

/// Splits the closing line into the parts around its span.
fn built_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let span_on = after_sequences(line).strip_prefix("✓ built in ".as_bytes())?;
    let after = span_on.strip_prefix(ELAPSED).or_else(|| span(span_on))?;
    let mut rest = after;
    while let Some(next) = sequence(rest) {
        rest = next;
    }
    matches!(rest, b"" | b"\n").then(|| (&line[..line.len() - span_on.len()], after))
}

/// Takes a span off the front.
fn span(text: &[u8]) -> Option<&[u8]> {
    if let Some(rest) = seconds(text, 2) {
        return Some(rest);
    }
    let rest = digits(text)?;
    if let Some(rest) = rest.strip_prefix(b"ms") {
        return Some(rest);
    }
    let minutes = rest.strip_prefix(b"m")?;
    let whole = minutes.strip_prefix(b" ").and_then(digits).and_then(|rest| rest.strip_prefix(b"s"));
    Some(whole.unwrap_or(minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_span_is_known_and_nothing_else_is_touched() {
        for span in ["850ms", "12.51s", "1m 21s", "2m"] {
            let line = format!("\x1b[32m✓ built in {span}\x1b[39m\n");
            assert_eq!(apply(line.as_bytes()), "\x1b[32m✓ built in <elapsed>\x1b[39m\n".as_bytes(), "{span}");
        }
        for kept in
            ["✓ built in 3 files\n", "x ✓ built in 12ms\n", "✓ built in 12ms x\n", "[PLUGIN_TIMINGS] no end\nx\n"]
        {
            assert_eq!(apply(kept.as_bytes()), kept.as_bytes(), "{kept}");
        }
    }

    #[test]
    fn a_hint_goes_with_one_empty_line_and_what_follows_stays() {
        let one = "a\n\x1b[33m[PLUGIN_TIMINGS] \x1b[0mslow plugin `x`. See https://rolldown.rs/options\n\n\nb\n";
        assert_eq!(apply(one.as_bytes()), b"a\n\nb\n");
    }
}
