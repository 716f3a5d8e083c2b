//! Proposed packets as TOML that can be pasted into a plan.

use rcrepro_model::decision::proposal::Proposal;

/// Writes `[packets.ID]` tables.
#[must_use]
pub fn encode(proposals: &[Proposal]) -> String {
    let mut text = String::new();
    for proposal in proposals {
        let names = |list: Vec<String>| list.iter().map(|name| string(name)).collect::<Vec<_>>().join(", ");
        let needs = names(proposal.needs.iter().map(ToString::to_string).collect());
        let sets = names(proposal.sets.iter().map(ToString::to_string).collect());
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&format!("[packets.{}]\ntitle = {}\n", proposal.id, string(&proposal.title)));
        if !needs.is_empty() {
            text.push_str(&format!("needs = [{needs}]\n"));
        }
        text.push_str(&format!("sets = [{sets}]\nfindings = [{}]\nexit = [\n", string(&proposal.finding.to_string())));
        for criterion in &proposal.exit {
            let rests_on = names(criterion.rests_on.iter().map(ToString::to_string).collect());
            text.push_str(&format!("    {{ says = {}, rests-on = [{rests_on}] }},\n", string(&criterion.says)));
        }
        text.push_str("]\n");
    }
    text
}

/// Writes a TOML string, whatever its content.
fn string(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::plan::plan_toml::parse;
    use rcrepro_model::advisory::scan::ScanFinding;
    use rcrepro_model::decision::proposal::propose;
    use rcrepro_model::decision::risk::RiskClass;
    use rcrepro_model::plan::proof::Tool;

    const PLAN: &str = r#"version = 1
name = "beacon"
[images.go]
build = "go.toml"
[[sets.install]]
id = "install"
run = "npm ci"
image = "go"
[[sets.scans]]
id = "scan"
run = 'npm audit "x"'
image = "go"
needs = ["install"]
[packets.RC-01]
title = "Pin"
sets = ["install"]
[packets.RC-09]
title = "Scan"
needs = ["RC-01"]
sets = ["install", "scans"]
"#;

    fn finding(id: &str) -> ScanFinding {
        ScanFinding {
            tool: Tool::NpmAudit,
            id: id.into(),
            package: Some("a \"quoted\" one".into()),
            version: Some("1.0.0".into()),
            fixed: None,
            class: Some(RiskClass::P1),
            file: None,
            line: None,
            says: "bad".into(),
        }
    }

    #[test]
    fn a_proposal_is_a_sound_part_of_the_plan_and_is_then_claimed() {
        let plan = parse(PLAN, &[]).expect("a good plan");
        let by = || [("RC-09".parse().expect("an id"), "scan".parse().expect("a name"))].into();
        let found: BTreeMap<_, _> = [(finding("GHSA-1"), by()), (finding("GHSA-2"), by())].into();
        let proposals = propose(&plan, &found);
        let ids: Vec<String> = proposals.iter().map(|proposal| proposal.id.to_string()).collect();
        assert_eq!(ids, ["RC-10", "RC-11"]);
        let more = encode(&proposals);
        let pasted = parse(&format!("{PLAN}\n{more}"), &[]).unwrap_or_else(|error| panic!("{error}\n{more}"));
        let packet = &pasted.packets[&proposals[0].id];
        assert_eq!(packet.needs, ["RC-01".parse().expect("an id")].into());
        assert_eq!(packet.contract.exit[0].says, "`npm audit \"x\"` passes.");
        assert_eq!(pasted.commands(packet).count(), 2, "the set of what the scan needs is in");
        assert_eq!(propose(&pasted, &found), [], "both are claimed");
    }
}
