//! Words: quotes, escapes, expansions and substitutions.

use crate::lexer::{DEEPEST, Lexer, ShellDialect};
use crate::token::{PartKind, ShellWord, Substitution, WordPart};

impl Lexer<'_> {
    /// Reads a word as far as it goes; it is empty where none begins.
    pub(crate) fn word(&mut self) -> ShellWord {
        let (mut word, mut is_within) = (ShellWord::default(), false);
        while let Some(c) = self.rest().chars().next() {
            let start = self.at;
            let after = &self.rest()[c.len_utf8()..];
            let kind = match c {
                '"' => {
                    (word.quoted, is_within) = (true, !is_within);
                    self.at += 1;
                    // The quotes belong to neither side.
                    word.parts.push(WordPart { range: start..self.at, kind: PartKind::DoubleQuote, quoted: false });
                    continue;
                }
                '\\' if after.starts_with('\n') => {
                    self.at += 2;
                    PartKind::Continuation
                }
                '\\' if !is_within || after.starts_with(['$', '`', '"', '\\']) => {
                    word.quoted = true;
                    word.text.extend(after.chars().next());
                    self.at += 1 + after.chars().next().map_or(0, char::len_utf8);
                    PartKind::Escape
                }
                '\'' if !is_within => {
                    let end = after.find('\'').unwrap_or(after.len());
                    word.text.push_str(&after[..end]);
                    word.quoted = true;
                    self.at = (start + end + 2).min(self.text.len());
                    PartKind::SingleQuotes
                }
                '$' if !is_within && after.starts_with('\'') => self.ansi_quotes(&mut word),
                '<' | '>' if !is_within && after.starts_with('(') && self.depth < DEEPEST => {
                    self.at += 2;
                    self.substitution(&mut word.substitutions);
                    word.text.push_str(&self.text[start..self.at]);
                    PartKind::Substitution
                }
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' if !is_within => break,
                _ => {
                    let kind = self.expansion(is_within, &mut word.substitutions);
                    self.at += if kind.is_none() { c.len_utf8() } else { 0 };
                    word.splits |= !is_within && (kind.is_some() || matches!(c, '$' | '*' | '?' | '[' | '{'));
                    word.text.push_str(&self.text[start..self.at]);
                    kind.unwrap_or(PartKind::Literal)
                }
            };
            word.add(WordPart { range: start..self.at, kind, quoted: is_within });
        }
        word
    }

    /// Reads `$'…'`, in which a backslash keeps the quote behind it.
    fn ansi_quotes(&mut self, word: &mut ShellWord) -> PartKind {
        let inside = &self.rest()[2..];
        let mut is_escaped = false;
        let end = inside.find(|c| {
            let ends = c == '\'' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            ends
        });
        let end = end.unwrap_or(inside.len());
        word.text.push('$');
        word.text.push_str(&inside[..end]);
        (word.quoted, word.splits) = (true, true);
        self.at = (self.at + 2 + end + 1).min(self.text.len());
        PartKind::AnsiQuotes
    }

    /// Reads what begins with a dollar or a backquote, if it expands to something.
    pub(crate) fn expansion(&mut self, is_within: bool, found: &mut Vec<Substitution>) -> Option<PartKind> {
        if self.depth >= DEEPEST {
            return None;
        }
        if self.take("`") {
            self.backquotes(found);
            return Some(PartKind::Substitution);
        }
        let rest = self.rest();
        if self.dialect == ShellDialect::Make && !rest.starts_with("$$") {
            return self.make_variable(is_within, found);
        }
        // Make hands the second dollar on.
        let dollars = if self.dialect == ShellDialect::Make { 2 } else { 1 };
        let after = rest.strip_prefix('$')?;
        let after = &after[dollars - 1..];
        if after.starts_with('(') {
            self.at += dollars + 1;
            self.substitution(found);
            return Some(PartKind::Substitution);
        }
        if after.starts_with('{') {
            self.at += dollars + 1;
            self.braces(is_within, found);
            return Some(PartKind::Parameter);
        }
        let special = after.starts_with(|c: char| "0123456789@*#?$!-".contains(c)).then_some(1);
        self.at += dollars + name(after).or(special)?;
        Some(PartKind::Parameter)
    }

    /// Reads what make expands: `$(NAME)`, `${NAME}` and `$@`; what is more than a name may run something. Of `$NAME` make takes
    /// one letter alone, which nobody means.
    fn make_variable(&mut self, is_within: bool, found: &mut Vec<Substitution>) -> Option<PartKind> {
        let after = self.rest().strip_prefix('$')?;
        if let Some(inside) = after.strip_prefix('(') {
            let length = inside.find(|c: char| !c.is_ascii_alphanumeric() && !"_.-".contains(c)).unwrap_or(0);
            self.at += 2;
            if length > 0 && inside[length..].starts_with(')') {
                self.at += length + 1;
                return Some(PartKind::Parameter);
            }
            self.substitution(found);
            return Some(PartKind::Substitution);
        }
        if after.starts_with('{') {
            self.at += 2;
            self.braces(is_within, found);
        } else {
            let special = after.starts_with(|c: char| "@<^?*+%|".contains(c)).then_some(1);
            self.at += 1 + name(after).or(special)?;
        }
        Some(PartKind::Parameter)
    }

    /// Reads the inside of a substitution and the parenthesis that closes it.
    fn substitution(&mut self, found: &mut Vec<Substitution>) {
        let start = self.at;
        self.depth += 1;
        self.until_closed();
        self.depth -= 1;
        found.push(Substitution { inside: start..self.at, backquoted: false });
        self.take(")");
    }

    fn backquotes(&mut self, found: &mut Vec<Substitution>) {
        let (start, inside) = (self.at, self.rest());
        let mut is_escaped = false;
        let end = inside.find(|c| {
            let ends = c == '`' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            ends
        });
        self.at += end.unwrap_or(inside.len());
        found.push(Substitution { inside: start..self.at, backquoted: true });
        self.take("`");
    }

    /// Goes past the brace that closes `${…}`, and gathers the substitutions before it. Within double quotes a single quote
    /// is a character like all others.
    fn braces(&mut self, is_within: bool, found: &mut Vec<Substitution>) {
        self.depth += 1;
        let mut is_quoted = false;
        while let Some(c) = self.rest().chars().next() {
            let after = &self.rest()[c.len_utf8()..];
            match c {
                '}' if !is_quoted => {
                    self.at += 1;
                    break;
                }
                '\\' => self.at += 1 + after.chars().next().map_or(0, char::len_utf8),
                '"' => {
                    is_quoted = !is_quoted;
                    self.at += 1;
                }
                '\'' if !is_within && !is_quoted => {
                    self.at += 1 + after.find('\'').map_or(after.len(), |end| end + 1);
                }
                '<' | '>' if !is_within && !is_quoted && after.starts_with('(') && self.depth < DEEPEST => {
                    self.at += 2;
                    self.substitution(found);
                }
                _ => {
                    if self.expansion(is_within || is_quoted, found).is_none() {
                        self.at += c.len_utf8();
                    }
                }
            }
        }
        self.depth -= 1;
    }
}

/// Returns the length of the name at the front of a text.
fn name(text: &str) -> Option<usize> {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    begins.then_some(end)
}

impl ShellWord {
    /// Adds a part; characters that represent themselves are one part as far as they go.
    fn add(&mut self, part: WordPart) {
        match self.parts.last_mut() {
            Some(last) if last.kind == PartKind::Literal && part.kind == last.kind && part.quoted == last.quoted => {
                last.range.end = part.range.end;
            }
            _ => self.parts.push(part),
        }
    }
}
