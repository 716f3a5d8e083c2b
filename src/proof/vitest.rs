//! vitest: the summary of its text reporters, and its json, junit and tap reporters on standard output.

use serde::Deserialize;

use super::adapter::Adapter;
use super::call::Call;
use super::text::{lines, number_before, were};
use super::{Evidence, Proof, junit, tap};
use crate::model::proof::Tool;

pub(super) const ADAPTER: Adapter = Adapter { tool: Tool::Vitest, version: 1, rules: RULES, pass, failure: None };

const RULES: &str = "Proven: the summary line `Tests` of the default, verbose, basic, dot and tree reporters, `numPassedTests` \
of json, the tests of junit or tap count a test that passed. Hollow: `No test files found`; no such count; every test was \
skipped or is to do; `vitest list`. Contradicted: tests that failed, or errors outside of tests that \
--dangerouslyIgnoreUnhandledErrors lets pass.\n";

#[derive(Default)]
struct Counts {
    passed: u64,
    skipped: u64,
    failed: u64,
    reports: usize,
}

fn pass(call: &Call, alike: usize, evidence: &Evidence<'_>) -> Proof {
    if call.arguments.first().is_some_and(|word| word == "list") {
        return Proof::hollow("`vitest list` lists tests and runs none");
    }
    let lines = lines([evidence.stdout, evidence.stderr]);
    if let Some(line) = lines.iter().find(|line| line.trim_start().starts_with("No test files found")) {
        return Proof::hollow(line.trim());
    }
    if lines.iter().any(|line| {
        line.trim_start().starts_with("Errors  ")
            && number_before(line, "error").or(number_before(line, "errors")).is_some()
    }) {
        return Proof::contradicted("errors outside of tests, which the command line lets pass");
    }
    let mut counts = Counts::default();
    for line in &lines {
        counts.summary(line);
    }
    if counts.reports == 0 {
        counts.json(evidence.stdout);
    }
    if counts.reports == 0
        && let Some(found) = junit::tests(evidence.stdout).or_else(|| tap::tests(&lines))
    {
        counts = Counts { passed: found.passed, skipped: found.skipped, failed: found.failed, reports: 1 };
    }
    match counts {
        Counts { reports: 0, .. } => {
            Proof::hollow("the output has no summary of tests: keep a reporter on standard output")
        }
        Counts { reports, .. } if reports < alike => {
            Proof::hollow("the line has more calls than the output has summaries")
        }
        Counts { failed, .. } if failed > 0 => Proof::contradicted(format!("{} failed", were(failed, "test"))),
        Counts { passed: 0, skipped: 0, .. } => Proof::hollow("no test ran"),
        Counts { passed: 0, skipped, .. } => Proof::hollow(format!("{} skipped, and none ran", were(skipped, "test"))),
        Counts { passed, .. } => Proof::proven(Tool::Vitest, passed, "tests passed"),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    num_passed_tests: u64,
    num_failed_tests: u64,
    num_pending_tests: u64,
    #[serde(default)]
    num_todo_tests: u64,
}

impl Counts {
    /// Reads `      Tests  10 passed | 3 skipped (13)`.
    fn summary(&mut self, line: &str) {
        let Some(counts) = line.trim_start().strip_prefix("Tests  ") else { return };
        let count = |word| number_before(counts, word).unwrap_or(0);
        if !line.ends_with(')') && !counts.starts_with("no tests") {
            return;
        }
        self.reports += 1;
        self.passed += count("passed");
        self.failed += count("failed");
        self.skipped += count("skipped") + count("todo");
    }

    fn json(&mut self, stdout: &[u8]) {
        let Some(begin) = stdout.iter().position(|byte| *byte == b'{') else { return };
        let mut reports = serde_json::Deserializer::from_slice(&stdout[begin..]).into_iter::<Report>();
        while let Some(Ok(report)) = reports.next() {
            self.reports += 1;
            self.passed += report.num_passed_tests;
            self.failed += report.num_failed_tests;
            self.skipped += report.num_pending_tests + report.num_todo_tests;
        }
    }
}
