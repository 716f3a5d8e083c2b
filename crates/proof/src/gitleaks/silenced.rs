//! What keeps gitleaks from reporting a secret that it would find otherwise, each a condition of its own.
//!
//! From gitleaks 8.30's own source (`cmd/root.go`, `detect/detect.go`): it reads the configuration of `-c`, of `GITLEAKS_CONFIG` or `GITLEAKS_CONFIG_TOML`, or of `.gitleaks.toml` in the scanned
//! folder; a line with `gitleaks:allow` is never reported; a file above `--max-target-megabytes` is skipped with a warning.

use super::named::{shown, unseen};
use super::scanned::{self, SOURCE, Scanned};
use super::{Call, ignored};
use crate::evidence::CommandEvidence;
use crate::inputs::{self, Listing, Lookup};
use crate::shell::is_literal;
use rcrepro_format::syntax::toml_place;
use rcrepro_model::plan::proof::Condition;
use rcrepro_model::text::plural::counted;
use serde_json::{Map, Value};

/// The comment that silences gitleaks on its line.
const COMMENT: &str = "gitleaks:allow";
/// The configuration that it reads without being told to.
const CONFIG: &str = ".gitleaks.toml";

pub(super) fn conditions(call: &Call, lines: &[String], evidence: &CommandEvidence<'_>) -> Vec<Condition> {
    let call = &scanned::apart(call);
    let mut found: Vec<Condition> = lines.iter().filter_map(|line| too_large(line)).collect();
    found.extend(by_flags(call));
    let scanned = Scanned::of(call);
    if scanned.path.is_none() && !call.forced {
        let says = "the folder that gitleaks scans cannot be told from the line: what silences it anywhere in the source counts";
        found.push(Condition::new("gitleaks-folder", "", says));
    }
    found.extend(ignored::conditions(call, &scanned, evidence));
    found.extend(configured(call, &scanned, evidence));
    if !call.has(&["--ignore-gitleaks-allow"]) {
        found.extend(allowed(&scanned.searched, evidence));
    }
    found
}

/// Reads `WRN skipping file: too large max_size=1MB, size=3MB path=big.txt`.
fn too_large(line: &str) -> Option<Condition> {
    let (_, rest) = line.split_once("skipping file: too large")?;
    let path = rest.split_once("path=").map_or("", |(_, path)| path.trim().trim_matches('"'));
    let what = if path.is_empty() { "a file".to_owned() } else { format!("`{path}`") };
    Some(Condition::new("gitleaks-too-large", path, format!("gitleaks skipped {what}, which is too large for it")))
}

fn by_flags(call: &Call) -> Vec<Condition> {
    let flags = [
        (&["-b", "--baseline-path"][..], "gitleaks-baseline", "gitleaks reports nothing that is in the baseline"),
        (&["--enable-rule"], "gitleaks-rules", "gitleaks looks by no rule but"),
        (&["--log-opts"], "gitleaks-partial", "gitleaks scans only the commits of"),
        (&["--staged"], "gitleaks-partial", "gitleaks scans only what is staged"),
        (&["--pre-commit"], "gitleaks-partial", "gitleaks scans only what is not committed"),
    ];
    let set = flags.into_iter().filter(|(flags, ..)| call.has(flags));
    set.map(|(flags, name, says)| {
        let value = call.value(flags).filter(|value| !value.starts_with('-')).unwrap_or_default();
        let says = if value.is_empty() { says.to_owned() } else { format!("{says} `{value}`") };
        Condition::new(name, value, says)
    })
    .collect()
}

