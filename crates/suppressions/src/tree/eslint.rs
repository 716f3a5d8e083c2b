//! What the configuration of eslint and oxlint takes out: rules that are off, and files that are left out. In `.eslintrc` of any form,
//! `eslint.config.js` and its like, `.oxlintrc.json` and `package.json`.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::audits::yaml_list;
use super::code::Comments;
use super::places::{Places, line_at};
use super::script_config::{is_usual, texts};
use crate::found::FoundSuppression;
use rcrepro_format::syntax::jsonc;

/// The kind of everything here.
pub(super) const KIND: &str = "eslint-config";
/// The key with the files that are left out, in all forms but that of a flat configuration.
const IGNORED: &str = "ignorePatterns";

/// A rule that is off, in a program: its name, and what it is set to.
static RULE_OR_LIST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?P<list>\b(?:ignores|ignorePatterns)["']?\s*:\s*\[|\bglobalIgnores\s*\(\s*\[)|["']?(?P<rule>[@\w][\w/@-]*)["']?\s*:\s*(?:\[\s*)?(?:["']off["']|0\s*[,\]}\n])"#,
    )
    .expect("a constant pattern")
});
/// The same on a line of YAML.
static YAML_RULE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^["']?(?P<rule>[@\w][\w/@-]*)["']?\s*:\s*(?:\[\s*)?["']?(?:off|0)["']?\s*(?:[,\]#].*)?$"#)
        .expect("a constant pattern")
});
/// How many bytes of a list are read.
const LONGEST_LIST: usize = 16 << 10;
/// Keys of a program that have a level or a number without being rules.
const NO_RULES: [&str; 5] =
    ["reportUnusedDisableDirectives", "reportUnusedInlineConfigs", "ecmaVersion", "indent_size", "version"];

/// Tells whether a file is a configuration that is a program.
pub(super) fn is_program(name: &str) -> bool {
    let ends = ["js", "cjs", "mjs", "ts", "cts", "mts"];
    let stem = name.rsplit_once('.').filter(|(_, ending)| ends.contains(ending)).map(|(stem, _)| stem);
    matches!(stem, Some("eslint.config" | ".eslintrc" | "oxlint.config"))
}

/// Reads JSON: lists of files, and the rules that are off, wherever overrides put them.
pub(super) fn of_value(config: &Value, text: &str) -> Vec<FoundSuppression> {
    let (places, mut found) = (Places::new(text), Vec::new());
    let mut open = vec![config];
    while let Some(config) = open.pop() {
        let ignored = config.get(IGNORED);
        let alone = ignored.and_then(Value::as_str);
        let list = ignored.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        found.extend(list.chain(alone).filter(|glob| !is_usual(glob)).map(|glob| left_out(places.line_of(glob), glob)));
        let rules = config.get("rules").and_then(Value::as_object).into_iter().flatten();
        let off = rules.filter(|(_, level)| is_off(level)).map(|(name, _)| name);
        found.extend(off.map(|name| switched_off(places.line_of(&format!("\"{name}\"")), name)));
        open.extend(config.get("overrides").and_then(Value::as_array).into_iter().flatten());
    }
    found.sort_by(|one, other| (one.line, &one.silences).cmp(&(other.line, &other.silences)));
    found
}

/// Reads what `package.json` has for eslint.
pub(super) fn package(package: &Value, text: &str) -> Vec<FoundSuppression> {
    let places = Places::new(text);
    let ignored = package.get("eslintIgnore").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let ignored = ignored.map(|glob| FoundSuppression::new("eslint-ignored", places.line_of(glob), glob));
    ignored.chain(package.get("eslintConfig").map(|config| of_value(config, text)).into_iter().flatten()).collect()
}

/// Reads `.eslintrc`, which is JSON or YAML.
pub(super) fn plain(path: &str, text: &str) -> Vec<FoundSuppression> {
    if !text.trim_start().starts_with(['{', '/']) {
        return yaml(path, text);
    }
    match jsonc::text_value(text) {
        Ok(value) => value.map(|value| of_value(&value, text)).unwrap_or_default(),
        Err(error) => {
            let line = u32::try_from(error.line).unwrap_or(u32::MAX);
            vec![FoundSuppression::unread(KIND, line, "it is not JSON; correct it, or delete it if no tool reads it")]
        }
    }
}

/// Reads YAML, line by line.
pub(super) fn yaml(_path: &str, text: &str) -> Vec<FoundSuppression> {
    let mut found: Vec<FoundSuppression> =
        yaml_list(text, &[IGNORED], KIND).into_iter().filter(|entry| !is_usual(&entry.silences)).collect();
    // How far the `rules:` are set in that are open.
    let mut rules: Option<usize> = None;
    for (line, content) in (1..).zip(text.lines()) {
        let trimmed = content.trim_start();
        let depth = content.len() - trimmed.len();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        rules = rules.filter(|above| depth > *above);
        if let Some(value) = trimmed.trim_start_matches("- ").strip_prefix("rules:") {
            rules = Some(depth);
            if value.trim_start().starts_with(['{', '*', '&']) && value.trim() != "{}" {
                found.push(FoundSuppression::unread(
                    KIND,
                    line,
                    "rules in a form that is not understood here; write one per line",
                ));
            }
        } else if rules.is_some()
            && let Some(rule) = YAML_RULE.captures(trimmed)
        {
            found.push(switched_off(line, &rule["rule"]));
        }
    }
    found
}

/// Reads a program: lists and levels that are written out. What is computed, or comes from a package, stays unseen.
pub(super) fn program(path: &str, text: &str) -> Vec<FoundSuppression> {
    let mut comments = Comments::of(path, text.as_bytes());
    let mut found = Vec::new();
    let (mut counted_to, mut line) = (0, 1u32);
    for hit in RULE_OR_LIST.captures_iter(text) {
        let whole = hit.get(0).expect("the group of the whole match");
        line = line.saturating_add(line_at(&text[counted_to..], whole.start() - counted_to) - 1);
        counted_to = whole.start();
        if comments.has(whole.start()) {
            continue;
        }
        match hit.name("rule") {
            Some(rule) if !NO_RULES.contains(&rule.as_str()) => found.push(switched_off(line, rule.as_str())),
            Some(_) => {}
            None => {
                let rest = &text[whole.end()..];
                let (globs, _) = texts(&rest[..rest.floor_char_boundary(LONGEST_LIST)]);
                found.extend(globs.iter().filter(|glob| !is_usual(glob)).map(|glob| left_out(line, glob)));
            }
        }
    }
    found
}

fn is_off(level: &Value) -> bool {
    match level {
        Value::String(level) => level == "off" || level == "allow",
        Value::Number(level) => level.as_u64() == Some(0),
        Value::Array(settings) => settings.first().is_some_and(|level| !level.is_array() && is_off(level)),
        _ => false,
    }
}

fn switched_off(line: u32, rule: &str) -> FoundSuppression {
    FoundSuppression::new(KIND, line, &format!("off {rule}"))
}

fn left_out(line: u32, glob: &str) -> FoundSuppression {
    FoundSuppression::new(KIND, line, glob)
}
