//! The prose in a Rust file: doc comments and string literals.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, File, Lit, LitStr, Macro, Meta};

use super::text::{self, Text};
use crate::syntax;

/// Every doc comment and string literal, those in the arguments of macros and attributes included.
pub(super) fn texts(file: &File) -> Vec<Text> {
    let mut texts = Texts::default();
    texts.visit_file(file);
    texts.end_doc_comment();
    texts.found
}

#[derive(Default)]
struct Texts {
    found: Vec<Text>,
    /// The doc comment that is being read: its first line, and its lines so far.
    doc_comment: Option<(usize, Vec<String>)>,
}

impl Texts {
    fn add_doc_line(&mut self, line: usize, text: String) {
        if self.doc_comment.as_ref().is_some_and(|(first, lines)| first + lines.len() != line) {
            self.end_doc_comment();
        }
        self.doc_comment.get_or_insert((line, Vec::new())).1.push(text);
    }

    fn end_doc_comment(&mut self) {
        if let Some((first, lines)) = self.doc_comment.take() {
            self.found.push(text::of_doc_comment(&lines.join("\n"), first));
        }
    }

    fn add_literal(&mut self, literal: &LitStr) {
        self.found.push(Text::plain(&literal.value(), literal.span().start().line));
    }

    fn add_tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.add_tokens(group.stream()),
                TokenTree::Literal(literal) => {
                    if let Lit::Str(text) = Lit::new(literal) {
                        self.add_literal(&text);
                    }
                }
                _ => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Texts {
    fn visit_attribute(&mut self, attr: &'ast Attribute) {
        match (syntax::doc_line(attr), &attr.meta) {
            (Some((line, text)), _) => self.add_doc_line(line, text),
            (None, Meta::List(list)) => self.add_tokens(list.tokens.clone()),
            (None, meta) => visit::visit_meta(self, meta),
        }
    }

    fn visit_lit_str(&mut self, literal: &'ast LitStr) {
        self.add_literal(literal);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.add_tokens(call.tokens.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_found_with_their_lines() {
        let file = syn::parse_file(
            "//! Outer.\n\n/// One\n/// two.\n#[error(\"three\")]\nstruct A {\n    /// Four.\n    b: u8,\n}\n\
             // no prose\nfn f() { g(\"five\"); h!(i, \"six\", 7); }",
        );
        let found: Vec<(usize, String)> =
            texts(&file.unwrap()).iter().map(|text| (text.line_at(0), text.prose.trim().to_owned())).collect();
        let mut found: Vec<(usize, &str)> = found.iter().map(|(line, prose)| (*line, prose.as_str())).collect();
        found.sort_unstable();
        let expected = [(1, "Outer."), (3, "One two."), (5, "three"), (7, "Four."), (11, "five"), (11, "six")];
        assert_eq!(found, expected);
    }
}
