//! gitleaks: its JSON report, what `-v` prints, or the count that it always prints.
//!
//! Class: a secret in the source is P0, for it has to be revoked before anything goes out. Neither the secret nor the line that
//! holds it is ever a part of a finding.

use serde_json::Value;

use super::{ScanEvidence, below};
use rcrepro_model::advisory::scan::ScanFinding;
use rcrepro_model::decision::risk::RiskClass;
use rcrepro_model::plan::proof::Tool;

pub(super) fn read(evidence: &ScanEvidence<'_>) -> Option<Vec<ScanFinding>> {
    let streams = std::iter::once(evidence.stdout).chain(evidence.outputs.iter().map(Vec::as_slice));
    if let Some(report) = streams.filter_map(|bytes| json(bytes, evidence.folder)).find(|found| !found.is_empty()) {
        return Some(report);
    }
    let said = [evidence.stdout, evidence.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let shown = verbose(&said[0], evidence.folder);
    if !shown.is_empty() {
        return Some(shown);
    }
    let lines = || said.iter().flat_map(|text| text.lines());
    if lines().any(|line| line.contains("no leaks found")) {
        return Some(Vec::new());
    }
    let count = lines().find_map(|line| {
        let (_, rest) = line.split_once("leaks found: ")?;
        let digits: String =
            rest.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        digits.parse::<u64>().ok()
    })?;
    let says = format!("{count} leaks; `-v` or a JSON report among the command's outputs says where");
    Some(vec![leak("leaks".to_owned(), None, None, says)])
}

fn leak(id: String, file: Option<String>, line: Option<u64>, says: String) -> ScanFinding {
    let class = Some(RiskClass::P0);
    ScanFinding { tool: Tool::Gitleaks, id, package: None, version: None, fixed: None, class, file, line, says }
}

fn json(bytes: &[u8], folder: &str) -> Option<Vec<ScanFinding>> {
    let report: Vec<Value> = serde_json::from_slice(bytes).ok()?;
    report
        .iter()
        .map(|finding| {
            let word = |key: &str| finding.get(key).and_then(Value::as_str).map(str::to_owned);
            let (file, rule) = (word("File")?, word("RuleID")?);
            let line = finding.get("StartLine").and_then(Value::as_u64);
            Some(leak(word("Fingerprint")?, Some(below(folder, &file)), line, format!("a secret by the rule `{rule}`")))
        })
        .collect()
}

/// Reads the paragraphs of `-v`: `RuleID:`, `File:`, `Line:`, `Fingerprint:`.
fn verbose(text: &str, folder: &str) -> Vec<ScanFinding> {
    let paragraph = |paragraph: &str| {
        let value = |key: &str| {
            let line = paragraph.lines().find(|line| line.starts_with(key))?;
            Some(line[key.len()..].trim().to_owned())
        };
        let (file, rule, id) = (value("File:")?, value("RuleID:")?, value("Fingerprint:")?);
        let line = value("Line:").and_then(|line| line.parse().ok());
        Some(leak(id, Some(below(folder, &file)), line, format!("a secret by the rule `{rule}`")))
    };
    text.split("\n\n").filter_map(paragraph).collect()
}
