//! The few pieces of grammar that the normalizers share, over bytes.
//!
//! Every function takes the front or the back off a text and says what remains, or `None` when the text does not fit;
//! a normalizer that gets `None` leaves the line alone.

/// Replaces a duration in canonical bytes.
pub(crate) const ELAPSED: &[u8] = b"<elapsed>";

/// Replaces a time of day in canonical bytes.
pub(crate) const TIME: &[u8] = b"<time>";

/// Rewrites a stream line by line; `rewrite` gets a line without its line feed and appends what replaces it to the
/// output, or returns `false` when it has left the line alone.
pub(crate) fn map_lines<'a>(stream: &'a [u8], mut rewrite: impl FnMut(&'a [u8], &mut Vec<u8>) -> bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(stream.len());
    for line in stream.split_inclusive(|&byte| byte == b'\n') {
        let (text, end) = match line.split_last() {
            Some((b'\n', text)) => (text, &b"\n"[..]),
            _ => (line, &b""[..]),
        };
        if !rewrite(text, &mut out) {
            out.extend_from_slice(text);
        }
        out.extend_from_slice(end);
    }
    out
}

/// Takes one or more decimal digits off the front.
pub(crate) fn digits(text: &[u8]) -> Option<&[u8]> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    (end > 0).then(|| &text[end..])
}

/// Takes one or more decimal digits off the back.
pub(crate) fn digits_at_end(text: &[u8]) -> Option<&[u8]> {
    let start = text.iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |last| last + 1);
    (start < text.len()).then(|| &text[..start])
}

/// Takes a number with an optional fraction, or the mark [`ELAPSED`], off the back.
pub(crate) fn number_at_end(text: &[u8]) -> Option<&[u8]> {
    if let Some(before) = text.strip_suffix(ELAPSED) {
        return Some(before);
    }
    let rest = digits_at_end(text)?;
    Some(rest.strip_suffix(b".").and_then(digits_at_end).unwrap_or(rest))
}

/// Takes `INT.FRACTION s` off the front, with exactly `places` digits of fraction, or the mark [`ELAPSED`].
pub(crate) fn seconds(text: &[u8], places: usize) -> Option<&[u8]> {
    if let Some(rest) = text.strip_prefix(ELAPSED) {
        return Some(rest);
    }
    let fraction = digits(text)?.strip_prefix(b".")?;
    let rest = digits(fraction)?;
    (fraction.len() - rest.len() == places).then(|| rest.strip_prefix(b"s")).flatten()
}

/// Splits a text at the first `mark`; `mark` is in neither half.
pub(crate) fn split_once<'a>(text: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = text.windows(mark.len()).position(|window| window == mark)?;
    Some((&text[..at], &text[at + mark.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_fit_whole_tokens_only() {
        assert_eq!(digits(b"12ms"), Some(&b"ms"[..]));
        assert_eq!(digits(b"ms"), None);
        assert_eq!(digits_at_end(b"in 12"), Some(&b"in "[..]));
        assert_eq!(digits_at_end(b"12"), Some(&b""[..]));
        assert_eq!(digits_at_end(b"in "), None);
        assert_eq!(seconds(b"0.02s)", 2), Some(&b")"[..]));
        for wrong in [&b"0.02"[..], b"0.2s", b"0.002s", b".02s", b"2s", b"-0.02s"] {
            assert_eq!(seconds(wrong, 2), None);
        }
        assert_eq!(split_once(b"a > b > c", b" > "), Some((&b"a"[..], &b"b > c"[..])));
    }

    #[test]
    fn lines_keep_their_ends() {
        let upper = |line: &[u8], out: &mut Vec<u8>| {
            out.extend(line.to_ascii_uppercase());
            line != b"left alone"
        };
        assert_eq!(map_lines(b"a\n\nb", upper), b"A\n\nB");
        assert_eq!(map_lines(b"a\r\n\xff", upper), b"A\r\n\xff");
        assert_eq!(map_lines(b"", upper), b"");
    }
}
