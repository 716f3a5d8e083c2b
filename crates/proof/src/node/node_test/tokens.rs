//! JavaScript as words, texts and marks: enough to tell a call from a text or comment that quotes one.
//!
//! Whether `/` begins a regular expression is told by what is before it. After a wrong guess, words are missing or too many; nothing
//! here is taken for certain without the tool's output.

/// A piece of code. Comments and regular expressions are left out, and so are the parts of templates that are text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A name, a keyword or a number.
    Word(String),
    /// A text, or a template without holes; `None` where an escape other than that of a quote is in it.
    Text(Option<String>),
    /// Any other character.
    Mark(char),
}

impl Token {
    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self, Self::Word(found) if found == word)
    }

    pub(super) fn is_mark(&self, mark: char) -> bool {
        *self == Self::Mark(mark)
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(Some(text)) => Some(text),
            _ => None,
        }
    }
}

/// Reads a script; gives each token with its line, counted from 1.
pub(super) fn tokens(script: &str) -> Vec<(usize, Token)> {
    let mut reader = Reader { rest: script, line: 1, found: Vec::new(), holes: Vec::new() };
    while let Some(next) = reader.rest.chars().next() {
        reader.step(next);
    }
    reader.found
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
    found: Vec<(usize, Token)>,
    /// How many braces are open in each hole of a template that is open.
    holes: Vec<usize>,
}

impl Reader<'_> {
    fn step(&mut self, next: char) {
        match next {
            '/' if self.rest.starts_with("//") => self.skip_to("\n", false),
            '/' if self.rest.starts_with("/*") => self.skip_to("*/", true),
            '/' if self.value_follows() => self.regular_expression(),
            '\'' | '"' => self.text(next),
            '`' => self.template(),
            '}' if self.holes.last() == Some(&0) => {
                self.holes.pop();
                self.take(1);
                self.template_text(true);
            }
            '{' | '}' => {
                if let Some(open) = self.holes.last_mut() {
                    *open = if next == '{' { *open + 1 } else { open.saturating_sub(1) };
                }
                self.mark(next);
            }
            _ if is_of_word(next) => {
                let end = self.rest.find(|c: char| !is_of_word(c)).unwrap_or(self.rest.len());
                let word = self.rest[..end].to_owned();
                self.push(Token::Word(word));
                self.take(end);
            }
            _ if next.is_whitespace() => self.take(next.len_utf8()),
            _ => self.mark(next),
        }
    }

    fn push(&mut self, token: Token) {
        self.found.push((self.line, token));
    }

    fn mark(&mut self, mark: char) {
        self.push(Token::Mark(mark));
        self.take(mark.len_utf8());
    }

    fn take(&mut self, bytes: usize) {
        let (taken, rest) = self.rest.split_at(bytes);
        self.line += taken.matches('\n').count();
        self.rest = rest;
    }

    fn skip_to(&mut self, end: &str, with_it: bool) {
        let at = self.rest.find(end).map_or(self.rest.len(), |at| at + if with_it { end.len() } else { 0 });
        self.take(at);
    }

    /// Whether what is before a `/` ends no value, so that it does not divide.
    fn value_follows(&self) -> bool {
        match self.found.last() {
            None => true,
            Some((_, Token::Word(word))) => ["return", "typeof", "case", "in", "of", "void"].contains(&word.as_str()),
            Some((_, Token::Text(_))) => false,
            Some((_, Token::Mark(mark))) => !matches!(mark, ')' | ']' | '}'),
        }
    }

    fn regular_expression(&mut self) {
        let (mut in_class, mut escaped) = (false, false);
        let end = self.rest.char_indices().skip(1).find(|(_, c)| {
            let ends = !escaped && !in_class && *c == '/' || *c == '\n';
            match c {
                '[' if !escaped => in_class = true,
                ']' if !escaped => in_class = false,
                _ => {}
            }
            escaped = !escaped && *c == '\\';
            ends
        });
        self.push(Token::Text(None));
        self.take(end.map_or(self.rest.len(), |(at, _)| at + 1));
    }

    fn text(&mut self, quote: char) {
        self.take(1);
        let end = self.unescaped(&|rest| rest.starts_with([quote, '\n']));
        let text = plain(&self.rest[..end]);
        self.push(Token::Text(text));
        self.take(end);
        self.take(usize::from(self.rest.starts_with(quote)));
    }

    fn template(&mut self) {
        self.take(1);
        self.template_text(false);
    }

    /// Reads a template up to its end or its next hole.
    fn template_text(&mut self, behind_hole: bool) {
        let end = self.unescaped(&|rest| rest.starts_with('`') || rest.starts_with("${"));
        let hole = self.rest[end..].starts_with("${");
        if !behind_hole {
            let text = if hole { None } else { plain(&self.rest[..end]) };
            self.push(Token::Text(text));
        }
        self.take(end);
        if hole {
            self.holes.push(0);
            self.take(2);
        } else {
            self.take(self.rest.len().min(1));
        }
    }

    /// Finds the first place, not behind a backslash, where the rest passes.
    fn unescaped(&self, ends: &dyn Fn(&str) -> bool) -> usize {
        let mut escaped = false;
        let found = self.rest.char_indices().find(|(at, c)| {
            let ended = !escaped && ends(&self.rest[*at..]);
            escaped = !escaped && *c == '\\';
            ended
        });
        found.map_or(self.rest.len(), |(at, _)| at)
    }
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '#')
}

/// Takes the backslashes before quotes out of a text; none where others are in it.
fn plain(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(next) = characters.next() {
        plain.push(match next {
            '\\' => characters.next().filter(|c| matches!(c, '\'' | '"' | '`' | '\\'))?,
            other => other,
        });
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(script: &str) -> String {
        let word = |(_, token): (usize, Token)| match token {
            Token::Word(word) => word,
            Token::Text(text) => format!("<{}>", text.unwrap_or_default()),
            Token::Mark(mark) => mark.to_string(),
        };
        tokens(script).into_iter().map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_texts_and_expressions_are_no_code() {
        assert_eq!(shown("a // b\n/* c\nd */ e"), "a e");
        assert_eq!(shown(r"f('it\'s', `x`, /[/]'/g) / 2"), "f ( <it's> , <x> , <> g ) / 2");
        assert_eq!(shown("`a ${ g({ b: `c ${d}` }) } e` h"), "<> g ( { b : <> d } ) h");
        assert_eq!(shown(r"'\n' '"), "<> <>");
        assert_eq!(tokens("a\n`x\ny`\nb").last(), Some(&(4, Token::Word("b".to_owned()))));
    }
}
