//! Variables: in words, and in texts such as those of compose files that take from the shell no more than these.

use crate::lexer::{Lexer, ShellDialect};
use crate::token::PartKind;

/// `$NAME`, `${NAME}` or `${NAME:-word}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShellParameter<'a> {
    /// The name; empty for what is not known here, such as `${#NAME}` and `$?`.
    pub name: &'a str,
    /// What is behind the name within the braces, such as `:-word`.
    pub operation: &'a str,
}

impl<'a> ShellParameter<'a> {
    /// Reads a [`PartKind::Parameter`] as it is written; `None` when its braces are open.
    #[must_use]
    pub fn parse(source: &'a str) -> Option<Self> {
        let after = source.strip_prefix("$$").or_else(|| source.strip_prefix('$'))?;
        if let Some(name) = after.strip_prefix('(') {
            return Some(Self { name: name.strip_suffix(')')?, operation: "" });
        }
        let inside = match after.strip_prefix('{') {
            Some(inside) => inside.strip_suffix('}')?,
            None => after,
        };
        let end = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inside.len());
        let (name, operation) = inside.split_at(end);
        Some(Self { name, operation })
    }
}

/// A piece of a text in which there are variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemplatePiece<'a> {
    /// Characters that represent themselves.
    Text(&'a str),
    /// A variable.
    Parameter(ShellParameter<'a>),
    /// A dollar that is neither escaped nor begins a variable, or one whose braces are open.
    Unknown,
}

/// Splits a text in which only a dollar has a meaning: quotes are characters, `$$` is a dollar, and a backslash takes a dollar's
/// meaning away.
#[must_use]
pub fn template(text: &str) -> Vec<TemplatePiece<'_>> {
    let mut pieces = Vec::new();
    let mut lexer = Lexer::new(text, ShellDialect::Shell);
    while let Some(length) = lexer.rest().find('$') {
        let (before, after) = lexer.rest().split_at(length);
        let is_double = after.starts_with("$$");
        if is_double || before.ends_with('\\') {
            pieces.push(TemplatePiece::Text(if is_double { before } else { &before[..length - 1] }));
            pieces.push(TemplatePiece::Text("$"));
            lexer.at += length + if is_double { 2 } else { 1 };
            continue;
        }
        pieces.push(TemplatePiece::Text(before));
        lexer.at += length;
        let start = lexer.at;
        let kind = lexer.expansion(true, &mut Vec::new());
        lexer.at = lexer.at.max(start + 1);
        let parameter = ShellParameter::parse(&text[start..lexer.at]).filter(|_| kind == Some(PartKind::Parameter));
        pieces.push(parameter.map_or(TemplatePiece::Unknown, TemplatePiece::Parameter));
    }
    pieces.push(TemplatePiece::Text(lexer.rest()));
    pieces.retain(|piece| *piece != TemplatePiece::Text(""));
    pieces
}
