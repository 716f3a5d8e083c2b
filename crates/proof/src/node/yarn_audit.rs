//! `yarn audit` of yarn 1: how many packages the advisory endpoint was asked about.
//!
//! Recorded with yarn 1.22: the report ends with `N vulnerabilities found - Packages audited: M`, and the exit code is a sum of
//! severities, or 1 for yarn's own failure. Without a lock there is nothing to ask about, and the exit code is 0.

use serde_json::Value;

use crate::adapter::Adapter;
use crate::call::Call;
use crate::evidence::CommandEvidence;
use crate::outcome::Proof;
use crate::text::{leading_number, lines};
use rcrepro_model::plan::proof::Tool;

pub(crate) const ADAPTER: Adapter =
    Adapter { tool: Tool::YarnAudit, version: 1, rules: RULES, pass, failure: Some(failure) };

const RULES: &str = "Proven: `Packages audited: N`, or an `auditSummary` of --json, with N above 0 and no vulnerability. Hollow: no such \
report; 0 packages, as without a lock. Contradicted: vulnerabilities. No verdict: an exit code above 0 without a report.\n";

fn pass(_call: &Call, alike: &[&Call], evidence: &CommandEvidence<'_>) -> Proof {
    let reports = reports(evidence);
    if reports.len() < alike.len() {
        return Proof::hollow("the output has no audit report");
    }
    let found: u64 = reports.iter().map(|(vulnerabilities, _)| vulnerabilities).sum();
    if found > 0 {
        return Proof::contradicted(format!("{found} vulnerabilities"));
    }
    match reports.iter().map(|(_, packages)| packages).sum() {
        _ if reports.iter().any(|(_, packages)| *packages == 0) => Proof::hollow("there is no package to ask about"),
        1 => Proof::proven(Tool::YarnAudit, 1, "package asked about"),
        packages => Proof::proven(Tool::YarnAudit, packages, "packages asked about"),
    }
}

fn failure(_call: &Call, evidence: &CommandEvidence<'_>) -> Option<String> {
    if reports(evidence).iter().any(|(vulnerabilities, _)| *vulnerabilities > 0) {
        return None;
    }
    let said = lines([evidence.stderr, evidence.stdout]).into_iter().find(|line| line.starts_with("error "));
    Some(format!("yarn gave no report: {}", said.unwrap_or_else(|| "it does not say why".to_owned())))
}

/// Reads each report's vulnerabilities and packages.
fn reports(evidence: &CommandEvidence<'_>) -> Vec<(u64, u64)> {
    lines([evidence.stdout, &[]]).iter().filter_map(|line| summary(line).or_else(|| text(line))).collect()
}

fn text(line: &str) -> Option<(u64, u64)> {
    let (found, audited) = line.trim().split_once(" vulnerabilities found - Packages audited: ")?;
    Some((found.parse().ok()?, leading_number(audited)?))
}

fn summary(line: &str) -> Option<(u64, u64)> {
    let document: Value = serde_json::from_str(line).ok()?;
    if document.get("type")?.as_str()? != "auditSummary" {
        return None;
    }
    let by_severity = document.pointer("/data/vulnerabilities")?.as_object()?;
    Some((by_severity.values().filter_map(Value::as_u64).sum(), document.pointer("/data/totalDependencies")?.as_u64()?))
}
