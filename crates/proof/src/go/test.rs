//! `go test`: as text, with `-v` and with `-json`; the flags say which, never what was printed.
//!
//! Recorded with Go 1.26.8: text says `ok  PACKAGE TIME` for a package whose tests ran, the same with `[no tests to run]`
//! when none did, and `?  PACKAGE [no test files]`. With `-bench` the note is missing, and `-list`, `-exec` and `-c` print
//! the same `ok` or nothing at all. A `TestMain` that never calls `m.Run`, or that ends with 0 whatever that returned, makes an
//! `ok`, too: `-v` and `-json` then name no test, or one that failed, and text hides both. So text alone proves a package
//! only together with its test files.

use std::collections::BTreeSet;

use super::constraint::wanted_tags;
use super::test_main::{objection, skips};
use super::{Flags, Module, Place};
use crate::adapter::Adapter;
use crate::call::Call;
use crate::evidence::CommandEvidence;
use crate::inputs::{InputKind, Listing, Lookup};
use crate::outcome::Proof;
use crate::text::{lines, were};
use rcrepro_model::plan::proof::{Condition, Tool};

mod seen;

use seen::{Form, Seen};

pub(crate) const ADAPTER: Adapter = Adapter { tool: Tool::GoTest, version: 3, rules: RULES, pass, failure: None };

const RULES: &str = "Proven: with -json and -v, which the flags of the line or GOFLAGS ask for, every package line `ok` comes with a \
test or benchmark that is named, and one passed; without them a package line `ok` without the note `[no tests to run]`, of a \
package whose test files are among the inputs and hold no `TestMain` that could end without what `m.Run` returned. That counts \
packages, and cannot tell skipped tests from others. Hollow: none of these; every test was skipped; output in another form than \
the flags say; -list, -c, -n, -exec, -overlay, -toolexec or -count=0, which run no test or let something else run it; several calls \
on one line of which one ran no test. Contradicted: a test or package failed. On a condition, where the test files are looked at: those \
that want a build tag that the line does not set; without -json and -v those that call `Skip`, for text does not tell what was skipped.\n";

/// How many bytes of test files are read for one command.
const SOURCES: usize = 32 * 1024 * 1024;

fn pass(call: &Call, alike: &[&Call], evidence: &CommandEvidence<'_>) -> Proof {
    let flags = Flags::of(call, evidence);
    if let Some(reason) = without_tests(&flags) {
        return Proof::hollow(format!("`go test {reason}"));
    }
    let form = Form::of(call, &flags);
    let mut seen = Seen::default();
    // Several calls write into one stream: whatever one of them prints is read in each form that any of them has.
    let forms: BTreeSet<Form> = alike.iter().map(|call| Form::of(call, &Flags::of(call, evidence))).collect();
    for line in lines([evidence.stdout, evidence.stderr]) {
        seen.read(&line, &forms);
    }
    if let Some(failed) = &seen.failed {
        return Proof::contradicted(format!("`{failed}`"));
    }
    let benchmarks = flags.value("bench").is_some();
    judge(call, alike, evidence, &flags, (form, &forms), &seen, benchmarks)
}

/// Returns how a flag keeps a call from running tests; `None` when nothing does.
fn without_tests(flags: &Flags) -> Option<&'static str> {
    let on = [("c", "-c` compiles tests and runs none"), ("n", "-n` prints commands and runs none")];
    let set = [
        ("list", "-list` lists tests and runs none"),
        ("exec", "-exec` lets another program replace the tests, whose `ok` proves nothing"),
        ("toolexec", "-toolexec` lets another program replace the compiler"),
        ("overlay", "-overlay` tests files that are not those of the source"),
    ];
    let on = on.into_iter().find(|(flag, _)| flags.on(flag));
    let set = set.into_iter().find(|(flag, _)| flags.value(flag).is_some_and(|value| !value.is_empty()));
    let none = (flags.value("count") == Some("0")).then_some("-count=0` runs no test");
    on.or(set).map(|(_, why)| why).or(none)
}

