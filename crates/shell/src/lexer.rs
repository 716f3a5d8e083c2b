//! Tokens: blanks, comments, operators, redirections, and words where nothing else fits.

use std::ops::Range;

use crate::token::{Redirection, ShellToken, ShellTokenKind};

/// How deep brackets in brackets are followed.
pub const DEEPEST: usize = 64;

/// Who reads the text before or as the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShellDialect {
    /// A shell alone.
    Shell,
    /// `make`, and then a shell: `$(NAME)` is a variable, and `$$` the dollar that the shell gets.
    Make,
}

/// Splits a text.
#[must_use]
pub fn tokens(text: &str, dialect: ShellDialect) -> Vec<ShellToken> {
    tokens_within(text, 0..text.len(), dialect)
}

/// Splits a part of a text, such as the inside of a substitution; the tokens' ranges are of the whole text.
///
/// # Panics
/// If the range does not lie on the boundaries of characters within the text.
#[must_use]
pub fn tokens_within(text: &str, range: Range<usize>, dialect: ShellDialect) -> Vec<ShellToken> {
    let mut lexer = Lexer::new(&text[..range.end], dialect);
    lexer.at = range.start;
    while lexer.step() {}
    lexer.tokens
}

const OPERATORS: [&str; 12] = [";;&", "&&", "||", ";;", ";&", "|&", ";", "&", "|", "(", ")", "\n"];

const REDIRECTIONS: [&str; 12] = ["&>>", "&>", "<<<", "<<-", "<<", "<&", "<>", "<", ">>", ">&", ">|", ">"];

/// A here-document whose body is still to come.
pub(crate) struct Pending {
    pub delimiter: String,
    /// Whether nothing in the body is expanded.
    pub quoted: bool,
    /// Whether tabs before its lines are taken away.
    pub indented: bool,
}

pub(crate) struct Lexer<'a> {
    /// The text as far as it may be read.
    pub text: &'a str,
    /// How far it has been read.
    pub at: usize,
    pub dialect: ShellDialect,
    /// How many brackets of expansions are open.
    pub depth: usize,
    pub tokens: Vec<ShellToken>,
    /// Here-documents whose bodies begin behind the next line feed.
    pub pending: Vec<Pending>,
    /// The parentheses that are open.
    parens: usize,
    /// How many were open before the two of an arithmetic command.
    arithmetic: Option<usize>,
}

impl<'a> Lexer<'a> {
    pub(crate) const fn new(text: &'a str, dialect: ShellDialect) -> Self {
        Self { text, at: 0, dialect, depth: 0, tokens: Vec::new(), pending: Vec::new(), parens: 0, arithmetic: None }
    }

    pub(crate) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Goes past a text if it is next.
    pub(crate) fn take(&mut self, expected: &str) -> bool {
        let found = self.rest().starts_with(expected);
        self.at += if found { expected.len() } else { 0 };
        found
    }

    pub(crate) fn push(&mut self, start: usize, kind: ShellTokenKind) {
        self.tokens.push(ShellToken { range: start..self.at, kind });
    }

    /// Reads a token, or two at the end of a line; false at the end of the text.
    pub(crate) fn step(&mut self) -> bool {
        let start = self.at;
        self.blanks();
        if self.at > start {
            self.push(start, ShellTokenKind::Blank);
            return true;
        }
        let Some(first) = self.rest().chars().next() else { return false };
        if first == '#' {
            self.at += self.rest().find('\n').unwrap_or(self.rest().len());
            self.push(start, ShellTokenKind::Comment);
        } else if let Some(redirection) = self.redirection() {
            self.push(start, ShellTokenKind::Redirection(redirection));
        } else if let Some(operator) = OPERATORS.into_iter().find(|operator| self.rest().starts_with(operator)) {
            self.operator(operator);
        } else {
            let word = self.word();
            self.push(start, ShellTokenKind::Word(word));
        }
        true
    }

    fn blanks(&mut self) {
        loop {
            self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t', '\r']).len();
            if !self.take("\\\n") {
                return;
            }
        }
    }

    fn operator(&mut self, operator: &'static str) {
        let start = self.at;
        self.at += operator.len();
        match operator {
            "(" => {
                let open = ShellTokenKind::Operator("(");
                let is_second = self.tokens.last().is_some_and(|last| last.kind == open && last.range.end == start);
                if is_second && self.arithmetic.is_none() {
                    self.arithmetic = Some(self.parens.saturating_sub(1));
                }
                self.parens += 1;
            }
            ")" => {
                self.parens = self.parens.saturating_sub(1);
                self.arithmetic = self.arithmetic.filter(|before| self.parens > *before);
            }
            _ => {}
        }
        self.push(start, ShellTokenKind::Operator(operator));
        if operator == "\n" {
            self.heredocs();
        }
    }

    fn redirection(&mut self) -> Option<Redirection> {
        let digits = self.rest().find(|c: char| !c.is_ascii_digit())?;
        let (descriptor, after) = self.rest().split_at(digits);
        let operator = REDIRECTIONS.into_iter().find(|operator| after.starts_with(operator))?;
        // `<(…)` is a word, and in `2&>x` the digit is one.
        let is_process = matches!(operator, "<" | ">") && after[1..].starts_with('(') && self.depth < DEEPEST;
        if is_process || (digits > 0 && operator.starts_with('&')) {
            return None;
        }
        self.at += digits + operator.len();
        self.blanks();
        let target = self.word();
        // In `((1 << 2))` this is a shift.
        if matches!(operator, "<<" | "<<-") && self.arithmetic.is_none() {
            let (delimiter, quoted) = (target.text.clone(), target.quoted);
            self.pending.push(Pending { delimiter, quoted, indented: operator == "<<-" });
        }
        Some(Redirection { descriptor: descriptor.to_owned(), operator, target })
    }

    /// Goes to the parenthesis that closes what was opened before, past everything that a shell would read until then.
    pub(crate) fn until_closed(&mut self) {
        let outer = (std::mem::take(&mut self.tokens), self.parens, self.arithmetic);
        // `$((`.
        let is_arithmetic = self.text[..self.at].ends_with("$(") && self.rest().starts_with('(');
        (self.parens, self.arithmetic) = (0, is_arithmetic.then_some(0));
        while !(self.parens == 0 && self.rest().starts_with(')')) && self.step() {
            // What is inside is read again by those who want to know it.
            self.tokens.drain(..self.tokens.len().saturating_sub(1));
        }
        (self.tokens, self.parens, self.arithmetic) = outer;
    }
}
