//! JUnit XML on standard output, from any program.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::adapter::Adapter;
use super::call::Call;
use super::tap::{Tests, judge};
use super::{CommandEvidence, Proof};
use rcrepro_model::plan::proof::Tool;

pub(super) const ADAPTER: Adapter = Adapter { tool: Tool::Junit, version: 1, rules: RULES, pass, failure: None };

const RULES: &str = "Proven: a `testcase` without `skipped`, `failure` and `error` inside. Hollow: standard output is no XML with \
a `testsuite`; no test case; every one is skipped. Contradicted: a test case with `failure` or `error`.\n";

fn pass(_call: &Call, _alike: &[&Call], evidence: &CommandEvidence<'_>) -> Proof {
    judge(Tool::Junit, tests(evidence.stdout), "standard output is not a JUnit report")
}

/// Counts test cases by what is inside them; `None` when the stream is not such a report.
pub(super) fn tests(stdout: &[u8]) -> Option<Tests> {
    let begin = stdout.iter().position(|byte| *byte == b'<')?;
    let mut reader = Reader::from_reader(&stdout[begin..]);
    let (mut tests, mut suite, mut case) = (Tests::default(), false, None);
    let mut buffer = Vec::new();
    loop {
        let event = reader.read_event_into(&mut buffer).ok()?;
        match &event {
            Event::Start(start) => open(start, false, &mut suite, &mut case, &mut tests),
            Event::Empty(start) => open(start, true, &mut suite, &mut case, &mut tests),
            Event::End(end) if end.local_name().as_ref() == "testcase" => close(&mut case, &mut tests),
            Event::Eof => return suite.then_some(tests),
            _ => {}
        }
        buffer.clear();
    }
}

#[derive(Clone, Copy)]
enum Verdict {
    Passed,
    Skipped,
    Failed,
}

fn open(start: &BytesStart<'_>, empty: bool, suite: &mut bool, case: &mut Option<Verdict>, tests: &mut Tests) {
    match start.local_name().as_ref() {
        "testsuites" | "testsuite" => *suite = true,
        "testcase" => {
            *case = Some(Verdict::Passed);
            if empty {
                close(case, tests);
            }
        }
        "skipped" if case.is_some() => *case = Some(Verdict::Skipped),
        "failure" | "error" if case.is_some() => *case = Some(Verdict::Failed),
        _ => {}
    }
}

fn close(case: &mut Option<Verdict>, tests: &mut Tests) {
    match case.take() {
        Some(Verdict::Passed) => tests.passed += 1,
        Some(Verdict::Skipped) => tests.skipped += 1,
        Some(Verdict::Failed) => tests.failed += 1,
        None => {}
    }
}