fn configured(call: &Call, scanned: &Scanned, evidence: &CommandEvidence<'_>) -> Vec<Condition> {
    let variable = |name| call.variable(name, evidence.environment).filter(|value| !value.is_empty());
    let named = call.value(&["-c", "--config"]).or_else(|| variable("GITLEAKS_CONFIG"));
    if named.is_none() && variable("GITLEAKS_CONFIG_TOML").is_some() {
        let says = "`GITLEAKS_CONFIG_TOML` holds gitleaks' configuration, which is not looked at";
        return vec![Condition::new("gitleaks-config", "GITLEAKS_CONFIG_TOML", says)];
    }
    let files = match (named, &scanned.path) {
        (Some(file), _) => vec![call.path(file).filter(|_| is_literal(file)).unwrap_or_else(|| file.to_owned())],
        (None, Some(folder)) => vec![format!("{folder}/{CONFIG}")],
        (None, None) => inputs::named(evidence.inputs, SOURCE, &[CONFIG]).0.into_iter().collect(),
    };
    files.iter().flat_map(|path| of_config(path, named.is_some(), evidence)).collect()
}

/// Names what is in a configuration; one that the line names has to be there.
fn of_config(path: &str, is_named: bool, evidence: &CommandEvidence<'_>) -> Vec<Condition> {
    let bytes = match evidence.inputs.look(path) {
        Lookup::File(bytes) => bytes,
        Lookup::Absent if !is_named => return Vec::new(),
        Lookup::Absent | Lookup::Unavailable => return vec![unseen(path)],
    };
    let file = shown(path);
    match toml_place::parse::<Map<String, Value>>(&String::from_utf8_lossy(&bytes)) {
        Ok(table) => of_table(file, &table),
        Err(_) => vec![Condition::new("gitleaks-config", file, format!("`{file}` cannot be read as TOML"))],
    }
}

/// Names what a configuration leaves out of the rules that gitleaks brings along.
fn of_table(file: &str, table: &Map<String, Value>) -> Vec<Condition> {
    let mut found = Vec::new();
    let mut add = |what: String, says: String| {
        found.push(Condition::new("gitleaks-config", &format!("{file}:{what}"), format!("`{file}` {says}")));
    };
    let extend = table.get("extend").and_then(Value::as_object);
    let extends = extend.is_some_and(|extend| {
        extend.get("useDefault").and_then(Value::as_bool) == Some(true) || extend.contains_key("path")
    });
    if !extends {
        add("rules".to_owned(), "has rules of its own and none of gitleaks' (`extend.useDefault`)".to_owned());
    }
    let off = extend.and_then(|extend| extend.get("disabledRules")?.as_array());
    for rule in off.into_iter().flatten().filter_map(Value::as_str) {
        add(rule.to_owned(), format!("switches the rule `{rule}` off"));
    }
    let lists = |table: &Map<String, Value>| ["allowlist", "allowlists"].iter().any(|key| table.contains_key(*key));
    if lists(table) {
        add("allowlist".to_owned(), "has an allow list".to_owned());
    }
    let rules = table.get("rules").and_then(Value::as_array).into_iter().flatten();
    for rule in rules.filter_map(Value::as_object).filter(|rule| lists(rule)) {
        let id = rule.get("id").and_then(Value::as_str).unwrap_or("a rule without id");
        add(format!("allowlist:{id}"), format!("has an allow list for the rule `{id}`"));
    }
    found
}

/// Names the files with comments that silence gitleaks, each by its place in the source: two scans of two folders are two conditions.
fn allowed(scanned: &str, evidence: &CommandEvidence<'_>) -> Vec<Condition> {
    let search = evidence.inputs.search(scanned, COMMENT);
    let is_file = matches!(evidence.inputs.list(scanned), Listing::Absent);
    let condition = |(file, lines): (&String, &usize)| {
        let path = if is_file { scanned.to_owned() } else { format!("{}/{file}", scanned.trim_end_matches('/')) };
        let (file, count) = (shown(&path), counted(*lines, "line"));
        Condition::new("gitleaks-allow-comment", file, format!("`{COMMENT}` silences gitleaks on {count} of `{file}`"))
    };
    let mut found: Vec<Condition> = search.found.iter().map(condition).collect();
    if search.unseen > 0 {
        let files = counted(search.unseen, "file");
        let says = format!("{files} of the scanned tree cannot be looked into here for `{COMMENT}`");
        found.push(Condition::new("gitleaks-unseen", "", says));
    }
    found
}
