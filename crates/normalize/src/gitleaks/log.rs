//! The log on stderr: the clock before each line, and how long a scan took.

use crate::normalizer::Normalizer;
use crate::syntax::token::{ELAPSED, TIME, digits, map_lines};

/// The normalizer `gitleaks-log`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "gitleaks-log", version: 1, rules: RULES, apply };

const RULES: &str = r#"Each line is looked at alone. In a line that fits log-line, CLOCK becomes "<time>"; where MESSAGE fits scan-message,
its DURATION becomes "<elapsed>". Nothing else changes; a line that does not fit stays, and none is dropped or moved.
log-line     = ( GREY CLOCK OFF | CLOCK ) SPACE ( COLOUR LEVEL OFF | LEVEL ) SPACE MESSAGE
scan-message = [ BOLD ] "scanned ~" TEXT " in " DURATION [ OFF ]
CLOCK        = 1 or 2 DIGIT ":" 2 DIGIT ( "AM" | "PM" )
LEVEL        = "TRC" | "DBG" | "INF" | "WRN" | "ERR" | "FTL"
DURATION     = DIGITS [ "." DIGITS ] UNIT { DIGITS [ "." DIGITS ] UNIT }
UNIT         = "h" | "m" | "s" | "ms" | "us" | "ns" | U+00B5 "s"
GREY = ESC "[90m"   COLOUR = ESC "[" DIGITS "m"   BOLD = ESC "[1m"   OFF = ESC "[0m"
TEXT = any bytes but a line feed
"#;

const OFF: &[u8] = b"\x1b[0m";

fn apply(stream: &[u8]) -> Vec<u8> {
    map_lines(stream, |line, out| {
        let Some((before, after)) = log_line(line) else { return false };
        out.extend_from_slice(before);
        out.extend_from_slice(TIME);
        if let Some((said, off)) = scan_message(after) {
            out.extend_from_slice(said);
            out.extend_from_slice(ELAPSED);
            out.extend_from_slice(off);
        } else {
            out.extend_from_slice(after);
        }
        true
    })
}

/// Splits a log line into the parts before and after its clock.
fn log_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let grey = line.strip_prefix(b"\x1b[90m");
    let (before, text) = line.split_at(line.len() - grey.unwrap_or(line).len());
    let after = clock(text)?;
    let rest = if grey.is_some() { after.strip_prefix(OFF)? } else { after }.strip_prefix(b" ")?;
    let coloured = rest.strip_prefix(b"\x1b[").and_then(digits).and_then(|rest| rest.strip_prefix(b"m"));
    let levels: [&[u8]; 6] = [b"TRC", b"DBG", b"INF", b"WRN", b"ERR", b"FTL"];
    let level = coloured.unwrap_or(rest);
    let rest = levels.iter().find_map(|name| level.strip_prefix(*name))?;
    let rest = if coloured.is_some() { rest.strip_prefix(OFF)? } else { rest };
    rest.starts_with(b" ").then_some((before, after))
}

/// Takes a clock, or the mark that replaces it, off the front.
fn clock(text: &[u8]) -> Option<&[u8]> {
    if let Some(rest) = text.strip_prefix(TIME) {
        return Some(rest);
    }
    let minutes = digits(text).filter(|rest| text.len() - rest.len() <= 2)?.strip_prefix(b":")?;
    let rest = digits(minutes).filter(|rest| minutes.len() - rest.len() == 2)?;
    rest.strip_prefix(b"AM").or_else(|| rest.strip_prefix(b"PM"))
}

/// Splits what follows the clock around the duration of a scan.
fn scan_message(after: &[u8]) -> Option<(&[u8], &[u8])> {
    // The message is behind the level, whose line has been checked: its words are the first ones of this kind.
    const SCANNED: &[u8] = b"scanned ~";
    let level_end = after.windows(SCANNED.len()).position(|window| window == SCANNED)?;
    let lead = &after[..level_end];
    let lead = lead.strip_suffix(b"\x1b[1m").unwrap_or(lead);
    let level = lead.strip_suffix(b" ")?;
    let level = level.strip_suffix(OFF).unwrap_or(level);
    let levels: [&[u8]; 6] = [b"TRC", b"DBG", b"INF", b"WRN", b"ERR", b"FTL"];
    // Exactly one level and no other word stands before it.
    let short = level.iter().filter(|byte| **byte == b' ').count() == 1;
    if !(short && levels.iter().any(|name| level.ends_with(name))) {
        return None;
    }
    let text = after.strip_suffix(OFF).unwrap_or(after);
    let at = text.windows(4).rposition(|window| window == b" in ")? + 4;
    (at > level_end && duration(&text[at..]))
        .then(|| after.split_at(at))
        .map(|(said, rest)| (said, &rest[text.len() - at..]))
}

/// Whether a text is a duration as Go writes it, or the mark that replaces one.
fn duration(text: &[u8]) -> bool {
    let units: [&[u8]; 7] = [b"ms", b"us", b"ns", "\u{b5}s".as_bytes(), b"h", b"m", b"s"];
    let mut rest = text;
    let mut some = false;
    while let Some(after) = digits(rest) {
        let after = after.strip_prefix(b".").and_then(digits).unwrap_or(after);
        let Some(next) = units.iter().find_map(|unit| after.strip_prefix(*unit)) else { return false };
        (rest, some) = (next, true);
    }
    text == ELAPSED || (some && rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_and_scan_times_go() {
        let cases = [
            ("12:18AM INF scanned ~6 bytes (6 bytes) in 8.62ms", "<time> INF scanned ~6 bytes (6 bytes) in <elapsed>"),
            ("1:05PM INF scanned ~6 bytes (6 bytes) in 1m2.5s", "<time> INF scanned ~6 bytes (6 bytes) in <elapsed>"),
            (
                "\x1b[90m12:18AM\x1b[0m \x1b[32mINF\x1b[0m \x1b[1mscanned ~6 bytes in 950\u{b5}s\x1b[0m",
                "\x1b[90m<time>\x1b[0m \x1b[32mINF\x1b[0m \x1b[1mscanned ~6 bytes in <elapsed>\x1b[0m",
            ),
            ("12:18AM WRN leaks found: 31", "<time> WRN leaks found: 31"),
            ("12:18AM DBG said scanned ~1 in 2ms", "<time> DBG said scanned ~1 in 2ms"),
        ];
        for (raw, canonical) in cases {
            assert_eq!(String::from_utf8_lossy(&apply(raw.as_bytes())), canonical);
        }
    }

    #[test]
    fn what_does_not_fit_stays() {
        for line in [
            "123:18AM INF x",
            "12:1AM INF x",
            "12:18 INF x",
            "12:18AM NEW x",
            "12:18AM INFO x",
            "\x1b[90m12:18AM INF x",
            "at 12:18AM INF x",
            "scanned ~6 bytes in 8ms",
        ] {
            assert_eq!(String::from_utf8_lossy(&apply(line.as_bytes())), line);
        }
    }
}