fn judge(
    call: &Call,
    alike: &[&Call],
    evidence: &CommandEvidence<'_>,
    flags: &Flags,
    (form, forms): (Form, &BTreeSet<Form>),
    seen: &Seen,
    benchmarks: bool,
) -> Proof {
    if alike.len() > 1 && seen.none_to_run > 0 {
        return Proof::hollow(
            "the line has several `go test`, and a package had no tests to run: which one cannot be told",
        );
    }
    if form == Form::Json && seen.events == 0 {
        return Proof::hollow("the line asks for `-json`, and the output has no test events");
    }
    let strict = forms.iter().all(|form| matches!(form, Form::Verbose | Form::Json));
    let text = forms.iter().all(|form| *form == Form::Text);
    let unnamed: Vec<&str> = seen.unnamed().collect();
    // Of a benchmark run a package without benchmarks says `ok` and no more.
    if let Some(package) = unnamed.first().filter(|_| strict && !benchmarks) {
        return Proof::hollow(format!(
            "package `{package}` says `ok` but names no test: its `TestMain` may end without running any"
        ));
    }
    let open: Vec<&str> = if text { seen.ok.iter().map(String::as_str).collect() } else { unnamed };
    let tags = flags.value("tags").unwrap_or_default().split([',', ' ']).collect();
    let mut sources = Sources { call, evidence, left: SOURCES, tags, text, conditions: Vec::new() };
    if let Some(why) = sources.objection(&open) {
        return Proof::hollow(why);
    }
    let conditions = sources.conditions;
    let enough = |count: usize| count >= alike.len();
    let passed = usize::try_from(seen.passed).unwrap_or(usize::MAX);
    if passed > 0 && enough(passed.max(seen.ok.len())) && (benchmarks || !text) {
        let what = if benchmarks { "tests and benchmarks passed" } else { "tests passed" };
        return Proof::proven(Tool::GoTest, seen.passed, what).on(conditions);
    }
    let ran = if strict || benchmarks { 0 } else { open.len() };
    if ran > 0 && enough(seen.ok.len()) {
        let what = if ran == 1 { "package tested" } else { "packages tested" };
        return Proof::proven(Tool::GoTest, ran as u64, what).on(conditions);
    }
    Proof::hollow(match (seen.names, seen.skipped) {
        (0, _) if seen.none_to_run + seen.no_files > 0 || text && !benchmarks => none_to_run(flags, seen),
        (_, 0) => "no test ran".to_owned(),
        (_, skipped) => format!("{} skipped, and none ran", were(skipped, "test")),
    })
}

fn none_to_run(flags: &Flags, seen: &Seen) -> String {
    let run = flags.value("run").map_or_else(String::new, |run| format!("; `-run` asks for `{run}`"));
    match (seen.none_to_run, seen.no_files) {
        (0, 0) => format!("no package line in the output{run}"),
        (0, _) => "no package has test files".to_owned(),
        (packages, _) => format!("no tests to run in {packages} of {packages} packages with test files{run}"),
    }
}

/// Reads the test files of packages.
struct Sources<'a, 'b> {
    call: &'a Call,
    evidence: &'a CommandEvidence<'b>,
    /// How many bytes may yet be read.
    left: usize,
    /// The build tags that the line sets.
    tags: Vec<&'a str>,
    /// Whether the output does not tell skipped tests from others.
    text: bool,
    /// What the files that were looked at leave out.
    conditions: Vec<Condition>,
}

impl Sources<'_, '_> {
    /// Returns why the `ok` of one of these packages proves nothing.
    fn objection(&mut self, packages: &[&str]) -> Option<String> {
        let names = |why: String| Some(format!("{why}; `-v` and `-json` name the tests that ran"));
        if packages.is_empty() {
            return None;
        }
        let module = match Module::of(self.call, self.evidence) {
            Place::Found(module) => module,
            Place::Unknown { why } => return names(format!("`ok` does not say that a test ran, and {why}")),
        };
        packages.iter().find_map(|package| {
            let why = match module.folder(package) {
                Some(folder) => self.of_package(&folder)?,
                None => "is of no module of the source, so that its test files cannot be looked at".to_owned(),
            };
            names(format!("package `{package}` {why}"))
        })
    }

    fn of_package(&mut self, folder: &str) -> Option<String> {
        let unseen = || Some("says `ok`, and its test files cannot be looked at here".to_owned());
        let names = match self.evidence.inputs.list(folder) {
            Listing::Folder(names) => names,
            Listing::Absent => return Some("says `ok`, and its folder is not in the source".to_owned()),
            Listing::Unavailable => return unseen(),
        };
        let mut files = 0;
        for (name, kind) in names.iter().filter(|(name, _)| name.ends_with("_test.go")) {
            // The go command leaves these out, whatever is in them.
            if name.starts_with(['_', '.']) || *kind == InputKind::Folder {
                continue;
            }
            files += 1;
            let Lookup::File(bytes) = self.evidence.inputs.look(&format!("{folder}/{name}")) else { return unseen() };
            let Some(left) = self.left.checked_sub(bytes.len()) else {
                return Some("and others have more test files than are looked at".to_owned());
            };
            self.left = left;
            let source = String::from_utf8_lossy(&bytes);
            let wanted = wanted_tags(&source, &self.tags);
            if wanted.is_empty()
                && let Some(what) = objection(&source)
            {
                return Some(format!("has {what} (`{name}`)"));
            }
            self.leaves_out(&format!("{folder}/{name}"), &wanted, skips(&source));
        }
        (files == 0).then(|| "says `ok`, and has no test files in the source".to_owned())
    }

    /// Names what a test file leaves out.
    fn leaves_out(&mut self, path: &str, wanted: &[String], skips: usize) {
        let file = path.strip_prefix("/work/").unwrap_or(path);
        if !wanted.is_empty() {
            let says = format!("`{file}` is left out of this build: it wants the build tag `{}`", wanted.join("`, `"));
            self.conditions.push(Condition::new("go-test-tags", file, says));
        } else if skips > 0 && self.text {
            let says = format!("`{file}` has tests that may skip themselves, and only `-v` and `-json` say which did");
            self.conditions.push(Condition::new("go-test-skips", file, says));
        }
    }
}
