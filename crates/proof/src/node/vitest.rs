//! vitest: the summary of its text reporters, and its json, junit and tap reporters on standard output; the line says which.

use serde::Deserialize;

use super::sources::{RanFiles, focused};
use crate::adapter::Adapter;
use crate::call::Call;
use crate::evidence::CommandEvidence;
use crate::outcome::Proof;
use crate::text::{leading_number, lines, number_before, were};
use crate::{junit, tap};
use rcrepro_model::plan::proof::{Condition, Tool};

mod settings;

use rcrepro_model::text::plural::counted;
use settings::Settings;

pub(crate) const ADAPTER: Adapter = Adapter { tool: Tool::Vitest, version: 4, rules: RULES, pass, failure: None };

const RULES: &str = "Proven: the summary line `Tests` of the default, verbose, basic, dot and tree reporters, or, where --reporter \
or the configuration asks for it, `numPassedTests` of json, the tests of junit or tap, count a test that passed. Hollow: `No test \
files found`; no such count, or one in another form than the line asks for; every test was skipped or is to do; `vitest list`; \
`dangerouslyIgnoreUnhandledErrors` on the line or in the configuration with json, junit or tap alone, which do not show errors outside \
of tests. On a condition: -u, which writes snapshots instead of comparing them; --retry, --shard, --changed, `vitest related`; --allowOnly \
where tests were skipped. Contradicted: tests that failed, or errors outside of tests that the command line lets pass. Hollow also: --mergeReports, which runs no \
test. On a condition also: snapshots that were written anew; `retry` in the configuration or the report; tests that were skipped where a \
test file that ran says `.only`. The configuration is read with the files that it names by a relative path.\n";

#[derive(Default)]
struct Counts {
    passed: u64,
    skipped: u64,
    failed: u64,
    written: u64,
    reports: usize,
    files: RanFiles,
}

fn pass(call: &Call, alike: &[&Call], evidence: &CommandEvidence<'_>) -> Proof {
    if call.arguments.first().is_some_and(|word| word == "list") {
        return Proof::hollow("`vitest list` lists tests and runs none");
    }
    if call.has(&["--mergeReports", "--merge-reports"]) {
        return Proof::hollow("`vitest --mergeReports` puts earlier reports together and runs no test");
    }
    let lines = lines([evidence.stdout, evidence.stderr]);
    if let Some(line) = lines.iter().find(|line| line.trim_start().starts_with("No test files found")) {
        return Proof::hollow(line.trim());
    }
    if lines.iter().any(|line| counts_errors(line)) {
        return Proof::contradicted("errors outside of tests, which the command line lets pass");
    }
    let settings = Settings::of(call, evidence);
    let mut counts = Counts::default();
    if settings.may_write(&settings::TEXT) {
        lines.iter().for_each(|line| counts.summary(line));
    }
    if counts.reports == 0 {
        if let Some(how) = &settings.ignores_errors {
            return Proof::hollow(format!(
                "{how} lets errors outside of tests pass, and only a text reporter shows them: add `--reporter=default`"
            ));
        }
        if let Some(file) = &settings.unread {
            return Proof::hollow(format!(
                "`{file}` cannot be looked at here: it may let errors outside of tests pass, which only a text reporter shows"
            ));
        }
        if settings.may_write(&["json"]) {
            counts.json(evidence.stdout);
        }
        let junit = || settings.may_write(&["junit"]).then(|| junit::tests(evidence.stdout)).flatten();
        let tap = || settings.may_write(&["tap", "tap-flat"]).then(|| tap::tests(&lines)).flatten();
        if counts.reports == 0
            && let Some(found) = junit().or_else(tap)
        {
            let (passed, skipped, failed) = (found.passed, found.skipped, found.failed);
            counts = Counts { passed, skipped, failed, reports: 1, ..Counts::default() };
        }
    }
    let skipped = counts.skipped;
    let mut left_out = conditions(call, skipped);
    left_out.extend(retried(&settings, &lines));
    if counts.written > 0 {
        let says = format!("{} written anew, and compared with nothing", were(counts.written, "snapshot"));
        left_out.push(Condition::new("vitest-snapshots", "", says));
    }
    if skipped > 0 {
        let ran = focused(call, evidence).into_iter().filter(|file| counts.files.may_hold(file));
        left_out.extend(ran.map(|file| {
            let says = format!("`{file}` says that some of its tests alone run, and {} skipped", were(skipped, "test"));
            Condition::new("vitest-only", &file, says)
        }));
    }
    judge(counts, alike.len()).on(left_out)
}

