//! `npm audit`: its text, and the report of `--json`.
//!
//! A finding is an advisory about a package. Class, by npm's severity of the package: critical P0, high P1, moderate P2, low and
//! info P3, any other word unknown.

use serde_json::Value;

use super::{ScanEvidence, below};
use rcrepro_model::advisory::scan::ScanFinding;
use rcrepro_model::decision::risk::RiskClass;
use rcrepro_model::plan::proof::Tool;

pub(super) fn read(evidence: &ScanEvidence<'_>) -> Option<Vec<ScanFinding>> {
    let lock = below(evidence.folder, "package-lock.json");
    let begin = evidence.stdout.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(0);
    if evidence.stdout.get(begin) == Some(&b'{') {
        let report = serde_json::from_slice(evidence.stdout).ok()?;
        return json(&report, &lock);
    }
    text(&String::from_utf8_lossy(evidence.stdout), &lock)
}

fn class(severity: &str) -> Option<RiskClass> {
    match severity {
        "critical" => Some(RiskClass::P0),
        "high" => Some(RiskClass::P1),
        "moderate" => Some(RiskClass::P2),
        "low" | "info" => Some(RiskClass::P3),
        _ => None,
    }
}

/// Returns an advisory's id: the last part of its address.
fn id(url: &str) -> String {
    url.trim_end_matches('/').rsplit('/').next().unwrap_or(url).to_owned()
}

fn json(report: &Value, lock: &str) -> Option<Vec<ScanFinding>> {
    let packages = report.get("vulnerabilities")?.as_object()?;
    let mut found = Vec::new();
    for (name, package) in packages {
        let word = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let fixed = package.get("fixAvailable").and_then(|fix| {
            let (name, version) = (word(fix, "name")?, word(fix, "version")?);
            Some(format!("{name}@{version}"))
        });
        // What is a name alone is vulnerable by way of another package, which has an entry of its own.
        for via in package.get("via").and_then(Value::as_array).into_iter().flatten().filter(|via| via.is_object()) {
            let Some(url) = word(via, "url") else { continue };
            found.push(ScanFinding {
                tool: Tool::NpmAudit,
                id: id(&url),
                package: Some(name.clone()),
                version: word(package, "range"),
                fixed: fixed.clone(),
                class: word(package, "severity").as_deref().and_then(class),
                file: Some(lock.to_owned()),
                line: None,
                says: word(via, "title").unwrap_or_default(),
            });
        }
    }
    Some(found)
}

fn text(report: &str, lock: &str) -> Option<Vec<ScanFinding>> {
    if !report.contains("vulnerabilit") {
        return None;
    }
    let mut found = Vec::new();
    for paragraph in report.split("\n\n") {
        let mut lines = paragraph.lines().skip_while(|line| line.is_empty());
        let Some((name, range)) = lines.next().and_then(|line| line.split_once("  ")) else { continue };
        let lines: Vec<&str> = lines.collect();
        let severity = lines.iter().find_map(|line| line.strip_prefix("Severity: "));
        let fixed = lines.iter().find_map(|line| line.strip_prefix("Will install ")?.split([',', ' ']).next());
        for line in &lines {
            let Some((title, url)) = line.rsplit_once(" - ").filter(|(_, url)| url.contains("://")) else { continue };
            found.push(ScanFinding {
                tool: Tool::NpmAudit,
                id: id(url),
                package: Some(name.to_owned()),
                version: Some(range.trim().to_owned()),
                fixed: fixed.map(str::to_owned),
                class: severity.and_then(class),
                file: Some(lock.to_owned()),
                line: None,
                says: title.to_owned(),
            });
        }
    }
    Some(found)
}
