//! `go build` and `go install`: silent when all is well.

use super::Flags;
use crate::adapter::Adapter;
use crate::call::Call;
use crate::evidence::CommandEvidence;
use crate::outcome::{Proof, Work};
use crate::text::lines;
use rcrepro_model::plan::proof::Tool;

pub(crate) const ADAPTER: Adapter = Adapter { tool: Tool::GoBuild, version: 2, rules: RULES, pass, failure: None };

const RULES: &str = "Proven: it exits 0 without the warning that a pattern matched no packages, for it fails on a named package \
without Go files; how many packages there were it does not say. Hollow: that warning; -n, which prints commands and runs \
none; -toolexec, which lets another program replace the compiler; -overlay, which takes files that are not those of the source. Beyond this rule: a package of nothing but test files matches, and nothing of it is built.\n";

fn pass(call: &Call, _alike: &[&Call], evidence: &CommandEvidence<'_>) -> Proof {
    matched(call, evidence, "every package that it names is built")
}

/// Judges by the warning of the go command, which all that takes patterns of packages prints.
pub(super) fn matched(call: &Call, evidence: &CommandEvidence<'_>, what: &str) -> Proof {
    let flags = Flags::of(call, evidence);
    if flags.on("n") {
        return Proof::hollow(format!("`{} -n` prints commands and runs none", call.tool_words()));
    }
    for (flag, why) in [
        ("toolexec", "lets another program replace the compiler"),
        ("overlay", "takes files that are not those of the source"),
    ] {
        if flags.value(flag).is_some_and(|value| !value.is_empty()) {
            return Proof::hollow(format!("`{} -{flag}` {why}", call.tool_words()));
        }
    }
    let warning =
        lines([evidence.stdout, evidence.stderr]).into_iter().find(|line| line.contains("matched no packages"));
    match warning {
        Some(line) => Proof::hollow(line),
        None => Proof::done(vec![Work { tool: call.tool, count: None, what: what.to_owned() }]),
    }
}
