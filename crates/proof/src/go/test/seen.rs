//! What the streams of `go test` name.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::Flags;
use crate::call::Call;

/// A form of the output, as flags ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// One line per package.
    Text,
    /// One line per package and one per test.
    Verbose,
    /// One event per line.
    Json,
    /// The plan says that something else ran `go test`: whichever form is found, packages that name no test count as text.
    Any,
}

impl Form {
    pub(super) fn of(call: &Call, flags: &Flags) -> Self {
        match (call.forced, flags.on("json"), flags.on("v")) {
            (true, ..) => Self::Any,
            (_, true, _) => Self::Json,
            (_, _, true) => Self::Verbose,
            _ => Self::Text,
        }
    }
}

/// Counts what the streams name.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Tests, subtests, examples and benchmarks that passed.
    pub(super) passed: u64,
    pub(super) skipped: u64,
    /// Tests that are named at all.
    pub(super) names: u64,
    /// Test events of `-json`.
    pub(super) events: u64,
    /// Packages with `ok` and no note.
    pub(super) ok: Vec<String>,
    /// Those among them of which a test is named.
    with_tests: BTreeSet<String>,
    /// Packages with the note `[no tests to run]`.
    pub(super) none_to_run: u64,
    pub(super) no_files: u64,
    pub(super) failed: Option<String>,
    /// Whether a test was named since the last package line: `-v` writes a package's line behind its tests.
    open: bool,
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
    /// Lists the packages that say `ok` and of which no test is named.
    pub(super) fn unnamed(&self) -> impl Iterator<Item = &str> {
        self.ok.iter().filter(|package| !self.with_tests.contains(*package)).map(String::as_str)
    }

    /// Reads a line in each of these forms.
    pub(super) fn read(&mut self, line: &str, forms: &BTreeSet<Form>) {
        let any = forms.contains(&Form::Any);
        if line.starts_with('{')
            && (any || forms.contains(&Form::Json))
            && let Ok(event) = serde_json::from_str::<Event>(line)
        {
            return self.event(&event);
        }
        self.text(line, any || forms.contains(&Form::Verbose));
    }

    fn event(&mut self, event: &Event) {
        self.events += 1;
        let package = event.package.clone().unwrap_or_default();
        if event.test.is_some() {
            self.with_tests.insert(package.clone());
        }
        match (event.action.as_str(), &event.test) {
            ("pass" | "bench", Some(_)) => {
                self.names += 1;
                self.passed += 1;
            }
            ("skip", Some(_)) => {
                self.names += 1;
                self.skipped += 1;
            }
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
                    self.ok.push(package);
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, line: &str, verbose: bool) {
        let indented = line.trim_start_matches("    ");
        if let Some(package) = line.strip_prefix("ok  \t") {
            let name = package.split('\t').next().unwrap_or_default().to_owned();
            if package.contains("[no tests to run]") {
                self.none_to_run += 1;
            } else if !package.contains("[no test files]") {
                if std::mem::take(&mut self.open) {
                    self.with_tests.insert(name.clone());
                }
                self.ok.push(name);
            }
            self.open = false;
        } else if line.starts_with("?   \t") || line.ends_with("[no test files]") {
            self.no_files += 1;
        } else if line.starts_with("FAIL\t") || line.starts_with("--- FAIL: ") {
            self.failed.get_or_insert(line.replace('\t', " "));
        } else if verbose && indented.starts_with("--- FAIL: ") {
            self.failed.get_or_insert(indented.to_owned());
        } else if verbose && (indented.starts_with("--- PASS: ") || indented.starts_with("--- SKIP: ")) {
            self.open = true;
            self.names += 1;
            let count = if indented.starts_with("--- PASS") { &mut self.passed } else { &mut self.skipped };
            *count += 1;
        } else if line.starts_with("Benchmark") && line.contains(" ns/op") {
            self.open = true;
            self.names += 1;
            self.passed += 1;
        }
    }
}
