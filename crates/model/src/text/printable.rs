//! Text of strangers made harmless: what a terminal obeys, or what reorders or hides the text around it, is written out.
//!
//! Command lines, titles, ids, file names, link targets and errors may hold escape sequences, carriage returns and
//! bidirectional overrides. Each medium has its function here, and every report of that medium goes through it.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character does something other than show itself: C0, DEL, C1, line and paragraph separators,
/// bidirectional marks, embeddings, overrides and isolates, invisible operators, tags, and the byte order mark.
#[must_use]
pub fn is_active(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}'
                | '\u{180e}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Makes a text one line: active characters become `\n`, `\r` or `\u{1b}`; tabs stay.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    written_out(
        text,
        |character| is_active(character) && character != '\t',
        |out, character| {
            out.extend(character.escape_default());
        },
    )
}

/// Makes a text of several lines harmless: as [`line()`] does with each of them.
#[must_use]
pub fn lines(text: &str) -> Cow<'_, str> {
    written_out(
        text,
        |character| is_active(character) && !matches!(character, '\t' | '\n'),
        |out, character| {
            out.extend(character.escape_default());
        },
    )
}

/// Makes a JSON document harmless without a change of what it says: active characters, which JSON allows only within
/// strings, become `\u001b`.
#[must_use]
pub fn json(document: &str) -> Cow<'_, str> {
    let layout = |character| matches!(character, '\t' | '\n' | '\r');
    written_out(
        document,
        |character| is_active(character) && !layout(character),
        |out, character| {
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}").expect("a string takes everything");
            }
        },
    )
}

fn written_out(text: &str, is_meant: impl Fn(char) -> bool, write: impl Fn(&mut String, char)) -> Cow<'_, str> {
    if !text.contains(&is_meant) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_meant(character) {
            write(&mut out, character);
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_written_out() {
        let hostile = "a\u{1b}]52;c;eA==\u{7}b\r\nc\td\u{9b}2J\u{202e}e\u{2066}\u{7f}é–🦀";
        assert_eq!(line(hostile), "a\\u{1b}]52;c;eA==\\u{7}b\\r\\nc\td\\u{9b}2J\\u{202e}e\\u{2066}\\u{7f}é–🦀");
        assert_eq!(lines("a\u{1b}\nb\r\n"), "a\\u{1b}\nb\\r\n");
        assert!(matches!(lines("plain\n\ttext – ≠ 👩‍🔧"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn nothing_active_is_left(text in any::<String>()) {
            prop_assert!(!line(&text).contains(|c| is_active(c) && c != '\t'));
            prop_assert!(!lines(&text).contains(|c| is_active(c) && c != '\t' && c != '\n'));
            prop_assert_eq!(lines(&text).matches('\n').count(), text.matches('\n').count());
        }

        #[test]
        fn a_json_document_says_the_same(text in any::<String>(), active in "[\u{80}-\u{9f}\u{202a}-\u{202e}\u{e0001}]{0,4}") {
            let document = serde_json::json!({ (text.clone()): [active] });
            let shown = json(&document.to_string()).into_owned();
            prop_assert!(!shown.contains(is_active));
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).expect("JSON"), document);
        }
    }
}
