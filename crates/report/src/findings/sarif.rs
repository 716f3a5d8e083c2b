//! Findings as SARIF 2.1.0: one run per tool, each result at a file of the source.
//!
//! Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0 Plus Errata 01".

use std::collections::BTreeMap;

use serde_json::{Value, json};

use rcrepro_model::advisory::findings::Findings;
use rcrepro_model::advisory::scan::ScanFinding;
use rcrepro_model::content::digest::Sha256;
use rcrepro_model::decision::risk::RiskClass;
use rcrepro_model::plan::proof::Tool;

pub(crate) const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Gives the log: a run for each tool that has evidence or findings.
#[must_use]
pub fn log(findings: &Findings, tools: &[Tool]) -> Value {
    let mut by_tool: BTreeMap<Tool, Vec<&ScanFinding>> = tools.iter().map(|tool| (*tool, Vec::new())).collect();
    for finding in findings.found.keys() {
        by_tool.entry(finding.tool).or_default().push(finding);
    }
    let runs: Vec<Value> = by_tool.iter().map(|(tool, found)| run(findings, *tool, found)).collect();
    json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": runs })
}

fn run(all: &Findings, tool: Tool, found: &[&ScanFinding]) -> Value {
    let mut rules: BTreeMap<&str, &str> = BTreeMap::new();
    for finding in found {
        rules.entry(&finding.id).or_insert(&finding.says);
    }
    let index = |id: &str| rules.keys().position(|known| *known == id);
    let described: Vec<Value> = rules
        .iter()
        .map(|(id, says)| {
            let says = if says.is_empty() { id } else { says };
            json!({ "id": id, "shortDescription": { "text": says } })
        })
        .collect();
    let results: Vec<Value> = found.iter().map(|finding| result(all, finding, index(&finding.id))).collect();
    json!({
        "tool": { "driver": { "name": tool.as_str(), "rules": described } },
        "originalUriBaseIds": { "SRCROOT": { "description": { "text": "the root of the certified source" } } },
        "columnKind": "unicodeCodePoints",
        "results": results,
    })
}

fn result(all: &Findings, finding: &ScanFinding, rule: Option<usize>) -> Value {
    let level = match finding.class {
        Some(RiskClass::P0 | RiskClass::P1) => "error",
        Some(RiskClass::P3) => "note",
        Some(RiskClass::P2) | None => "warning",
    };
    let about = finding.about();
    let parts = [finding.says.as_str(), about.as_str()];
    let mut message = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
    if let Some(fixed) = &finding.fixed {
        message = format!("{message}, fixed in {fixed}");
    }
    let message = if message.is_empty() { finding.id.clone() } else { message };
    // What stays the same when lines move: the finding and what it is about, not where.
    let print = format!("{}\n{}\n", finding.name(), finding.package.as_deref().unwrap_or_default());
    let mut result = json!({
        "ruleId": finding.id, "ruleIndex": rule, "level": level, "message": { "text": message },
        "partialFingerprints": { "rcrepro/v1": Sha256::of(print.as_bytes()).to_string() },
        "properties": { "class": finding.class_word() },
    });
    if let Some(waiver) = all.waiver(finding) {
        result["suppressions"] = json!([{ "kind": "external", "justification": waiver }]);
    }
    if let Some(file) = &finding.file {
        let mut place = json!({ "artifactLocation": { "uri": uri(file), "uriBaseId": "SRCROOT" } });
        if let Some(line) = finding.line {
            place["region"] = json!({ "startLine": line });
        }
        result["locations"] = json!([{ "physicalLocation": place }]);
    }
    result
}

/// Writes a path as a relative URI (RFC 3986): everything but unreserved characters and `/` is escaped.
pub(crate) fn uri(path: &str) -> String {
    let mut text = String::new();
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => text.push(char::from(byte)),
            other => text.push_str(&format!("%{other:02X}")),
        }
    }
    text
}
