//! JavaScript's and TypeScript's comments, strings, templates and regular expressions.
//!
//! Whether `/` divides or begins a regular expression, and `<` compares or begins an element, depends on what is before it. Where
//! the token before does not decide it, as `}` does not, the lexer says that it does not understand the file, and does not guess:
//! a wrong guess takes the next backtick for the beginning of a template, and hides what follows.

use super::part::{Lexer, Part, Region, closed, quoted};

/// What is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frame {
    /// `(`
    Group,
    /// `(` behind `if` and the like: no value ends where it closes.
    Head,
    /// `[`
    List,
    /// `{` of a block or an object.
    Block,
    /// `${` in a template.
    Hole,
    /// `<name …`
    Tag,
    /// What is between `<name>` and `</name>`.
    Children,
    /// `{` in a tag or between tags.
    Braces,
}

/// What is before the next token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// A value, or what ends one: an operator follows.
    Value,
    /// An operator, or the beginning of a statement: a value follows.
    Operator,
    /// What may be either: `}`, `>`, or a word such as `of`, which may be a name.
    Unsure,
    /// `if`, `for`, `while` or `with`: a condition follows.
    Keyword,
    /// `.`: a name follows.
    Dot,
}

/// Finds comments, texts, and what of elements (JSX) may be either.
pub(super) struct JsLexer<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    pub(super) frames: Vec<Frame>,
    pub(super) before: Before,
    has_elements: bool,
    pub(super) has_types: bool,
    pub(super) is_broken: bool,
}

/// Words behind which a value follows, and which are never names.
const OPERATORS: [&[u8]; 12] = [
    b"return",
    b"typeof",
    b"instanceof",
    b"in",
    b"new",
    b"delete",
    b"void",
    b"throw",
    b"case",
    b"default",
    b"extends",
    b"else",
];
/// Words behind which a value may follow, and which may be names.
const UNSURE: [&[u8]; 7] = [b"of", b"as", b"is", b"satisfies", b"await", b"yield", b"do"];

impl<'a> JsLexer<'a> {
    /// Begins at the front; `has_elements` says whether `<name` may be an element, `has_types` whether it may name a type.
    pub(super) const fn new(bytes: &'a [u8], has_elements: bool, has_types: bool) -> Self {
        Self { bytes, has_types, at: 0, frames: Vec::new(), before: Before::Operator, has_elements, is_broken: false }
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// Ends a region where a text ends that may not end at all.
    pub(super) fn region(&mut self, part: Part, end: Option<usize>) -> Region {
        let start = self.at;
        self.is_broken |= end.is_none();
        self.at = end.unwrap_or(self.bytes.len());
        Region { start, end: self.at, part }
    }

    /// Passes over some bytes of code, behind which comes what `before` says.
    pub(super) fn pass(&mut self, count: usize, before: Before) -> Region {
        self.before = before;
        self.region(Part::Code, Some(self.at + count))
    }

    fn open(&mut self, frame: Frame, before: Before) -> Region {
        self.frames.push(frame);
        self.pass(1, before)
    }

    /// Reads a comment, if one begins here.
    pub(super) fn comment(&mut self) -> Option<Region> {
        let rest = self.rest();
        if rest.starts_with(b"//") || (self.at == 0 && rest.starts_with(b"#!")) {
            return Some(self.region(Part::Comment, Some(self.at + line(rest))));
        }
        rest.starts_with(b"/*").then(|| self.region(Part::Comment, closed(self.bytes, self.at + 2, b"*/")))
    }

    fn code(&mut self) -> Region {
        if let Some(comment) = self.comment() {
            return comment;
        }
        match self.rest() {
            [b'/', ..] => self.slash(),
            [b'<', ..] => self.less(),
            [b'\'' | b'"', ..] => {
                self.before = Before::Value;
                self.region(Part::Text, quoted(self.bytes, self.at))
            }
            [b'`', ..] => self.template(),
            [b'(', ..] => {
                let frame = if self.before == Before::Keyword { Frame::Head } else { Frame::Group };
                self.open(frame, Before::Operator)
            }
            [b'[', ..] => self.open(Frame::List, Before::Operator),
            [b'{', ..] => self.open(Frame::Block, Before::Operator),
            [b')' | b']' | b'}', ..] => self.close(),
            [b'=', b'>', ..] => self.pass(2, Before::Operator),
            [b'>', ..] => self.pass(1, Before::Unsure),
            [b'-', b'-', b'>', ..] if self.begins_line() => self.broken(),
            // What counts up or down is still a value.
            [b'+', b'+', ..] | [b'-', b'-', ..] => self.pass(2, self.before),
            // Behind a value, TypeScript asserts that it is there; on a line of its own it negates what follows.
            [b'!', next, ..] if *next != b'=' && self.before == Before::Value => self.pass(1, Before::Unsure),
            [b'.', b'.', b'.', ..] => self.pass(3, Before::Operator),
            [b'.', next, ..] if !next.is_ascii_digit() => self.pass(1, Before::Dot),
            [byte, ..] if is_of_word(*byte) => self.word(),
            [byte, ..] if byte.is_ascii_whitespace() || *byte == 0x0b => self.pass(1, self.before),
            _ => self.pass(1, Before::Operator),
        }
    }

    /// Gives up.
    pub(super) fn broken(&mut self) -> Region {
        self.is_broken = true;
        self.pass(1, Before::Unsure)
    }

    /// Whether only blanks or the end of a comment are before this place on its line.
    fn begins_line(&self) -> bool {
        let before = self.bytes[..self.at].iter().rev().find(|byte| !matches!(byte, b' ' | b'\t'));
        matches!(before, None | Some(b'\n' | b'\r' | b'/'))
    }

    fn slash(&mut self) -> Region {
        match self.before {
            Before::Value | Before::Dot => self.pass(1, Before::Operator),
            Before::Unsure => self.broken(),
            Before::Operator | Before::Keyword => {
                let end = expression(self.rest()).map(|length| self.at + length);
                self.before = Before::Value;
                self.region(Part::Unknown, end)
            }
        }
    }

    fn less(&mut self) -> Region {
        match self.before {
            // It begins a comment in a script, and compares in a module.
            _ if self.rest().starts_with(b"<!--") => self.broken(),
            Before::Value | Before::Dot => self.pass(1, Before::Operator),
            _ if !self.has_elements || !self.begins_element() => self.pass(1, Before::Operator),
            Before::Unsure => self.broken(),
            Before::Operator | Before::Keyword => {
                self.frames.push(Frame::Tag);
                self.pass(1, Before::Operator)
            }
        }
    }

    /// Closes a bracket; one that closes nothing is not understood.
    fn close(&mut self) -> Region {
        let closing = self.bytes[self.at];
        match (self.frames.pop(), closing) {
            (Some(Frame::Group), b')') | (Some(Frame::List), b']') => self.pass(1, Before::Value),
            (Some(Frame::Head), b')') | (Some(Frame::Braces), b'}') => self.pass(1, Before::Operator),
            (Some(Frame::Block), b'}') => self.pass(1, Before::Unsure),
            (Some(Frame::Hole), b'}') => self.template(),
            _ => self.broken(),
        }
    }

    /// Reads the text of a template from its mark or the end of a hole, up to its end or the next hole.
    fn template(&mut self) -> Region {
        let mut at = self.at + 1;
        while let Some(byte) = self.bytes.get(at) {
            match byte {
                b'\\' => at += 2,
                b'`' => {
                    self.before = Before::Value;
                    return self.region(Part::Text, Some(at + 1));
                }
                b'$' if self.bytes.get(at + 1) == Some(&b'{') => {
                    self.frames.push(Frame::Hole);
                    self.before = Before::Operator;
                    return self.region(Part::Text, Some(at + 2));
                }
                _ => at += 1,
            }
        }
        self.region(Part::Text, None)
    }

    /// Reads a name, a keyword or a number; blanks beyond ASCII are neither.
    fn word(&mut self) -> Region {
        if let Some(length) = blank(self.rest()) {
            return self.pass(length, self.before);
        }
        let rest = self.rest();
        let is_end = |at: &usize| !is_of_word(rest[*at]) || (rest[*at] >= 0x80 && blank(&rest[*at..]).is_some());
        let length = (0..rest.len()).find(is_end).unwrap_or(rest.len());
        let before = match &rest[..length] {
            _ if self.before == Before::Dot => Before::Value,
            b"if" | b"for" | b"while" | b"with" => Before::Keyword,
            b"await" if self.before == Before::Keyword => Before::Keyword,
            word if OPERATORS.contains(&word) => Before::Operator,
            word if UNSURE.contains(&word) => Before::Unsure,
            _ => Before::Value,
        };
        self.pass(length.max(1), before)
    }
}

impl Lexer for JsLexer<'_> {
    fn is_whole(&self) -> bool {
        !self.is_broken && self.frames.is_empty()
    }
}

