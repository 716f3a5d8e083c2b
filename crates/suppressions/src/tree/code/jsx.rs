//! Elements in JavaScript (JSX). What is text there is unknown rather than text: a `<` that was taken for an element hides nothing.

use super::javascript::{Before, Frame, JsLexer, is_of_word};
use super::part::{Part, Region, closed};

impl JsLexer<'_> {
    /// Whether `<` begins an element; the parameters of a generic function look alike.
    pub(super) fn begins_element(&self) -> bool {
        let rest = &self.rest()[1..];
        let name = rest.iter().take_while(|byte| is_of_word(**byte)).count();
        if name == 0 {
            return rest.first() == Some(&b'>');
        }
        let behind = rest[name..].trim_ascii_start();
        !behind.starts_with(b",") && !behind.starts_with(b"extends ") && !behind.starts_with(b"=")
    }

    /// Reads one piece within `<name …>`.
    pub(super) fn tag(&mut self) -> Region {
        if let Some(comment) = self.comment() {
            return comment;
        }
        match self.rest() {
            [b'/', b'>', ..] => {
                self.frames.pop();
                self.pass(2, Before::Value)
            }
            // `<T>(value: T) => T` is a type.
            [b'>', rest @ ..] if self.has_types && rest.trim_ascii_start().starts_with(b"(") => self.broken(),
            [b'>', ..] => {
                self.frames.pop();
                self.frames.push(Frame::Children);
                self.pass(1, Before::Operator)
            }
            [quote @ (b'"' | b'\''), ..] => {
                let end = closed(self.bytes, self.at + 1, &[*quote]);
                self.region(Part::Unknown, end)
            }
            [b'{', ..] => {
                self.frames.push(Frame::Braces);
                self.pass(1, Before::Operator)
            }
            _ => self.pass(1, Before::Operator),
        }
    }

    /// Reads one piece between `<name>` and `</name>`.
    pub(super) fn children(&mut self) -> Region {
        match self.rest() {
            [b'{', ..] => {
                self.frames.push(Frame::Braces);
                self.pass(1, Before::Operator)
            }
            [b'<', b'/', ..] => {
                self.frames.pop();
                self.before = Before::Value;
                let end = closed(self.bytes, self.at + 2, b">");
                self.region(Part::Unknown, end)
            }
            [b'<', next, ..] if is_of_word(*next) || *next == b'>' => {
                self.frames.push(Frame::Tag);
                self.pass(1, Before::Operator)
            }
            rest => {
                let length =
                    rest[1..].iter().position(|byte| matches!(byte, b'<' | b'{')).map_or(rest.len(), |at| at + 1);
                self.region(Part::Unknown, Some(self.at + length))
            }
        }
    }
}
