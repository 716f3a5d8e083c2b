//! What the audits of dependencies are told to accept: `.npmrc`, `.nsprc`, `audit-ci`, pnpm, yarn, osv-scanner, grype, snyk.

use serde_json::{Map, Value};

use super::flow::{self, FlowList, flow};
use super::places::Places;
use crate::found::FoundSuppression;

/// Reads `.npmrc`, whose lines may end with a carriage return alone.
pub(super) fn npmrc(_path: &str, text: &str) -> Vec<FoundSuppression> {
    let line = |(line, setting): (u32, &str)| {
        let (key, value) = setting.split_once('=')?;
        let (key, value) = (key.trim(), value.trim());
        match key {
            "audit" if value == "false" => Some(FoundSuppression::new("npm-audit-off", line, "audit=false")),
            "audit-level" => Some(FoundSuppression::new("npm-audit-level", line, value)),
            "omit" => Some(FoundSuppression::new("npm-audit-omit", line, value)),
            _ => None,
        }
    };
    (1..).zip(text.lines()).filter_map(line).collect()
}

/// Reads `.nsprc`.
pub(super) fn nsprc(config: &Value, text: &str) -> Vec<FoundSuppression> {
    keys(config, text, "audit-ignored")
}

/// Reads `eslint-suppressions.json`.
pub(super) fn eslint(config: &Value, text: &str) -> Vec<FoundSuppression> {
    keys(config, text, "eslint-ignored")
}

/// Reads an object whose keys are what is accepted; `notes` or `reason` of each is its reason.
fn keys(config: &Value, text: &str, kind: &'static str) -> Vec<FoundSuppression> {
    let places = Places::new(text);
    let one = |(key, value): (&String, &Value)| {
        let reason = ["notes", "reason"].iter().find_map(|name| value.get(*name)?.as_str());
        let is_on = value.get("active").and_then(Value::as_bool) != Some(false);
        let found = FoundSuppression::new(kind, places.line_of(key), key).because(reason);
        // The suppressions of eslint are by file.
        let found = if kind == "eslint-ignored" { found.about(key, None) } else { found };
        is_on.then_some(found)
    };
    config.as_object().into_iter().flatten().filter_map(one).collect()
}

/// Whether the text of a `package.json` may hold lists of what is silenced; a key may be written with escapes.
pub(super) fn may_silence(text: &str) -> bool {
    ["auditConfig", "testPathIgnorePatterns", "eslintConfig", "eslintIgnore", "\\u"]
        .iter()
        .any(|key| text.contains(key))
}

/// Reads what `package.json` has for pnpm and jest.
pub(super) fn package(package: &Value, text: &str) -> Vec<FoundSuppression> {
    let places = Places::new(text);
    let strings = |value: Option<&Value>, kind: &'static str| -> Vec<FoundSuppression> {
        let list = value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        list.map(|what| FoundSuppression::new(kind, places.line_of(what), what)).collect()
    };
    let audit = package.get("pnpm").and_then(|pnpm| pnpm.get("auditConfig"));
    let lists =
        ["ignoreCves", "ignoreGhsas"].map(|key| strings(audit.and_then(|audit| audit.get(key)), "audit-ignored"));
    let ignored = package.get("jest").and_then(|jest| jest.get("testPathIgnorePatterns"));
    lists.into_iter().flatten().chain(strings(ignored, "js-test-config")).collect()
}

/// Reads `audit-ci.json`.
pub(super) fn audit_ci(config: &Value, text: &str) -> Vec<FoundSuppression> {
    let places = Places::new(text);
    let mut found = Vec::new();
    for entry in ["allowlist", "whitelist", "advisories", "path-whitelist"]
        .iter()
        .filter_map(|key| config.get(*key)?.as_array())
        .flatten()
    {
        match entry {
            Value::String(id) => found.push(FoundSuppression::new("audit-ignored", places.line_of(id), id)),
            Value::Number(id) => {
                found.push(FoundSuppression::new("audit-ignored", places.line_of(&id.to_string()), &id.to_string()))
            }
            Value::Object(table) => found.extend(table.iter().map(|(id, value)| {
                let reason = ["notes", "reason"].iter().find_map(|name| value.get(*name)?.as_str());
                FoundSuppression::new("audit-ignored", places.line_of(id), id).because(reason)
            })),
            _ => {}
        }
    }
    // The lowest severity that fails is written as a flag of its own.
    let severities = ["low", "moderate", "high", "critical"];
    let lowest = severities.iter().find(|level| config.get(**level).and_then(Value::as_bool) == Some(true));
    if let Some(level) = lowest.filter(|level| **level != "low") {
        found.push(FoundSuppression::new("npm-audit-level", places.line_of(level), level));
    }
    found
}

