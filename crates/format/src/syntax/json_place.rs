//! Where in a JSON document an error is: its field, by name, beside line and column.

/// How many fields on the way are named, and how many characters of each.
const NAMED: (usize, usize) = (16, 64);

/// How many characters of a message are shown: it quotes the value.
const MESSAGE: usize = 400;

/// Returns what is wrong, where: the place once, with the names of the fields on the way.
#[must_use]
pub fn described(bytes: &[u8], error: &serde_json::Error) -> String {
    let text = error.to_string();
    let suffix = format!(" at line {} column {}", error.line(), error.column());
    let message = text.strip_suffix(&suffix).unwrap_or(&text);
    let message = match message.char_indices().nth(MESSAGE) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message.to_owned(),
    };
    drop(text);
    match field(bytes, error.line(), error.column()) {
        field if field.is_empty() => message,
        field => format!("{message} (in `{field}`)"),
    }
}

/// An object or an array that is open.
enum Open {
    Object(String),
    Array(usize),
}

/// Names the field that is open at a place; both count from 1.
fn field(bytes: &[u8], line: usize, column: usize) -> String {
    let before: usize =
        bytes.split_inclusive(|byte| *byte == b'\n').take(line.saturating_sub(1)).map(<[u8]>::len).sum();
    let end = before.saturating_add(column).min(bytes.len());
    let mut open: Vec<Open> = Vec::new();
    // What is open below those that are named.
    let mut deeper: usize = 0;
    let mut at = 0;
    while at < end {
        match bytes[at] {
            b'{' | b'[' if open.len() == NAMED.0 => deeper += 1,
            b'{' => open.push(Open::Object(String::new())),
            b'[' => open.push(Open::Array(0)),
            b'}' | b']' if deeper > 0 => deeper -= 1,
            b'}' | b']' => drop(open.pop()),
            b',' => {
                if let Some(Open::Array(index)) = open.last_mut()
                    && deeper == 0
                {
                    *index += 1;
                }
            }
            b'"' => {
                let begin = at + 1;
                at = begin;
                while at < end && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                let text = bytes.get(begin..at.min(end)).unwrap_or_default();
                let is_name = bytes.get(at + 1..).is_some_and(|rest| rest.trim_ascii_start().starts_with(b":"));
                if let Some(Open::Object(name)) = open.last_mut()
                    && is_name
                    && deeper == 0
                {
                    let text = &text[..text.len().min(NAMED.1 * 4)];
                    *name = String::from_utf8_lossy(text).chars().take(NAMED.1).collect();
                }
            }
            _ => {}
        }
        at += 1;
    }
    let names = open.iter().map(|open| match open {
        Open::Object(name) => name.clone(),
        Open::Array(index) => index.to_string(),
    });
    let names = names.chain((deeper > 0).then(|| "…".to_owned()));
    names.filter(|name| !name.is_empty()).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only its name matters")]
        raw: String,
    }

    fn wrong(text: &str) -> String {
        let error = serde_json::from_str::<BTreeMap<String, Vec<Inner>>>(text).expect_err("wrong");
        described(text.as_bytes(), &error)
    }

    #[test]
    fn the_field_is_named_and_the_place_is_not_repeated() {
        assert_eq!(wrong(r#"{"a":[{"raw":"x"},{"raw":"\"{","raw":"y"}]}"#), "duplicate field `raw` (in `a.1.raw`)");
        assert_eq!(wrong("{\n  \"a\": [{\"other\": 1}]}"), "unknown field `other`, expected `raw` (in `a.0.other`)");
        assert_eq!(wrong(r#"{"a":[{"raw":7}]}"#), "invalid type: integer `7`, expected a string (in `a.0.raw`)");
        let deep = wrong(&"{\"a\":".repeat(100_000));
        assert!(deep.len() < 200, "{deep}");
        assert_eq!(field("{\"a\":".repeat(20).as_bytes(), 1, 100), format!("{}…", "a.".repeat(16)));
        assert_eq!(wrong(""), "EOF while parsing a value");
    }
}
