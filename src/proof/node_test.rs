//! `node --test`: the summary of its spec and tap reporters.

use super::adapter::Adapter;
use super::call::Call;
use super::tap::{Tests, judge};
use super::text::{leading_number, lines};
use super::{Evidence, Proof, junit};
use crate::model::proof::Tool;

pub(super) const ADAPTER: Adapter = Adapter { tool: Tool::NodeTest, version: 1, rules: RULES, pass, failure: None };

const RULES: &str = "Proven: the summary of the spec or tap reporter (`pass N`) or a junit report counts a test that passed. \
Hollow: no summary; no test; every test was skipped or is to do. Contradicted: a test failed or was cancelled.\n";

fn pass(_call: &Call, alike: usize, evidence: &Evidence<'_>) -> Proof {
    let lines = lines([evidence.stdout, evidence.stderr]);
    let (mut tests, mut reports) = (Tests::default(), 0);
    for line in &lines {
        let Some(rest) = line.strip_prefix("# ").or_else(|| line.strip_prefix("\u{2139} ")) else { continue };
        let Some((word, number)) = rest.split_once(' ') else { continue };
        let Some(number) = leading_number(number) else { continue };
        match word {
            "pass" => {
                reports += 1;
                tests.passed += number;
            }
            "fail" | "cancelled" => tests.failed += number,
            "skipped" | "todo" => tests.skipped += number,
            _ => {}
        }
    }
    if reports > 0 && reports < alike {
        return Proof::hollow("the line has more calls than the output has summaries");
    }
    let tests = if reports > 0 { Some(tests) } else { junit::tests(evidence.stdout) };
    judge(Tool::NodeTest, tests, "the output has no summary of tests: keep the spec, tap or junit reporter")
}
