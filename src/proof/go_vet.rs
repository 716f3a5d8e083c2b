//! `go vet`: silent when all is well; `-json` exits 0 whatever it finds.

use super::adapter::Adapter;
use super::call::Call;
use super::go_build::matched;
use super::text::lines;
use super::{Evidence, Proof};
use crate::model::proof::Tool;

pub(super) const ADAPTER: Adapter = Adapter { tool: Tool::GoVet, version: 1, rules: RULES, pass, failure: None };

const RULES: &str = "Proven: it exits 0 without the warning that a pattern matched no packages. Hollow: that warning; -n. \
Contradicted: -json, which exits 0 whatever it finds, and findings in the stream.\n";

fn pass(call: &Call, _alike: usize, evidence: &Evidence<'_>) -> Proof {
    if call.has(&["-json", "--json"]) {
        // The report is JSON objects one after the other, comments between them; a finding has a position.
        let findings =
            lines([evidence.stdout, evidence.stderr]).iter().filter(|line| line.contains("\"posn\":")).count();
        if findings > 0 {
            return Proof::contradicted(format!("{findings} findings, and `-json` exits 0 whatever it finds"));
        }
    }
    matched(call, evidence, "every package that it names is vetted")
}
