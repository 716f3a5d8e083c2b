//! JSON, with comments and commas before a closing bracket where they are allowed, such as TypeScript's and VS Code's configuration.

use jsonc_parser::ast;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::lines::Lines;
use super::node::{SyntaxError, SyntaxNode, Value};

/// Reads a document with the place of each node; `None` when the text holds none.
///
/// # Errors
/// [`SyntaxError`] for what is not JSON.
pub fn document(text: &str, comments: bool) -> Result<Option<SyntaxNode>, SyntaxError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = Lines::new(text);
    let parsed = parse_to_ast(text, &CollectOptions::default(), &options(comments)).map_err(|error| {
        let (line, column) = lines.place(error.range().start);
        SyntaxError { line, column, message: error.kind().to_string() }
    })?;
    Ok(parsed.value.map(|value| node(&value, &lines)))
}

/// Reads the value of a document with comments, of two properties with one name the last; `None` when the bytes are not such JSON.
#[must_use]
pub fn value(bytes: &[u8]) -> Option<serde_json::Value> {
    text_value(std::str::from_utf8(bytes).ok()?).ok().flatten()
}

/// As [`value`], with what is wrong where a text is not such JSON; `Ok(None)` when it holds no value.
///
/// # Errors
/// [`SyntaxError`] for what is not JSON, or has a number that nothing can hold.
pub fn text_value(text: &str) -> Result<Option<serde_json::Value>, SyntaxError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let wrong = |at: usize, message: String| {
        let (line, column) = Lines::new(text).place(at);
        SyntaxError { line, column, message }
    };
    let parsed = parse_to_ast(text, &CollectOptions::default(), &options(true))
        .map_err(|error| wrong(error.range().start, error.kind().to_string()))?;
    let read = |value: &ast::Value<'_>| typed(value).ok_or_else(|| wrong(0, "a number is too large".to_owned()));
    parsed.value.as_ref().map(read).transpose()
}

fn options(comments: bool) -> ParseOptions {
    ParseOptions {
        allow_comments: comments,
        allow_loose_object_property_names: false,
        allow_trailing_commas: comments,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        ..ParseOptions::default()
    }
}

fn typed(value: &ast::Value<'_>) -> Option<serde_json::Value> {
    Some(match value {
        ast::Value::StringLit(text) => serde_json::Value::String(text.value.to_string()),
        ast::Value::NumberLit(number) => serde_json::from_str(number.value).ok()?,
        ast::Value::BooleanLit(word) => serde_json::Value::Bool(word.value),
        ast::Value::NullKeyword(_) => serde_json::Value::Null,
        ast::Value::Array(array) => serde_json::Value::Array(array.elements.iter().map(typed).collect::<Option<_>>()?),
        ast::Value::Object(object) => {
            let pair =
                |property: &ast::ObjectProp<'_>| Some((property.name.as_str().to_owned(), typed(&property.value)?));
            serde_json::Value::Object(object.properties.iter().map(pair).collect::<Option<_>>()?)
        }
    })
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

    #[test]
    fn comments_and_last_commas_go_and_strings_stay() {
        let text = b"\xef\xbb\xbf{ // one\n \"a\": [1, 2,], /* two */ \"b//\": \"/* \\\" ,] */\", }";
        assert_eq!(value(text), Some(serde_json::json!({ "a": [1, 2], "b//": "/* \" ,] */" })));
        assert_eq!(value(b"{"), None);
        assert_eq!(text_value("{\n\"a\": }").expect_err("no value").line, 2);
        assert_eq!(text_value("// nothing\n"), Ok(None));
    }
}
