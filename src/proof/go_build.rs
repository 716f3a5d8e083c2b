//! `go build` and `go install`: silent when all is well.

use super::adapter::Adapter;
use super::call::Call;
use super::text::lines;
use super::{Evidence, Proof, Work};
use crate::model::proof::Tool;

pub(super) const ADAPTER: Adapter = Adapter { tool: Tool::GoBuild, version: 1, rules: RULES, pass, failure: None };

const RULES: &str = "Proven: it exits 0 without the warning that a pattern matched no packages, for it fails on a named package \
without Go files; how many packages there were it does not say. Hollow: that warning; -n, which prints commands and runs \
none. Beyond this rule: a package of nothing but test files matches, and nothing of it is built.\n";

fn pass(call: &Call, _alike: usize, evidence: &Evidence<'_>) -> Proof {
    matched(call, evidence, "every package that it names is built")
}

/// Judges by the warning of the go command, which all that takes patterns of packages prints.
pub(super) fn matched(call: &Call, evidence: &Evidence<'_>, what: &str) -> Proof {
    if call.has(&["-n", "--n"]) {
        return Proof::hollow(format!("`{} -n` prints commands and runs none", call.tool_words()));
    }
    let warning =
        lines([evidence.stdout, evidence.stderr]).into_iter().find(|line| line.contains("matched no packages"));
    match warning {
        Some(line) => Proof::hollow(line),
        None => Proof::Proven(vec![Work { tool: call.tool, count: None, what: what.to_owned() }]),
    }
}
