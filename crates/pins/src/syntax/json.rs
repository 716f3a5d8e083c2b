//! JSON, with comments and trailing commas where they are allowed → [`SyntaxNode`]s.

use jsonc_parser::ast;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::node::{SyntaxError, SyntaxNode, Value};

/// Reads a document; `None` when the file is empty.
///
/// # Errors
/// [`SyntaxError`] for what is not JSON.
pub fn document(text: &str, comments: bool) -> Result<Option<SyntaxNode>, SyntaxError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let options = ParseOptions {
        allow_comments: comments,
        allow_loose_object_property_names: false,
        allow_trailing_commas: comments,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        ..ParseOptions::default()
    };
    let lines = Lines::new(text);
    let parsed = parse_to_ast(text, &CollectOptions::default(), &options).map_err(|error| {
        let (line, column) = lines.place(error.range().start);
        SyntaxError { line, column, message: error.kind().to_string() }
    })?;
    Ok(parsed.value.map(|value| node(&value, &lines)))
}

fn node(value: &ast::Value<'_>, lines: &Lines<'_>) -> SyntaxNode {
    let scalar = |start: usize, quoted: usize, text: &str| {
        let (line, column) = lines.place(start);
        SyntaxNode { line, column: column + quoted, value: Value::Scalar(text.to_owned()) }
    };
    match value {
        ast::Value::StringLit(text) => scalar(text.range.start, 1, &text.value),
        ast::Value::NumberLit(number) => scalar(number.range.start, 0, number.value),
        ast::Value::BooleanLit(word) => scalar(word.range.start, 0, if word.value { "true" } else { "false" }),
        ast::Value::NullKeyword(word) => scalar(word.range.start, 0, ""),
        ast::Value::Array(array) => {
            let (line, column) = lines.place(array.range.start);
            SyntaxNode {
                line,
                column,
                value: Value::List(array.elements.iter().map(|member| node(member, lines)).collect()),
            }
        }
        ast::Value::Object(object) => {
            let (line, column) = lines.place(object.range.start);
            let pair = |property: &ast::ObjectProp<'_>| {
                let key = scalar(property.range.start, 1, property.name.as_str());
                (key, node(&property.value, lines))
            };
            SyntaxNode { line, column, value: Value::Map(object.properties.iter().map(pair).collect()) }
        }
    }
}

/// Finds lines and columns of byte offsets.
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// Indexes a text.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    /// Returns line and column in characters, both from 1.
    #[must_use]
    pub fn place(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line.saturating_sub(1)];
        let before = self.text.get(start..offset).unwrap_or_default();
        (line, before.chars().count() + 1)
    }

    /// Returns a line, from 1, without its end.
    #[must_use]
    pub fn line(&self, number: usize) -> &'a str {
        let start = self.starts.get(number - 1).copied().unwrap_or(self.text.len());
        let end = self.starts.get(number).map_or(self.text.len(), |next| next - 1);
        self.text.get(start..end).unwrap_or_default().trim_end_matches('\r')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_allowed_where_they_are_allowed() {
        let text = "{ // c\n  \"a\": [\"b\", 2,], /* d */\n}\n";
        let a = document(text, true).expect("good JSON").expect("a value").get("a").cloned().expect("a list");
        let places: Vec<_> = a.members().iter().map(|node| (node.text().unwrap_or_default(), node.place())).collect();
        assert_eq!(places, [("b", (2, 10)), ("2", (2, 14))]);
        assert_eq!(document(text, false).expect_err("a comment").line, 1);
        assert_eq!(document("", true), Ok(None));
    }
}
