//! TAP on standard output, versions 12 to 14, from any program.

use super::adapter::Adapter;
use super::call::Call;
use super::text::{lines, were};
use crate::evidence::CommandEvidence;
use crate::outcome::Proof;
use rcrepro_model::plan::proof::Tool;

pub(super) const ADAPTER: Adapter = Adapter { tool: Tool::Tap, version: 1, rules: RULES, pass, failure: None };

const RULES: &str = "Proven: a test point `ok`, at any depth, without the directives SKIP or TODO. Hollow: the plan is `1..0`; no \
test point; every one has a directive. Contradicted: a test point `not ok` without TODO, or `Bail out!`.\n";

/// Counts tests of a report.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tests {
    pub passed: u64,
    pub skipped: u64,
    pub failed: u64,
}

impl Tests {
    /// Whether some passed and none failed.
    pub(super) const fn passed_alone(&self) -> bool {
        self.passed > 0 && self.failed == 0
    }
}

fn pass(_call: &Call, _alike: &[&Call], evidence: &CommandEvidence<'_>) -> Proof {
    judge(Tool::Tap, tests(&lines([evidence.stdout, &[]])), "the output is not TAP")
}

/// Judges what a report counts.
pub(super) fn judge(tool: Tool, tests: Option<Tests>, none: &str) -> Proof {
    match tests {
        None => Proof::hollow(none),
        Some(Tests { failed, .. }) if failed > 0 => {
            Proof::contradicted(format!("{} reported as failed", were(failed, "test")))
        }
        Some(Tests { passed: 0, skipped: 0, .. }) => Proof::hollow("the report has no tests"),
        Some(Tests { passed: 0, skipped, .. }) => {
            Proof::hollow(format!("{} skipped, and none ran", were(skipped, "test")))
        }
        Some(Tests { passed, .. }) => Proof::proven(tool, passed, "tests passed"),
    }
}

/// Counts the test points; `None` when the lines are not TAP.
pub(super) fn tests(lines: &[String]) -> Option<Tests> {
    let plan = |line: &String| {
        line.trim().strip_prefix("1..").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    if !lines.iter().any(|line| line.starts_with("TAP version ") || plan(line)) {
        return None;
    }
    let mut tests = Tests::default();
    for line in lines {
        let line = line.trim_start();
        let (good, rest) = match (line.strip_prefix("ok"), line.strip_prefix("not ok")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => {
                tests.failed += u64::from(line.starts_with("Bail out!"));
                continue;
            }
        };
        if !(rest.is_empty() || rest.starts_with(' ')) {
            continue;
        }
        let directive = rest.rsplit_once(" # ").map(|(_, directive)| directive.trim_start().to_ascii_uppercase());
        let has = |word: &str| directive.as_deref().is_some_and(|directive| directive.starts_with(word));
        match (good, has("SKIP"), has("TODO")) {
            (_, true, _) | (_, _, true) => tests.skipped += 1,
            (true, ..) => tests.passed += 1,
            (false, ..) => tests.failed += 1,
        }
    }
    Some(tests)
}
