//! Variables in the manner of the shell: `$NAME`, `${NAME}`, `${NAME:-default}`.

use std::collections::BTreeMap;

/// Replaces the variables of a text by their values; `None` when one of them has neither a value nor a default.
///
/// `${NAME:?message}` is as `${NAME}`. `$$` is a dollar, and a backslash takes a dollar's meaning away.
#[must_use]
pub fn expand(text: &str, values: &BTreeMap<String, String>) -> Option<String> {
    expand_within(text, values, 0)
}

/// The deepest nesting of defaults and of values that hold variables.
const DEEPEST: usize = 8;

fn expand_within(text: &str, values: &BTreeMap<String, String>, depth: usize) -> Option<String> {
    if depth > DEEPEST {
        return None;
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        if let Some(kept) = before.strip_suffix('\\') {
            out.push_str(kept);
            out.push('$');
            rest = after;
            continue;
        }
        out.push_str(before);
        if let Some(body) = after.strip_prefix('{') {
            let end = closing(body)?;
            out.push_str(&braced(&body[..end], values, depth)?);
            rest = &body[end + 1..];
        } else if let Some(body) = after.strip_prefix('$') {
            out.push('$');
            rest = body;
        } else {
            let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
            if end == 0 {
                return None;
            }
            out.push_str(&expand_within(values.get(&after[..end])?, values, depth + 1)?);
            rest = &after[end..];
        }
    }
    out.push_str(rest);
    Some(out)
}

/// Finds the brace that closes, past those of nested variables.
fn closing(body: &str) -> Option<usize> {
    let mut open = 0usize;
    for (at, c) in body.char_indices() {
        match c {
            '{' => open += 1,
            '}' if open == 0 => return Some(at),
            '}' => open -= 1,
            _ => {}
        }
    }
    None
}

fn braced(body: &str, values: &BTreeMap<String, String>, depth: usize) -> Option<String> {
    let end = body.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(body.len());
    let (name, operation) = body.split_at(end);
    let value = values.get(name).map(|value| expand_within(value, values, depth + 1));
    let filled = match &value {
        Some(Some(text)) => !text.is_empty(),
        _ => false,
    };
    let other = |text: &str| expand_within(text, values, depth + 1);
    if let Some(default) = operation.strip_prefix(":-") {
        return if filled { value? } else { other(default) };
    }
    if let Some(default) = operation.strip_prefix('-') {
        return value.unwrap_or_else(|| other(default));
    }
    if let Some(instead) = operation.strip_prefix(":+").or_else(|| operation.strip_prefix('+')) {
        return if filled { other(instead) } else { Some(String::new()) };
    }
    if operation.is_empty() || operation.starts_with(":?") || operation.starts_with('?') {
        return value?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_defaults_are_put_in() {
        let values: BTreeMap<String, String> =
            [("V", "1.26"), ("IMAGE", "golang:${V}"), ("EMPTY", ""), ("LOOP", "$LOOP")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into();
        for (text, expected) in [
            ("golang:$V-alpine", Some("golang:1.26-alpine")),
            ("${IMAGE}", Some("golang:1.26")),
            ("a:${NONE:-$V}", Some("a:1.26")),
            ("a:${EMPTY:-2}${EMPTY-3}", Some("a:2")),
            ("a${V:+@x}${NONE:+y}", Some("a@x")),
            ("${V:?must be set}", Some("1.26")),
            ("\\$V $$V", Some("$V $V")),
            ("${NONE}", None),
            ("$NONE", None),
            ("$LOOP", None),
            ("${V%.*}", None),
            ("${V", None),
            ("plain", Some("plain")),
        ] {
            assert_eq!(expand(text, &values).as_deref(), expected, "{text}");
        }
    }
}
