//! `go test`: as text, with `-v` and with `-json`.
//!
//! Recorded with Go 1.26.8: text says `ok  PACKAGE TIME` for a package whose tests ran, the same with `[no tests to run]`
//! when none did, and `?  PACKAGE [no test files]`. With `-bench` the note is missing, and `-list`, `-exec` and `-c` print
//! the same `ok` or nothing at all.

use serde::Deserialize;

use super::adapter::Adapter;
use super::call::Call;
use super::text::{lines, were};
use super::{Evidence, Proof};
use crate::model::proof::Tool;

pub(super) const ADAPTER: Adapter = Adapter { tool: Tool::GoTest, version: 1, rules: RULES, pass, failure: None };

const RULES: &str = "Proven: -json and -v name a test or benchmark that passed; text has a package line `ok` without the note \
`[no tests to run]`, which counts packages, and cannot tell skipped tests from others. Hollow: none of these; every test \
was skipped; -list, -c, -n or -exec, which run no test or let something else run it; several calls on one line of which \
one ran no test. Contradicted: a test or package failed.\n";

/// Counts what the streams name.
#[derive(Default)]
struct Seen {
    /// Tests, subtests, examples and benchmarks that passed, by name.
    passed: u64,
    skipped: u64,
    /// Packages with `ok` and no note.
    ran: u64,
    /// Packages with the note `[no tests to run]`.
    none_to_run: u64,
    no_files: u64,
    failed: Option<String>,
    /// Whether tests are named at all.
    named: bool,
}

fn pass(call: &Call, alike: usize, evidence: &Evidence<'_>) -> Proof {
    for (flags, why) in [
        (["-list", "--list"], "lists tests and runs none"),
        (["-c", "--c"], "compiles tests and runs none"),
        (["-n", "--n"], "prints commands and runs none"),
        (["-exec", "--exec"], "lets another program stand for the tests, whose `ok` proves nothing"),
    ] {
        if call.has(&flags) {
            return Proof::hollow(format!("`go test {}` {why}", flags[0]));
        }
    }
    let mut seen = Seen::default();
    for line in lines([evidence.stdout, evidence.stderr]) {
        seen.read(&line);
    }
    if let Some(failed) = seen.failed {
        return Proof::contradicted(format!("`{failed}`"));
    }
    if alike > 1 && seen.none_to_run > 0 {
        return Proof::hollow(
            "several `go test` stand on the line, and a package had no tests to run: which one cannot be told",
        );
    }
    let benchmarks = call.has(&["-bench", "--bench", "-test.bench"]);
    let enough = |count: u64| usize::try_from(count).is_ok_and(|count| count >= alike);
    if seen.passed > 0 && enough(seen.passed.max(seen.ran)) {
        return Proof::proven(
            Tool::GoTest,
            seen.passed,
            if benchmarks { "tests and benchmarks passed" } else { "tests passed" },
        );
    }
    if seen.named || benchmarks {
        return Proof::hollow(match seen.skipped {
            0 => "no test ran".to_owned(),
            skipped => format!("{} skipped, and none ran", were(skipped, "test")),
        });
    }
    if seen.ran > 0 && enough(seen.ran) {
        return Proof::proven(Tool::GoTest, seen.ran, if seen.ran == 1 { "package tested" } else { "packages tested" });
    }
    let run = call.value(&["-run", "--run"]).map_or_else(String::new, |run| format!("; `-run` asks for `{run}`"));
    Proof::hollow(match (seen.none_to_run, seen.no_files) {
        (0, 0) => format!("no package line in the output{run}"),
        (0, _) => "no package has test files".to_owned(),
        (packages, _) => format!("no tests to run in {packages} of {packages} packages with test files{run}"),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    action: String,
    package: Option<String>,
    test: Option<String>,
    output: Option<String>,
}

impl Seen {
    fn read(&mut self, line: &str) {
        if line.starts_with('{')
            && let Ok(event) = serde_json::from_str::<Event>(line)
        {
            return self.event(&event);
        }
        self.text(line);
    }

    fn event(&mut self, event: &Event) {
        self.named = true;
        match (event.action.as_str(), &event.test) {
            ("pass" | "bench", Some(_)) => self.passed += 1,
            ("skip", Some(_)) => self.skipped += 1,
            ("fail", test) => {
                let name = test.clone().or(event.package.clone()).unwrap_or_default();
                self.failed = Some(format!("fail {name}"));
            }
            // Package lines come as output of no test.
            ("output", None) => {
                let line = event.output.as_deref().unwrap_or_default().trim_end();
                if line.contains("[no tests to run]") {
                    self.none_to_run += 1;
                } else if line.starts_with("ok  \t") {
                    self.ran += 1;
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, line: &str) {
        let indented = line.trim_start_matches("    ");
        if let Some(package) = line.strip_prefix("ok  \t") {
            if package.contains("[no tests to run]") {
                self.none_to_run += 1;
            } else if !package.contains("[no test files]") {
                self.ran += 1;
            }
        } else if line.starts_with("?   \t") || line.ends_with("[no test files]") {
            self.no_files += 1;
        } else if line.starts_with("FAIL\t") || line.starts_with("--- FAIL: ") {
            self.failed.get_or_insert(line.replace('\t', " "));
        } else if indented.starts_with("--- PASS: ") {
            self.named = true;
            self.passed += 1;
        } else if indented.starts_with("--- SKIP: ") {
            self.named = true;
            self.skipped += 1;
        } else if line.starts_with("=== RUN ") {
            self.named = true;
        } else if line.starts_with("Benchmark") && line.contains(" ns/op") {
            self.passed += 1;
        }
    }
}
