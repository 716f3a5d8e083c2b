//! gitleaks' configuration, and reports of it that serve as baselines.

use serde_json::{Map, Value};

use super::places::Places;
use crate::found::FoundSuppression;

/// The keys that hold allow lists, in the order in which gitleaks came to know them.
const LISTS: [&str; 2] = ["allowlist", "allowlists"];

/// Reads `.gitleaks.toml`.
pub(super) fn config(config: &Value, text: &str) -> Vec<FoundSuppression> {
    let (places, mut found) = (Places::new(text), Vec::new());
    let Some(table) = config.as_object() else { return found };
    let mut add = |key: &str, what: &str, reason: Option<&str>| {
        found.push(FoundSuppression::new("gitleaks-config", places.line_of(key), what).because(reason));
    };
    let extend = table.get("extend").and_then(Value::as_object);
    let extends = extend.is_some_and(|extend| {
        extend.get("useDefault").and_then(Value::as_bool) == Some(true) || extend.contains_key("path")
    });
    if !extends {
        add("[extend]", "rules", Some("it has rules of its own and none of gitleaks'"));
    }
    for rule in extend.and_then(|extend| extend.get("disabledRules")?.as_array()).into_iter().flatten() {
        add(rule.as_str().unwrap_or_default(), rule.as_str().unwrap_or_default(), None);
    }
    for list in lists(table) {
        each_pattern(list, &mut |pattern| add(pattern, &format!("allowlist {pattern}"), description(list)));
    }
    for rule in table.get("rules").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object) {
        let id = rule.get("id").and_then(Value::as_str).unwrap_or("a rule without id");
        for list in lists(rule) {
            each_pattern(list, &mut |pattern| {
                add(pattern, &format!("allowlist of {id}: {pattern}"), description(list));
            });
        }
    }
    found
}

/// Lists the allow lists of a configuration or of a rule.
fn lists(table: &Map<String, Value>) -> impl Iterator<Item = &Map<String, Value>> {
    let values = LISTS.iter().filter_map(|key| table.get(*key));
    let each = values.flat_map(|value| value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice));
    each.filter_map(Value::as_object)
}

fn description(list: &Map<String, Value>) -> Option<&str> {
    list.get("description").and_then(Value::as_str)
}

/// Hands out the paths, patterns, stop words and commits of an allow list.
fn each_pattern(list: &Map<String, Value>, take: &mut dyn FnMut(&str)) {
    for key in ["paths", "regexes", "stopwords", "commits"] {
        for pattern in list.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            take(pattern);
        }
    }
}

/// Reads a report: a list of findings with their fingerprints.
pub(super) fn baseline(report: &Value, text: &str) -> Vec<FoundSuppression> {
    let places = Places::new(text);
    let one = |finding: &Value| {
        let word = |key: &str| finding.get(key).and_then(Value::as_str);
        let (file, fingerprint) = (word("File")?, word("Fingerprint").or_else(|| word("RuleID"))?);
        let start = finding.get("StartLine").and_then(Value::as_u64).and_then(|line| u32::try_from(line).ok());
        let found = FoundSuppression::new("gitleaks-baseline", places.line_of(fingerprint), fingerprint);
        // A finding of history may be about a file that is gone.
        let is_of_history = word("Commit").is_some_and(|commit| !commit.is_empty());
        Some(if is_of_history { found } else { about(found, file, start) })
    };
    report.as_array().into_iter().flatten().filter_map(one).collect()
}

/// Says what a finding is about. Its file is named from the folder that gitleaks runs in, behind the path that the line names: the same file
/// is `x.txt`, `src/x.txt`, `../src/x.txt` or an absolute path.
pub(super) fn about(found: FoundSuppression, file: &str, line: Option<u32>) -> FoundSuppression {
    let file = file.replace('\\', "/");
    match file.strip_prefix("/work/") {
        Some(file) => found.about(file, line),
        None if file.starts_with('/') || file.is_empty() => found,
        None => {
            let steps = |part: &&str| matches!(*part, "" | "." | "..");
            let parts: Vec<&str> = file.split('/').skip_while(steps).collect();
            found.about_some(&parts.join("/"), line)
        }
    }
}