/// Reads `osv-scanner.toml`.
pub(super) fn osv(table: &Value, text: &str) -> Vec<FoundSuppression> {
    let places = Places::new(text);
    let list = |key: &str| table.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    let one = |entry: &Map<String, Value>| {
        let word = |key: &str| entry.get(key).and_then(Value::as_str);
        let id = word("id").or_else(|| word("name"))?;
        Some(FoundSuppression::new("osv-ignored", places.line_of(id), id).because(word("reason")))
    };
    list("IgnoredVulns").chain(list("PackageOverrides")).filter_map(one).collect()
}

/// Reads `.yarnrc.yml`.
pub(super) fn yarnrc(_path: &str, text: &str) -> Vec<FoundSuppression> {
    yaml_list(text, &["npmAuditIgnoreAdvisories", "npmAuditExcludePackages"], "audit-ignored")
}

/// Reads `pnpm-workspace.yaml`.
pub(super) fn pnpm(_path: &str, text: &str) -> Vec<FoundSuppression> {
    yaml_list(text, &["ignoreCves", "ignoreGhsas"], "audit-ignored")
}

/// Reads `.grype.yaml`.
pub(super) fn grype(_path: &str, text: &str) -> Vec<FoundSuppression> {
    yaml_keys(text, &["vulnerability", "fix-state"], "grype-ignored")
}

/// Reads the items below a key that a line of its own holds, as long as they are set in as far or further.
pub(super) fn yaml_list(text: &str, wanted: &[&str], kind: &'static str) -> Vec<FoundSuppression> {
    let (mut inside, mut found) = (None, Vec::new());
    for (line, content) in (1..).zip(text.lines()) {
        let trimmed = content.trim_start();
        let depth = content.len() - trimmed.len();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        if let (Some(above), Some(item)) = (inside, trimmed.strip_prefix("- "))
            && depth >= above
        {
            let (item, reason) = item.split_once(" #").map_or((item, None), |(item, reason)| (item, Some(reason)));
            found.push(FoundSuppression::new(kind, line, item.trim().trim_matches(['"', '\''])).because(reason));
            continue;
        }
        let (key, value) = trimmed.split_once(':').unwrap_or((trimmed, ""));
        let is_wanted = wanted.contains(&key.trim().trim_matches(['"', '\'']));
        inside = is_wanted.then_some(depth);
        match flow(value) {
            FlowList::Items(items) if is_wanted => {
                found.extend(items.into_iter().map(|item| FoundSuppression::new(kind, line, item)));
            }
            FlowList::Unread if is_wanted || wanted.iter().any(|key| value.contains(key)) || value.trim() == "{" => {
                found.push(FoundSuppression::unread(kind, line, flow::WHY));
            }
            FlowList::Items(_) | FlowList::Unread | FlowList::None => {}
        }
    }
    found
}

/// Reads every value of some keys, wherever they are.
fn yaml_keys(text: &str, wanted: &[&str], kind: &'static str) -> Vec<FoundSuppression> {
    let one = |(line, content): (u32, &str)| {
        let item = content.trim_start().trim_start_matches("- ");
        let (key, value) = item.split_once(':')?;
        let is_flow = item.starts_with('{') || (key.trim() == "ignore" && flow(value) == FlowList::Unread);
        if is_flow {
            return Some(FoundSuppression::unread(kind, line, flow::WHY));
        }
        let value = value.trim().trim_matches(['"', '\'']);
        (wanted.contains(&key.trim()) && !value.is_empty()).then(|| FoundSuppression::new(kind, line, value))
    };
    (1..).zip(text.lines()).filter_map(one).collect()
}

/// Reads the ids below `ignore:`; `reason:` below an id is its reason.
pub(super) fn snyk(_path: &str, text: &str) -> Vec<FoundSuppression> {
    let (mut is_inside, mut found): (bool, Vec<FoundSuppression>) = (false, Vec::new());
    for (line, content) in (1..).zip(text.lines()) {
        let trimmed = content.trim();
        if !content.starts_with([' ', '#']) && !trimmed.is_empty() {
            let value = trimmed.strip_prefix("ignore:");
            is_inside = value.is_some();
            if value.is_some_and(|value| flow(value) == FlowList::Unread) {
                found.push(FoundSuppression::unread("snyk-ignored", line, flow::WHY));
            }
        } else if is_inside && let Some(id) = trimmed.strip_suffix(':').filter(|id| !id.starts_with('-')) {
            if id.to_ascii_uppercase().starts_with("SNYK-") || id.starts_with("npm:") {
                found.push(FoundSuppression::new("snyk-ignored", line, id.trim_matches('\'')));
            }
        } else if is_inside
            && let Some(reason) = trimmed.strip_prefix("reason:")
            && let Some(last) = found.pop()
        {
            found.push(last.because(Some(reason.trim().trim_matches(['"', '\'', '>', '-']))));
        }
    }
    found
}
