//! A reader of JSON, because xtask has no dependencies: test reports are all that it is for, so numbers are kept as text.

use std::collections::BTreeMap;

/// How deep values may lie in each other; a report that goes deeper is not read.
const DEEPEST: usize = 200;

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    Text(String),
    List(Vec<Json>),
    /// Of names that occur twice the last one counts.
    Object(BTreeMap<String, Json>),
}

impl Json {
    /// Reads a text that is one value and nothing else.
    pub fn read(text: &str) -> Option<Self> {
        let (value, rest) = Self::begin(text)?;
        rest.trim_ascii().is_empty().then_some(value)
    }

    /// Reads the value that a text begins with, and gives what follows it.
    pub fn begin(text: &str) -> Option<(Self, &str)> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(0)?;
        Some((value, text.get(reader.at..)?))
    }

    /// The member of an object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        if let Self::Object(members) = self { members.get(name) } else { None }
    }

    /// The text of an object's member.
    pub fn text(&self, name: &str) -> Option<&str> {
        if let Self::Text(text) = self.get(name)? { Some(text) } else { None }
    }

    /// The elements of an object's member; none when it is not a list.
    pub fn list(&self, name: &str) -> &[Self] {
        if let Some(Self::List(elements)) = self.get(name) { elements } else { &[] }
    }

    /// The whole number of an object's member.
    pub fn number(&self, name: &str) -> Option<u64> {
        if let Self::Number(number) = self.get(name)? { number.parse().ok() } else { None }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn eat(&mut self, token: &str) -> Option<()> {
        self.text.as_bytes().get(self.at..)?.starts_with(token.as_bytes()).then(|| self.at += token.len())
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        self.blank();
        if depth > DEEPEST {
            return None;
        }
        match self.peek()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => Some(Json::Text(self.string()?)),
            b't' => self.eat("true").map(|()| Json::Bool(true)),
            b'f' => self.eat("false").map(|()| Json::Bool(false)),
            b'n' => self.eat("null").map(|()| Json::Null),
            b'-' | b'0'..=b'9' => {
                let from = self.at;
                while self.peek().is_some_and(|byte| b"+-.eE0123456789".contains(&byte)) {
                    self.at += 1;
                }
                Some(Json::Number(self.text[from..self.at].to_owned()))
            }
            _ => None,
        }
    }

    fn object(&mut self, depth: usize) -> Option<Json> {
        let mut members = BTreeMap::new();
        self.eat("{")?;
        self.blank();
        if self.eat("}").is_some() {
            return Some(Json::Object(members));
        }
        loop {
            self.blank();
            let name = self.string()?;
            self.blank();
            self.eat(":")?;
            members.insert(name, self.value(depth + 1)?);
            self.blank();
            if self.eat(",").is_none() {
                self.eat("}")?;
                return Some(Json::Object(members));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Json> {
        let mut elements = Vec::new();
        self.eat("[")?;
        self.blank();
        if self.eat("]").is_some() {
            return Some(Json::List(elements));
        }
        loop {
            elements.push(self.value(depth + 1)?);
            self.blank();
            if self.eat(",").is_none() {
                self.eat("]")?;
                return Some(Json::List(elements));
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        self.eat("\"")?;
        let mut text = String::new();
        loop {
            let from = self.at;
            // Quotes and backslashes are not part of another character in UTF-8, so a slice between them is sound.
            while !matches!(self.peek()?, b'"' | b'\\') {
                self.at += 1;
            }
            text.push_str(&self.text[from..self.at]);
            if self.eat("\"").is_some() {
                return Some(text);
            }
            self.at += 1;
            let escape = self.peek()?;
            self.at += 1;
            text.push(match escape {
                b'"' | b'\\' | b'/' => char::from(escape),
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'n' => '\n',
                b'r' => '\r',
                b't' => '\t',
                b'u' => self.unicode()?,
                _ => return None,
            });
        }
    }

    /// A `\u` escape, or a pair of them. A lone half becomes the replacement character: names stay readable, nothing is lost
    /// that a test could be called by.
    fn unicode(&mut self) -> Option<char> {
        let first = self.hex()?;
        if (0xd800..0xdc00).contains(&first) && self.eat("\\u").is_some() {
            let second = self.hex()?;
            let low = second.wrapping_sub(0xdc00);
            return Some(char::from_u32(0x10000 + ((first - 0xd800) << 10) + (low & 0x3ff)).unwrap_or('\u{fffd}'));
        }
        Some(char::from_u32(first).unwrap_or('\u{fffd}'))
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_each_kind_are_read() {
        let text = r#" {"a": [1, -2.5e3, true, false, null, {}], "b": "x\n\"\u00e9\ud83d\ude00\/", "c": []} "#;
        let json = Json::read(text).unwrap();
        assert_eq!(json.text("b"), Some("x\n\"é😀/"));
        assert_eq!(json.list("a").len(), 6);
        assert_eq!(json.list("a")[1], Json::Number("-2.5e3".into()));
        assert_eq!((json.list("c"), json.list("none")), (&[][..], &[][..]));
    }

    #[test]
    fn broken_texts_are_no_values() {
        for text in ["", "{", "[1,", "{\"a\"}", "\"x", "tru", "{} {}", "\"\\x\"", "\"\\u12\"", &"[".repeat(1000)] {
            assert_eq!(Json::read(text), None, "{text}");
        }
    }

    #[test]
    fn what_follows_a_value_is_given() {
        assert_eq!(
            Json::begin("{\"n\": 7} and more").map(|(value, rest)| (value.number("n"), rest)),
            Some((Some(7), " and more"))
        );
        assert_eq!(Json::read("\"\\ud800\""), Some(Json::Text("\u{fffd}".into())));
    }
}
