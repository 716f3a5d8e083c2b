//! gitleaks: what it says that it scanned, and what keeps it from saying more.

use super::adapter::Adapter;
use super::call::Call;
use super::text::{leading_number, lines, number_before};
use crate::evidence::CommandEvidence;
use crate::outcome::{Proof, Work};
use rcrepro_model::plan::proof::Tool;

mod ignored;
mod named;
mod scanned;
mod silenced;

pub(super) const ADAPTER: Adapter =
    Adapter { tool: Tool::Gitleaks, version: 3, rules: RULES, pass, failure: Some(failure) };

const RULES: &str = "Proven: `scanned ~N bytes` with N above 0 and, of a repository's history, `N commits scanned` with N above 0. \
Hollow: 0 bytes (an allow list in the scanned tree can do that) or 0 commits; no such line, as with a log level above info. On a \
condition: files that it skipped as too large; comments `gitleaks:allow` in the scanned tree, and entries of the ignore files that name a file of it as gitleaks does; allow \
lists, switched-off rules and a missing `useDefault` of its configuration; a baseline, --enable-rule, --log-opts and --staged. \
Contradicted: `leaks found`, which --exit-code 0 lets pass. No verdict: an exit code above 0 without `leaks found`, for gitleaks \
ends with 1 for its own failures too.\n";

fn pass(call: &Call, alike: &[&Call], evidence: &CommandEvidence<'_>) -> Proof {
    let lines = lines([evidence.stdout, evidence.stderr]);
    if let Some(line) = lines.iter().find(|line| line.contains("leaks found: ")) {
        let found = line.split_once("leaks found: ").map_or("", |(_, found)| found);
        return Proof::contradicted(format!("leaks found: {found}"));
    }
    let scanned: Vec<u64> = lines
        .iter()
        .filter_map(|line| line.split_once("scanned ~").and_then(|(_, rest)| leading_number(rest)))
        .collect();
    let commits: Vec<u64> = lines
        .iter()
        .filter(|line| line.contains("commits scanned"))
        .filter_map(|line| number_before(line, "commits"))
        .collect();
    if commits.contains(&0) {
        return Proof::hollow("0 commits scanned");
    }
    if scanned.contains(&0) {
        let config = call.value(&["-c", "--config"]).is_none().then_some(
            ": the tree is empty, or an allow list in it (`.gitleaks.toml`) allows everything; `-c FILE` names a configuration",
        );
        return Proof::hollow(format!("0 bytes scanned{}", config.unwrap_or_default()));
    }
    if scanned.len() < alike.len() {
        return Proof::hollow("the output does not say how many bytes were scanned (`scanned ~N bytes`)");
    }
    let work = |count: &[u64], what: &str| Work {
        tool: Tool::Gitleaks,
        count: Some(count.iter().sum()),
        what: what.to_owned(),
    };
    let mut done = vec![work(&scanned, "bytes scanned")];
    if !commits.is_empty() {
        done.insert(0, work(&commits, "commits scanned"));
    }
    Proof::done(done).on(silenced::conditions(call, &lines, evidence))
}

fn failure(_call: &Call, evidence: &CommandEvidence<'_>) -> Option<String> {
    let lines = lines([evidence.stdout, evidence.stderr]);
    if lines.iter().any(|line| line.contains("leaks found: ")) {
        return None;
    }
    let said =
        lines.iter().find(|line| line.contains(" FTL ") || line.contains(" ERR ") || line.starts_with("Error: "));
    Some(match said {
        Some(line) => format!("gitleaks failed: {}", line.trim()),
        None => format!("gitleaks ended with {} and found no leaks", evidence.exit_code),
    })
}
