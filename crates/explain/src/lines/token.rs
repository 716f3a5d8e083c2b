//! Lines as tokens: instants, time spans, addresses, UUIDs, paths, numbers, words.

use super::instant::{self, Instant};

/// What a piece of a line is taken for; numbers and words when nothing else fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// An instant in some notation.
    Instant(Instant),
    /// A number with a unit of time.
    Span,
    /// A number with a unit over time, such as `12 ns/op`.
    Rate,
    /// `0x` and hex digits.
    Address,
    /// 8-4-4-4-12 hex digits.
    Uuid,
    /// Text with a slash between its parts, or that begins with one.
    Path,
    /// At least 16 hex digits with a digit among them.
    Hex,
    /// Digits, with a fraction or without.
    Number,
    /// Letters, digits and `_`.
    Word,
    /// White space.
    Space,
    /// An escape sequence of a terminal.
    Escape,
    /// Anything else, a character.
    Mark,
}

/// A token of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// What the text is taken for.
    pub kind: TokenKind,
    /// The bytes as they are in the line.
    pub text: &'a str,
    /// Where it begins in the line, in bytes.
    pub at: usize,
}

impl Token<'_> {
    /// Returns a text that is equal for tokens that may correspond: values that vary are hidden.
    #[must_use]
    pub fn shape(&self) -> String {
        match self.kind {
            TokenKind::Instant(_) => "\u{1}instant".to_owned(),
            TokenKind::Span => "\u{1}span".to_owned(),
            TokenKind::Rate => "\u{1}rate".to_owned(),
            TokenKind::Address => "\u{1}address".to_owned(),
            TokenKind::Uuid => "\u{1}uuid".to_owned(),
            TokenKind::Hex => "\u{1}hex".to_owned(),
            TokenKind::Number => "\u{1}number".to_owned(),
            TokenKind::Space => " ".to_owned(),
            TokenKind::Path | TokenKind::Word | TokenKind::Escape | TokenKind::Mark => self.text.to_owned(),
        }
    }
}

/// Splits a line into tokens that together are the line.
#[must_use]
pub fn tokens(line: &str) -> Vec<Token<'_>> {
    let mut found: Vec<Token<'_>> = Vec::new();
    let mut at = 0;
    while at < line.len() {
        // Text after an escape sequence begins anew, though the sequence ends in a letter.
        let escaped = found.last().is_some_and(|token| token.kind == TokenKind::Escape);
        let before = if escaped { None } else { line[..at].chars().next_back() };
        let (kind, length) = next(&line[at..], before);
        found.push(Token { kind, text: &line[at..at + length], at });
        at += length;
    }
    found
}

#[expect(clippy::expect_used, reason = "the caller stops at the line's end")]
fn next(rest: &str, before: Option<char>) -> (TokenKind, usize) {
    let first = rest.chars().next().expect("the caller stops at the line's end");
    if first == '\u{1b}' {
        return (TokenKind::Escape, escape(rest));
    }
    if first.is_whitespace() {
        return (TokenKind::Space, rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len()));
    }
    let apart = before.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    if apart {
        if let Some((instant, length)) = instant::read(rest, before) {
            return (TokenKind::Instant(instant), length);
        }
        for (kind, length) in [
            (TokenKind::Uuid, uuid(rest)),
            (TokenKind::Path, path(rest, before)),
            (TokenKind::Address, address(rest)),
            (TokenKind::Rate, rate(rest)),
            (TokenKind::Span, span(rest)),
        ] {
            if length > 0 {
                return (kind, length);
            }
        }
    }
    let word = word_end(rest);
    if word == 0 {
        return (TokenKind::Mark, first.len_utf8());
    }
    let text = &rest[..word];
    if apart && is_hex(text) {
        return (TokenKind::Hex, word);
    }
    let digits = number(rest);
    if digits >= word { (TokenKind::Number, digits) } else { (TokenKind::Word, word) }
}

fn escape(rest: &str) -> usize {
    let body = rest.strip_prefix("\u{1b}[").unwrap_or("");
    match body.find(|c: char| c.is_ascii_alphabetic()) {
        Some(end) => 2 + end + 1,
        None => 1,
    }
}

fn word_end(rest: &str) -> usize {
    rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
}

/// Returns the length of a number with an optional fraction.
pub fn number(rest: &str) -> usize {
    let whole = rest.bytes().take_while(u8::is_ascii_digit).count();
    if whole == 0 {
        return 0;
    }
    let fraction = rest[whole..].strip_prefix(['.', ',']).unwrap_or("").bytes().take_while(u8::is_ascii_digit).count();
    if fraction > 0 { whole + 1 + fraction } else { whole }
}

fn is_hex(text: &str) -> bool {
    text.len() >= 16
        && text.bytes().all(|b| b.is_ascii_hexdigit())
        && text.bytes().any(|b| b.is_ascii_digit())
        && text.bytes().any(|b| b.is_ascii_alphabetic())
}

fn uuid(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let fits = bytes.len() >= 36
        && bytes[..36].iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    let ends = bytes.get(36).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    if fits && ends { 36 } else { 0 }
}

fn address(rest: &str) -> usize {
    let digits = rest.strip_prefix("0x").map_or(0, |hex| hex.bytes().take_while(u8::is_ascii_hexdigit).count());
    if digits > 0 && word_end(rest) == digits + 2 { digits + 2 } else { 0 }
}

/// No longer than what a kernel takes. Without a bound, a line of nothing but such characters would be read again at each of them.
const PATH_MAX: usize = 4096;

