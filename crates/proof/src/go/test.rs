//! `go test`: as text, with `-v` and with `-json`; the flags say which, never what was printed.
//!
//! Recorded with Go 1.26.8: text says `ok  PACKAGE TIME` for a package whose tests ran, the same with `[no tests to run]`
//! when none did, and `?  PACKAGE [no test files]`. With `-bench` the note is missing, and `-list`, `-exec` and `-c` print
//! the same `ok` or nothing at all. A `TestMain` that never calls `m.Run`, or that ends with 0 whatever that returned, makes an
//! `ok`, too: `-v` and `-json` then name no test, or one that failed, and text hides both. So text alone proves a package
//! only together with its test files.

use std::collections::BTreeSet;

use super::Flags;
use crate::adapter::Adapter;
use crate::call::Call;
use crate::evidence::CommandEvidence;
use crate::outcome::Proof;
use crate::text::{lines, were};
use rcrepro_model::plan::proof::Tool;

mod seen;
mod sources;

use rcrepro_model::text::plural::counted;
use seen::{Form, Seen};
use sources::Sources;

pub(crate) const ADAPTER: Adapter = Adapter { tool: Tool::GoTest, version: 4, rules: RULES, pass, failure: None };

const RULES: &str = "Proven: with -json and -v, which the flags of the line or GOFLAGS ask for, every package line `ok` comes with a \
test or benchmark that is named, and one passed; without them a package line `ok` without the note `[no tests to run]`, of a \
package whose test files are among the inputs and hold no `TestMain` that could end without what `m.Run` returned, neither by itself \
nor by what it calls in the project's own packages. That counts packages, and cannot tell skipped tests from others. Hollow: none of these; every test was skipped; output in another form than \
the flags say; -list, -c, -n, -exec, -overlay, -toolexec or -count=0, which run no test or let something else run it; several calls \
on one line of which one ran no test. Contradicted: a test or package failed. On a condition, where the test files are looked at: those \
that want a build tag that the line does not set; without -json and -v those that call `Skip`, for text does not tell what was skipped; \
a `TestMain` that comes to functions of packages that are not the project's own; commands in front of it on the line that may make \
test files.\n";

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
    let mut sources = Sources::new(call, evidence, tags, text);
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
        (packages, _) => {
            format!("no tests to run in {packages} of {} with test files{run}", counted(packages, "package"))
        }
    }
}
