//! jest: the summary that it writes to standard error, or the report of `--json`.
//!
//! Recorded with jest 30.2: a run without tests says `No tests found, exiting with code 0`; a test that ends the process ends jest
//! with its exit code and without a summary; `testFailureExitCode` may be 0.

use serde::Deserialize;

use super::sources::{RanFiles, focused};
use crate::adapter::Adapter;
use crate::call::Call;
use crate::evidence::CommandEvidence;
use crate::outcome::Proof;
use crate::text::{lines, number_before, were};
use rcrepro_model::plan::proof::{Condition, Tool};

pub(crate) const ADAPTER: Adapter = Adapter { tool: Tool::Jest, version: 2, rules: RULES, pass, failure: None };

const RULES: &str = "Proven: the summary line `Tests:`, or `numPassedTests` of --json, counts a test that passed. Hollow: no tests \
found; no such count, as when a test ends the process; every test was skipped or is to do; --listTests, --showConfig, --clearCache and \
--init, which run none. On a condition: -u, and snapshots that were written anew; --shard, --onlyChanged, --changedSince, --lastCommit and \
--findRelatedTests, which leave tests out; tests that were skipped where a test file that ran says `.only`. Contradicted: a test or a test suite \
failed.\n";

/// Flags with which no test runs.
const RUN_NONE: [&str; 4] = ["--listTests", "--showConfig", "--clearCache", "--init"];
/// Flags that leave tests out.
const LEAVE_OUT: [&str; 6] = ["--shard", "--onlyChanged", "-o", "--changedSince", "--lastCommit", "--findRelatedTests"];

#[derive(Default)]
struct Counts {
    passed: u64,
    skipped: u64,
    failed: u64,
    failed_suites: u64,
    written: u64,
    reports: usize,
    files: RanFiles,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    num_passed_tests: u64,
    num_failed_tests: u64,
    num_failed_test_suites: u64,
    num_pending_tests: u64,
    #[serde(default)]
    num_todo_tests: u64,
    #[serde(default)]
    snapshot: Snapshot,
    #[serde(default)]
    test_results: Vec<TestFile>,
}

#[derive(Deserialize)]
struct TestFile {
    #[serde(default)]
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Snapshot {
    added: u64,
    updated: u64,
}

fn pass(call: &Call, alike: &[&Call], evidence: &CommandEvidence<'_>) -> Proof {
    if let Some(flag) = RUN_NONE.into_iter().find(|flag| call.has(&[flag])) {
        return Proof::hollow(format!("`jest {flag}` runs no test"));
    }
    let lines = lines([evidence.stdout, evidence.stderr]);
    if let Some(line) = lines.iter().find(|line| line.trim_start().starts_with("No tests found")) {
        return Proof::hollow(line.trim());
    }
    let mut counts = Counts::default();
    lines.iter().for_each(|line| counts.summary(line));
    if counts.reports == 0 {
        counts.json(evidence.stdout);
    }
    match counts {
        Counts { reports: 0, .. } => Proof::hollow(
            "the output has no summary of tests: a test may have ended the process, or no reporter on the standard streams sums up",
        ),
        Counts { reports, .. } if reports < alike.len() => {
            Proof::hollow("the line has more calls than the output has summaries")
        }
        Counts { failed, .. } if failed > 0 => Proof::contradicted(format!("{} failed", were(failed, "test"))),
        Counts { failed_suites, .. } if failed_suites > 0 => {
            Proof::contradicted(format!("{} failed", were(failed_suites, "test suite")))
        }
        Counts { passed: 0, skipped: 0, .. } => Proof::hollow("no test ran"),
        Counts { passed: 0, skipped, .. } => Proof::hollow(format!("{} skipped, and none ran", were(skipped, "test"))),
        Counts { passed, .. } => {
            Proof::proven(Tool::Jest, passed, "tests passed").on(conditions(call, &counts, evidence))
        }
    }
}

fn conditions(call: &Call, counts: &Counts, evidence: &CommandEvidence<'_>) -> Vec<Condition> {
    let mut found = Vec::new();
    if call.has(&["-u", "--updateSnapshot"]) {
        let says = "`--updateSnapshot` writes snapshots anew instead of comparing them";
        found.push(Condition::new("jest-update", "", says));
    }
    if counts.written > 0 {
        let written = were(counts.written, "snapshot");
        let says = format!("{written} written anew and compared with nothing; `--ci` lets such a test fail");
        found.push(Condition::new("jest-snapshots", "", says));
    }
    if let Some(flag) = LEAVE_OUT.into_iter().find(|flag| call.has(&[flag])) {
        found.push(Condition::new("jest-partial", "", format!("`{flag}` runs a part of the tests")));
    }
    if counts.skipped > 0 {
        let ran = focused(call, evidence).into_iter().filter(|file| counts.files.may_hold(file));
        found.extend(ran.map(|file| {
            let says =
                format!("`{file}` says that some of its tests alone run, and {} skipped", were(counts.skipped, "test"));
            Condition::new("jest-only", &file, says)
        }));
    }
    found
}

impl Counts {
    /// Reads `Tests:       2 skipped, 1 passed, 3 total`, the lines of suites and snapshots beside it, and `PASS src/a.test.js`. Of
    /// a file whose tests are all skipped there is no such line; the summary has them as `1 skipped, 2 passed, 2 of 3 total`.
    fn summary(&mut self, line: &str) {
        let count = |counts: &str, word| number_before(counts, word).unwrap_or(0);
        if let Some(counts) = line.strip_prefix("Test Suites: ") {
            self.failed_suites += count(counts, "failed");
            self.files.counted += number_before(counts, "of").unwrap_or_else(|| count(counts, "total"));
        } else if let Some(counts) = line.strip_prefix("Snapshots: ") {
            self.written += count(counts, "written");
        } else if let Some(counts) = line.strip_prefix("Tests: ").filter(|_| line.ends_with(" total")) {
            self.reports += 1;
            self.passed += count(counts, "passed");
            self.failed += count(counts, "failed");
            self.skipped += count(counts, "skipped") + count(counts, "todo");
        } else if let Some(file) =
            ["PASS ", "FAIL ", " PASS ", " FAIL "].iter().find_map(|mark| line.strip_prefix(mark))
        {
            self.files.add(file);
        }
    }

    fn json(&mut self, stdout: &[u8]) {
        let Some(begin) = stdout.iter().position(|byte| *byte == b'{') else { return };
        let mut reports = serde_json::Deserializer::from_slice(&stdout[begin..]).into_iter::<Report>();
        while let Some(Ok(report)) = reports.next() {
            self.reports += 1;
            self.passed += report.num_passed_tests;
            self.failed += report.num_failed_tests;
            self.failed_suites += report.num_failed_test_suites;
            self.skipped += report.num_pending_tests + report.num_todo_tests;
            self.written += report.snapshot.added + report.snapshot.updated;
            report.test_results.iter().filter(|file| !file.name.is_empty()).for_each(|file| self.files.add(&file.name));
        }
    }
}
