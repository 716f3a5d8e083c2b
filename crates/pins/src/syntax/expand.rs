//! Variables in the manner of the shell: `$NAME`, `${NAME}`, `${NAME:-default}`.

use std::collections::BTreeMap;

use rcrepro_shell::{ShellDialect, ShellParameter, TemplatePiece, template};

/// Replaces the variables of a text by their values; `None` when one of them has neither a value nor a default.
///
/// `${NAME:?message}` is as `${NAME}`. `$$` is a dollar, and a backslash takes a dollar's meaning away.
#[must_use]
pub fn expand(text: &str, values: &BTreeMap<String, String>) -> Option<String> {
    expand_within(text, values, ShellDialect::Shell, 0)
}

/// As [`expand`], where `$(NAME)` is a variable, too.
#[must_use]
pub fn expand_macros(text: &str, values: &BTreeMap<String, String>) -> Option<String> {
    expand_within(text, values, ShellDialect::Make, 0)
}

/// Returns what one variable comes to.
#[must_use]
pub fn value(
    parameter: ShellParameter<'_>,
    values: &BTreeMap<String, String>,
    dialect: ShellDialect,
) -> Option<String> {
    value_within(parameter, values, dialect, 0)
}

/// The deepest nesting of defaults and of values that hold variables.
const DEEPEST: usize = 8;

fn expand_within(text: &str, values: &BTreeMap<String, String>, dialect: ShellDialect, depth: usize) -> Option<String> {
    if depth > DEEPEST {
        return None;
    }
    let pieces = template(text, dialect).into_iter().map(|piece| match piece {
        TemplatePiece::Text(text) => Some(text.to_owned()),
        TemplatePiece::Parameter(parameter) => value_within(parameter, values, dialect, depth),
        TemplatePiece::Unknown => None,
    });
    pieces.collect()
}

fn value_within(
    parameter: ShellParameter<'_>,
    values: &BTreeMap<String, String>,
    dialect: ShellDialect,
    depth: usize,
) -> Option<String> {
    let ShellParameter { name, operation } = parameter;
    if name.is_empty() {
        return None;
    }
    let value = values.get(name).map(|value| expand_within(value, values, dialect, depth + 1));
    let filled = match &value {
        Some(Some(text)) => !text.is_empty(),
        _ => false,
    };
    let other = |text: &str| expand_within(text, values, dialect, depth + 1);
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
            ("$-$?", None),
            ("${NONE:-a b}'$V'", Some("a b'1.26'")),
            ("$(V)", None),
        ] {
            assert_eq!(expand(text, &values).as_deref(), expected, "{text}");
        }
        for (text, expected) in
            [("$(V)-x", Some("1.26-x")), ("$(NONE)", None), ("$(shell V)", None), ("${V}", Some("1.26"))]
        {
            assert_eq!(expand_macros(text, &values).as_deref(), expected, "{text}");
        }
    }
}
