//! Variables in a Dockerfile as BuildKit replaces them: one without a value is empty.
//!
//! Source: BuildKit, `frontend/dockerfile/shell`; Dockerfile reference, "Environment replacement".

use std::collections::{BTreeMap, BTreeSet};

use rcrepro_shell::{ShellDialect, ShellParameter, TemplatePiece, template};

/// The deepest nesting of defaults in defaults.
const DEEPEST: usize = 8;

/// The variables that one line sees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Scope {
    /// Variables with the values that this build gives them.
    pub values: BTreeMap<String, String>,
    /// Variables that have a value which no reading tells.
    pub hidden: BTreeSet<String>,
    /// Whether there may be more variables, such as those of a base image.
    pub is_open: bool,
}

/// What a text comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expanded {
    /// The text, in which a variable without a value is empty.
    pub text: String,
    /// The variables without a value that it names, and needs.
    pub unset: Vec<String>,
}

impl Scope {
    /// Gives a variable its value; none where no reading tells it.
    pub fn set(&mut self, name: &str, value: Option<String>) {
        match value {
            Some(value) => {
                self.hidden.remove(name);
                self.values.insert(name.to_owned(), value);
            }
            None => {
                self.values.remove(name);
                self.hidden.insert(name.to_owned());
            }
        }
    }

    /// Replaces the variables of a text; none where no reading tells what they come to.
    pub fn expand(&self, text: &str) -> Option<Expanded> {
        self.expand_within(text, 0)
    }

    fn expand_within(&self, text: &str, depth: usize) -> Option<Expanded> {
        if depth > DEEPEST {
            return None;
        }
        let mut found = Expanded { text: String::new(), unset: Vec::new() };
        for piece in template(text, ShellDialect::Shell) {
            match piece {
                TemplatePiece::Text(text) => found.text.push_str(text),
                TemplatePiece::Parameter(parameter) => {
                    let Expanded { text, unset } = self.value(parameter, depth)?;
                    found.text.push_str(&text);
                    found.unset.extend(unset);
                }
                TemplatePiece::Unknown => return None,
            }
        }
        Some(found)
    }

    fn value(&self, ShellParameter { name, operation }: ShellParameter<'_>, depth: usize) -> Option<Expanded> {
        let is_hidden = self.hidden.contains(name) || (self.is_open && !self.values.contains_key(name));
        if name.is_empty() || is_hidden {
            return None;
        }
        let value = self.values.get(name);
        let is_filled = value.is_some_and(|value| !value.is_empty());
        let other = |text: &str| self.expand_within(text, depth + 1);
        let plain = || match value {
            Some(value) => Expanded { text: value.clone(), unset: Vec::new() },
            None => Expanded { text: String::new(), unset: vec![name.to_owned()] },
        };
        if let Some(default) = operation.strip_prefix(":-") {
            return if is_filled { Some(plain()) } else { other(default) };
        }
        if let Some(default) = operation.strip_prefix('-') {
            return if value.is_some() { Some(plain()) } else { other(default) };
        }
        if let Some(instead) = operation.strip_prefix(":+") {
            return if is_filled { other(instead) } else { other("") };
        }
        if let Some(instead) = operation.strip_prefix('+') {
            return if value.is_some() { other(instead) } else { other("") };
        }
        let is_plain = operation.is_empty() || operation.starts_with(":?") || operation.starts_with('?');
        is_plain.then(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_without_a_value_are_empty_and_named() {
        let mut scope = Scope::default();
        scope.set("V", Some("1.26".to_owned()));
        scope.set("EMPTY", Some(String::new()));
        scope.set("HIDDEN", None);
        for (text, expected, unset) in [
            ("golang:$V-alpine", Some("golang:1.26-alpine"), &[][..]),
            ("a${NONE}b", Some("ab"), &["NONE"]),
            ("${NONE:-$V}${EMPTY:-2}${EMPTY-3}", Some("1.262"), &[]),
            ("a${V:+x}${NONE:+y}${EMPTY+z}", Some("axz"), &[]),
            ("${NONE:-$ALSO}", Some(""), &["ALSO"]),
            ("${V:?must be set}${NONE:?must be set}", Some("1.26"), &["NONE"]),
            ("${V%.*}", None, &[]),
            ("x$HIDDEN", None, &[]),
            ("plain", Some("plain"), &[]),
        ] {
            let found = scope.expand(text);
            assert_eq!(found.as_ref().map(|found| found.text.as_str()), expected, "{text}");
            assert_eq!(found.map(|found| found.unset).unwrap_or_default(), unset, "{text}");
        }
        scope.is_open = true;
        assert_eq!(scope.expand("$NONE"), None, "a base image may set it");
    }
}