impl Iterator for JsLexer<'_> {
    type Item = Region;

    fn next(&mut self) -> Option<Region> {
        while self.at < self.bytes.len() && !self.is_broken {
            let region = match self.frames.last() {
                Some(Frame::Tag) => self.tag(),
                Some(Frame::Children) => self.children(),
                _ => self.code(),
            };
            if region.part != Part::Code {
                return Some(region);
            }
        }
        None
    }
}

pub(super) const fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'#' | b'@' | b'\\') || byte >= 0x80
}

/// Returns the length of a blank beyond ASCII, if one is at the front.
fn blank(bytes: &[u8]) -> Option<usize> {
    let first = bytes.get(..bytes.len().min(4))?;
    let valid = match std::str::from_utf8(first) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&first[..error.valid_up_to()]).ok()?,
    };
    let first = valid.chars().next().filter(|c| !c.is_ascii())?;
    (first.is_whitespace() || first == '\u{feff}').then(|| first.len_utf8())
}

/// Returns the length of a line: JavaScript knows four ends of one.
fn line(bytes: &[u8]) -> usize {
    let is_end = |at: &usize| match bytes[*at] {
        b'\n' | b'\r' => true,
        0xe2 => bytes[*at..].starts_with(b"\xe2\x80\xa8") || bytes[*at..].starts_with(b"\xe2\x80\xa9"),
        _ => false,
    };
    (0..bytes.len()).find(is_end).unwrap_or(bytes.len())
}

/// Returns the length of a regular expression without its flags; none where its line ends first.
fn expression(bytes: &[u8]) -> Option<usize> {
    let (mut at, mut is_in_class) = (1, false);
    loop {
        match bytes.get(at)? {
            b'\n' | b'\r' => return None,
            b'\\' => at += 1,
            // With the flag `v` a class may hold others.
            b'[' if is_in_class => return None,
            b'[' => is_in_class = true,
            b']' => is_in_class = false,
            b'/' if !is_in_class => return Some(at + 1),
            _ => {}
        }
        at += 1;
    }
}