/// Whether a line of the summary counts errors outside of tests.
fn counts_errors(line: &str) -> bool {
    line.trim_start().starts_with("Errors  ")
        && number_before(line, "error").or(number_before(line, "errors")).is_some()
}

fn judge(counts: Counts, alike: usize) -> Proof {
    match counts {
        Counts { reports: 0, .. } => Proof::hollow(
            "the output has no summary of tests in the form that the line asks for: keep a reporter on standard output",
        ),
        Counts { reports, .. } if reports < alike => {
            Proof::hollow("the line has more calls than the output has summaries")
        }
        Counts { failed, .. } if failed > 0 => Proof::contradicted(format!("{} failed", were(failed, "test"))),
        Counts { passed: 0, skipped: 0, .. } => Proof::hollow("no test ran"),
        Counts { passed: 0, skipped, .. } => Proof::hollow(format!("{} skipped, and none ran", were(skipped, "test"))),
        Counts { passed, .. } => Proof::proven(Tool::Vitest, passed, "tests passed"),
    }
}

/// Says that a test may have failed before it passed.
fn retried(settings: &Settings, lines: &[String]) -> Option<Condition> {
    let seen = lines.iter().any(|line| line.contains("(retry x"));
    let by = settings.retries.as_ref().map(|file| format!("`retry` in `{file}` lets a test pass that failed before"));
    let says = by.or_else(|| seen.then(|| "a test passed that failed before (`retry`)".to_owned()))?;
    Some(Condition::new("vitest-retry", "", says))
}

/// Names the flags that change what a pass says.
fn conditions(call: &Call, skipped: u64) -> Vec<Condition> {
    let flags = [
        (&["-u", "--update"][..], "vitest-update", "`--update` writes snapshots anew instead of comparing them"),
        (&["--retry"], "vitest-retry", "`--retry` lets a test pass that failed before"),
        (&["--shard"], "vitest-partial", "`--shard` runs a part of the tests"),
        (&["--changed"], "vitest-partial", "`--changed` runs the tests of changed files only"),
    ];
    let set = flags.into_iter().filter(|(flags, ..)| call.has(flags) && call.value(flags) != Some("0"));
    let mut found: Vec<Condition> = set.map(|(_, name, says)| Condition::new(name, "", says)).collect();
    if call.arguments.first().is_some_and(|word| word == "related") {
        found.push(Condition::new("vitest-partial", "", "`vitest related` runs the tests of the named files only"));
    }
    if skipped > 0 && call.has(&["--allowOnly", "--allow-only"]) {
        let says =
            format!("`--allowOnly` lets {} be skipped for others that are marked `only`", counted(skipped, "test"));
        found.push(Condition::new("vitest-only", "", says));
    }
    found
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    num_passed_tests: u64,
    num_failed_tests: u64,
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
}

impl Counts {
    /// Reads `      Tests  10 passed | 3 skipped (13)`, and the names of files, whose lines are the least indented:
    /// ` ✓ src/a.test.ts (3 tests | 1 skipped) 5ms`, ` ✓ src/a.test.ts > adds 5ms`.
    fn summary(&mut self, line: &str) {
        if let Some(rest) = [" ✓ ", " ❯ ", " ↓ ", " × "].iter().find_map(|mark| line.strip_prefix(mark)) {
            self.files.add(rest.split(" > ").next().unwrap_or(rest));
        }
        if let Some(counts) = line.trim_start().strip_prefix("Test Files  ") {
            self.files.counted += counts.rsplit('(').next().and_then(leading_number).unwrap_or(0);
        }
        if let Some(counts) = line.trim_start().strip_prefix("Snapshots  ") {
            self.written += number_before(counts, "written").unwrap_or(0);
        }
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
            self.written += report.snapshot.added;
            report.test_results.iter().filter(|file| !file.name.is_empty()).for_each(|file| self.files.add(&file.name));
        }
    }
}
