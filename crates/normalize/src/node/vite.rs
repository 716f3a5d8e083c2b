//! `vite build`: how long it took, and the hint of Rolldown that plugins took long, which comes and goes with the time.
//!
//! Shapes from vite 8.0 and 8.1 as recorded, and from vite's own source (`displayTime`).

use crate::normalizer::Normalizer;
use crate::syntax::sgr::{after_sequences, sequence};
use crate::syntax::token::{ELAPSED, digits, digits_at_end, seconds, split_once};

/// The normalizer `vite`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "vite", version: 1, rules: RULES, apply };

const RULES: &str = r##"Where a whole line fits built-line, SPAN becomes "<elapsed>". A hint is dropped, with one empty line behind it.
Nothing else changes.
built-line = { SGR } U+2713 " built in " SPAN { SGR }
hint       = whole-hint | head-line { item-line | row-line | empty line } end-line
whole-hint = { SGR } "[PLUGIN_TIMINGS] " TEXT " See " PAGE TEXT
head-line  = { SGR } "[PLUGIN_TIMINGS] " TEXT
item-line  = "  - " TEXT " (" DIGITS "%)"
row-line   = "  total  %build" TEXT | { SPACE } DIGITS [ "." DIGITS ] ( "ms" | "s" ) SPACE { SPACE } DIGITS "%" SPACE TEXT
end-line   = ( "See " | "Learn more at " ) PAGE TEXT
PAGE       = "https://rolldown.rs/" TEXT "#" ( "plugintimings" | "bundlertimings" ) TEXT
SPAN       = DIGITS "ms" | DIGITS "." 2 DIGIT "s" | DIGITS "m" [ SPACE DIGITS "s" ]
SGR        = U+001B "[" { DIGIT | ";" } "m"
"##;

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
    let head = after_sequences(lines.first()?).strip_prefix(b"[PLUGIN_TIMINGS] ")?;
    let below = if split_once(head, b" See ").is_some_and(|(_, page)| is_page(page)) {
        0
    } else {
        let between = lines[1..].iter().take_while(|line| is_between(line)).count();
        let end = lines.get(1 + between)?;
        let page = end.strip_prefix(b"See ").or_else(|| end.strip_prefix(b"Learn more at "))?;
        is_page(page).then_some(between + 1)?
    };
    let is_blank = lines.get(below + 1).is_some_and(|line| *line == b"\n");
    Some(below + 1 + usize::from(is_blank))
}

fn is_page(text: &[u8]) -> bool {
    let names = |name: &[u8]| split_once(text, name).is_some();
    text.starts_with(b"https://rolldown.rs/") && (names(b"#plugintimings") || names(b"#bundlertimings"))
}

/// Whether a line is an item, a row of the table, or empty.
fn is_between(line: &[u8]) -> bool {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    let is_item = || {
        let percent = text.strip_prefix(b"  - ").and_then(|item| item.strip_suffix(b"%)"));
        percent.and_then(digits_at_end).is_some_and(|name| name.ends_with(b" ("))
    };
    text.is_empty() || text.starts_with(b"  total  %build") || is_item() || is_row(text)
}

/// Whether a line begins with a span and a share.
fn is_row(text: &[u8]) -> bool {
    let rest = text.trim_ascii_start();
    let indented = rest.len() < text.len();
    let whole = digits(rest).map(|rest| rest.strip_prefix(b".").and_then(digits).unwrap_or(rest));
    let unit = whole.and_then(|rest| rest.strip_prefix(b"ms").or_else(|| rest.strip_prefix(b"s")));
    let share = unit.filter(|rest| rest.starts_with(b" ")).and_then(|rest| digits(rest.trim_ascii_start()));
    indented && share.is_some_and(|rest| rest.starts_with(b"% "))
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
        let one = "a\n\x1b[33m[PLUGIN_TIMINGS] \x1b[0mslow plugin `x`. See https://rolldown.rs/options/checks#plugintimings for more\n\n\nb\n";
        assert_eq!(apply(one.as_bytes()), b"a\n\nb\n");
    }

    #[test]
    fn a_warning_between_is_no_part_of_a_hint() {
        let end = "See https://rolldown.rs/options/checks#plugintimings for more details.\n";
        for between in ["[EVAL] Use of eval\n", "  - x (many%)\n", "error: 3s 4% x\n", "12ms x\n"] {
            let text = format!("[PLUGIN_TIMINGS] slow:\n{between}{end}");
            assert_eq!(apply(text.as_bytes()), text.as_bytes(), "{between}");
        }
        let other = "[PLUGIN_TIMINGS] slow:\nSee https://rolldown.rs/options/checks#eval for more details.\n";
        assert_eq!(apply(other.as_bytes()), other.as_bytes());
    }
}
