//! `go.mod` and `go.work`: the lines `go` and `toolchain`.
//!
//! Source: Go Modules Reference, "go directive" and "toolchain directive": `go` is the least version, `toolchain` the
//! one that is used where the local one is older.

use crate::reference::{Mention, ReferencedTool, SourceKind, Use};

/// Finds the two lines.
#[must_use]
pub fn mentions(text: &str, work: bool) -> Vec<Mention> {
    let mut found = Vec::new();
    let mut block = false;
    for (number, line) in (1..).zip(text.lines()) {
        let code = line.split("//").next().unwrap_or_default();
        let mut words = code.split_whitespace();
        match (block, words.next()) {
            (true, Some(")")) => block = false,
            (false, Some(word)) if code.trim_end().ends_with('(') => block = word != ")",
            (false, Some(word @ ("go" | "toolchain"))) => {
                let Some(value) = words.next() else { continue };
                let column = line.find(value).map_or(1, |at| line[..at].chars().count() + 1);
                let (kind, usage) = match (word, work) {
                    ("go", false) => (SourceKind::GoModGo, Use::Minimum),
                    ("go", true) => (SourceKind::GoWorkGo, Use::Minimum),
                    (_, false) => (SourceKind::GoModToolchain, Use::Selects),
                    (_, true) => (SourceKind::GoWorkToolchain, Use::Selects),
                };
                found.push(Mention::new((number, column), ReferencedTool::Go, kind, value).used(usage));
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_lines_count() {
        let text = "module m // go 1.2\n\ngo 1.25.0 // at least\ntoolchain go1.26.8\nrequire (\n\tgo 1.1\n)\nrequire x v1.0.0\n";
        let found: Vec<_> = mentions(text, false).into_iter().map(|m| (m.line, m.column, m.kind, m.value)).collect();
        assert_eq!(
            found,
            [
                (3, 4, SourceKind::GoModGo, "1.25.0".to_owned()),
                (4, 11, SourceKind::GoModToolchain, "go1.26.8".to_owned())
            ]
        );
        assert_eq!(mentions("go 1.25\n\nuse ./a\n", true)[0].kind, SourceKind::GoWorkGo);
    }
}
