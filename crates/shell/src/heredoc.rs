//! Here-documents: their bodies are behind the line on which they are asked for.

use crate::lexer::{Lexer, Pending};
use crate::token::{ShellTokenKind, Substitution};

impl Lexer<'_> {
    /// Reads the bodies of the here-documents that wait for them.
    pub(crate) fn heredocs(&mut self) {
        for pending in std::mem::take(&mut self.pending) {
            let start = self.at;
            let (body, end) = self.body(&pending);
            if end == start {
                continue;
            }
            let substitutions = if pending.quoted { Vec::new() } else { self.expansions_until(body) };
            self.at = end;
            self.push(start, ShellTokenKind::HereDocument { substitutions });
        }
    }

    /// Finds where the body ends, and where the line behind it does.
    fn body(&self, pending: &Pending) -> (usize, usize) {
        let mut at = self.at;
        for line in self.rest().split_inclusive('\n') {
            let text = line.trim_end_matches(['\n', '\r']);
            let text = if pending.indented { text.trim_start_matches('\t') } else { text };
            if text == pending.delimiter {
                return (at, at + line.len());
            }
            at += line.len();
        }
        (at, at)
    }

    /// Reads the substitutions of a part of the text in which quotes are characters like all others.
    fn expansions_until(&mut self, end: usize) -> Vec<Substitution> {
        let (text, mut found) = (self.text, Vec::new());
        self.text = &text[..end];
        while let Some(next) = self.rest().find(['$', '`', '\\']) {
            self.at += next;
            if self.rest().starts_with('\\') {
                self.at += 1 + self.rest().chars().nth(1).map_or(0, char::len_utf8);
            } else if self.expansion(true, &mut found).is_none() {
                self.at += 1;
            }
        }
        self.text = text;
        self.pending.clear();
        found
    }
}