/// Returns the length of a path: it begins with `/`, `./`, `../` or `~/`, or has a slash between names.
fn path(rest: &str, before: Option<char>) -> usize {
    if before.is_some_and(|c| matches!(c, '/' | '.' | '-' | '@' | '+')) {
        return 0;
    }
    let part = |c: char| matches!(c, '_' | '-' | '.' | '+' | '@' | '~' | '%' | '=' | ',' | '/') || c.is_alphanumeric();
    let end = rest.char_indices().find(|&(at, c)| at > PATH_MAX || !part(c)).map_or(rest.len(), |(at, _)| at);
    if end > PATH_MAX {
        return 0;
    }
    let text = rest[..end].trim_end_matches(['.', ',']);
    let named = text.chars().any(char::is_alphanumeric);
    let rooted = text.starts_with('/') || text.starts_with("./") || text.starts_with("../") || text.starts_with("~/");
    let between = text.find('/').is_some_and(|slash| slash > 0 && slash + 1 < text.len());
    // `12/34` and `ns/op` are no paths; a relative one has a letter on both sides of a slash.
    let relative = between && text.split('/').all(|part| part.chars().any(char::is_alphabetic));
    if named && (rooted || relative) && !text.contains('=') { text.len() } else { 0 }
}

const UNITS: [&str; 22] = [
    "milliseconds",
    "millisecond",
    "microseconds",
    "nanoseconds",
    "seconds",
    "minutes",
    "second",
    "minute",
    "hours",
    "hour",
    "secs",
    "mins",
    "msec",
    "sec",
    "min",
    "ns",
    "us",
    "µs",
    "μs",
    "ms",
    "s",
    "m",
];

fn unit(rest: &str) -> usize {
    let end = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
    let word = &rest[..end];
    if UNITS.contains(&word) || word == "h" { end } else { 0 }
}

/// Returns the length of a time span: `0.033s`, `0m0.003s`, `12 ms`, `3 seconds`.
fn span(rest: &str) -> usize {
    let mut length = 0;
    loop {
        let digits = number(&rest[length..]);
        if digits == 0 {
            break;
        }
        let after = &rest[length + digits..];
        let letters = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let follows = after[letters..].starts_with(|c: char| c.is_ascii_digit());
        let of_one = follows && matches!(&after[..letters], "h" | "m" | "s" | "ms");
        let unit = if of_one { letters } else { unit(after) };
        if unit == 0 || (!of_one && word_end(after) != unit) {
            break;
        }
        length += digits + unit;
        if !of_one {
            break;
        }
    }
    if length > 0 && !rest[length..].starts_with('/') {
        return length;
    }
    let digits = number(rest);
    let apart = rest[digits..].strip_prefix(' ').map_or(0, unit);
    let single = apart == 1 && !rest[digits..].starts_with(" s");
    let ends = rest[digits..].get(1 + apart..).is_some_and(|more| word_end(more) == 0 && !more.starts_with('/'));
    if digits > 0 && apart > 0 && !single && ends { digits + 1 + apart } else { 0 }
}

/// Returns the length of a rate: `123 ns/op`, `12.5 MB/s`, `40 tests/sec`.
fn rate(rest: &str) -> usize {
    let digits = number(rest);
    if digits == 0 {
        return 0;
    }
    let after = &rest[digits..];
    let space = usize::from(after.starts_with(' '));
    let end = after[space..].find(|c: char| !c.is_alphabetic() && c != '/').unwrap_or(after.len() - space);
    let word = &after[space..space + end];
    match word.split_once('/') {
        Some((thing, per))
            if !thing.is_empty() && (unit(per) == per.len() && !per.is_empty() || per == "op" && unit(thing) > 0) =>
        {
            digits + space + end
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(line: &str) -> Vec<(String, &str)> {
        let name = |kind: TokenKind| format!("{kind:?}").split('(').next().expect("a name").to_owned();
        let tokens = tokens(line);
        assert_eq!(tokens.iter().map(|token| token.text).collect::<String>(), line);
        let shown = tokens.into_iter().filter(|token| token.kind != TokenKind::Space);
        shown.map(|token| (name(token.kind), token.text)).collect()
    }

    #[test]
    fn every_kind_is_told() {
        for (line, kind) in [
            ("2026-11-23T00:13:01.5Z", "Instant"),
            ("Mon Nov 23 00:13:01 UTC 2026", "Instant"),
            ("Nov 23 2026", "Instant"),
            ("0.033s", "Span"),
            ("0m0.003s", "Span"),
            ("12 ms", "Span"),
            ("3 seconds", "Span"),
            ("12.5 MB/s", "Rate"),
            ("123 ns/op", "Rate"),
            ("0x7fd4c09e1d10", "Address"),
            ("f81d4fae-7dec-41d0-a765-00a0c91e6bf6", "Uuid"),
            ("/tmp/tmp.AbC123", "Path"),
            ("src/main.c", "Path"),
            ("9f86d081884c7d659a2feaa0c55ad015", "Hex"),
            ("1.25", "Number"),
            ("42", "Number"),
            ("alpha", "Word"),
            ("\u{1b}[31m", "Escape"),
        ] {
            assert_eq!(kinds(line), [(kind.to_owned(), line)]);
        }
    }

    #[test]
    fn what_only_looks_so_is_not() {
        for (line, first) in [
            ("5 m", "5"),
            ("v1.2.3", "v1"),
            ("12/34", "12"),
            ("3 sheep", "3"),
            ("seconds", "seconds"),
            ("deadbeef", "deadbeef"),
        ] {
            assert_eq!(kinds(line)[0].1, first, "{line}");
            assert!(["Number", "Word"].contains(&kinds(line)[0].0.as_str()), "{line}");
        }
    }
}
