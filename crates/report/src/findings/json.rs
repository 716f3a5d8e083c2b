//! Findings as canonical JSON.

use serde_json::{Value, json};

use rcrepro_model::advisory::findings::Findings;
use rcrepro_model::decision::proposal::Proposal;

/// Gives `{"standing": WORD, "findings": [...], "scans": [...], "notes": [...]}`. The origin of evidence is printed for people
/// alone: the same evidence gives the same bytes.
#[must_use]
pub fn findings(findings: &Findings) -> Value {
    let by = |by: &std::collections::BTreeSet<_>| -> Vec<String> {
        by.iter().map(|(packet, command): &(rcrepro_model::plan::PacketId, _)| format!("{packet}/{command}")).collect()
    };
    let found: Vec<Value> = findings
        .found
        .iter()
        .map(|(finding, commands)| {
            let waived = findings.waiver(finding);
            json!({ "name": finding.name().to_string(), "finding": finding, "found_by": by(commands), "waived": waived })
        })
        .collect();
    let scans: Vec<Value> = findings
        .scans
        .iter()
        .map(|scan| {
            json!({
                "packet": scan.packet, "command": scan.command, "line": scan.line, "outcome": scan.outcome,
                "conditions": scan.conditions,
            })
        })
        .collect();
    json!({ "standing": findings.standing(), "findings": found, "scans": scans, "notes": findings.notes })
}

/// Gives what is proposed.
#[must_use]
pub fn proposals(proposals: &[Proposal]) -> Value {
    let one = |proposal: &Proposal| {
        let exit: Vec<&str> = proposal.exit.iter().map(|criterion| criterion.says.as_str()).collect();
        json!({
            "id": proposal.id, "title": proposal.title, "class": proposal.class, "needs": proposal.needs,
            "sets": proposal.sets, "findings": [proposal.finding.to_string()], "exit": exit,
        })
    };
    proposals.iter().map(one).collect()
}
