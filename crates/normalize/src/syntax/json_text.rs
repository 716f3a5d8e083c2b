//! Where the numbers of a JSON text are, so that some can be replaced and every other byte stays.
//!
//! serde_json says whether the text is well-formed; what follows may therefore read it without looking for errors.

use serde::de::IgnoredAny;

/// One step from a value to a value in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    /// Into an object, by the key's bytes between its quotes, escapes and all.
    Key(&'a [u8]),
    /// Into an array, at whatever index.
    Index,
}

/// Replaces the numbers for whose path `mark` has something; `None` when the stream is not one JSON text in UTF-8.
pub(crate) fn replace_numbers(stream: &[u8], mark: impl Fn(&[Step<'_>]) -> Option<&'static [u8]>) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(stream).ok()?;
    serde_json::from_str::<IgnoredAny>(text).ok()?;

    let mut out = Vec::with_capacity(stream.len());
    // One step a container that is open; an object's changes with each key.
    let mut path: Vec<Step<'_>> = Vec::new();
    let mut last_string: &[u8] = b"";
    let mut at = 0;
    while let Some(byte) = stream.get(at) {
        let length = match byte {
            b'"' => string_length(&stream[at..]),
            b'-' | b'0'..=b'9' => stream[at..]
                .iter()
                .take_while(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
                .count(),
            _ => 1,
        };
        let token = &stream[at..at + length];
        at += length;
        match byte {
            b'{' => path.push(Step::Key(b"")),
            b'[' => path.push(Step::Index),
            b'}' | b']' => drop(path.pop()),
            b'"' => last_string = &token[1..length - 1],
            b':' => {
                if let Some(step) = path.last_mut() {
                    *step = Step::Key(last_string);
                }
            }
            b'-' | b'0'..=b'9' => {
                out.extend_from_slice(mark(&path).unwrap_or(token));
                continue;
            }
            _ => {}
        }
        out.extend_from_slice(token);
    }
    Some(out)
}

/// Measures a string with its quotes.
fn string_length(text: &[u8]) -> usize {
    let mut at = 1;
    while text[at] != b'"' {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_numbers() {
        let text = br#" {"a":[1,{"b\"c":-2.5e+3}],"d":{"e":"9"},"f":true,"g":4} "#;
        let found = std::cell::RefCell::new(Vec::new());
        let same = replace_numbers(text, |path| {
            found.borrow_mut().push(format!("{}", path.len()));
            None
        });
        assert_eq!(same.as_deref(), Some(&text[..]));
        assert_eq!(found.into_inner(), ["2", "3", "1"]);
        let marked = replace_numbers(text, |path| (path.last() == Some(&Step::Key(br#"b\"c"#))).then_some(b"X"));
        assert_eq!(marked, Some(br#" {"a":[1,{"b\"c":X}],"d":{"e":"9"},"f":true,"g":4} "#.to_vec()));
    }

    #[test]
    fn broken_texts_are_none() {
        for broken in [&b"{"[..], b"{} {}", b"{\"a\":1,}", b"[01]", b"\"\xff\"", b"", b"[NaN]"] {
            assert_eq!(replace_numbers(broken, |_| None), None);
        }
    }
}
