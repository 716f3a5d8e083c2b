//! JUnit XML on standard output, from any program.

use super::adapter::Adapter;
use super::call::Call;
use super::tap::{Tests, judge};
use crate::evidence::CommandEvidence;
use crate::outcome::Proof;
use rcrepro_format::syntax::xml::{XmlElement, elements};
use rcrepro_model::plan::proof::Tool;

pub(super) const ADAPTER: Adapter = Adapter { tool: Tool::Junit, version: 1, rules: RULES, pass, failure: None };

const RULES: &str = "Proven: a `testcase` without `skipped`, `failure` and `error` inside. Hollow: standard output is no XML with \
a `testsuite`; no test case; every one is skipped. Contradicted: a test case with `failure` or `error`.\n";

fn pass(_call: &Call, _alike: &[&Call], evidence: &CommandEvidence<'_>) -> Proof {
    judge(Tool::Junit, tests(evidence.stdout), "standard output is not a JUnit report")
}

/// Counts test cases by what is inside them; `None` when the stream is not such a report.
pub(super) fn tests(stdout: &[u8]) -> Option<Tests> {
    let (mut tests, mut suite, mut case) = (Tests::default(), false, None);
    elements(stdout, |element| match element {
        XmlElement::Start(name) => open(name, false, &mut suite, &mut case, &mut tests),
        XmlElement::Empty(name) => open(name, true, &mut suite, &mut case, &mut tests),
        XmlElement::End("testcase") => close(&mut case, &mut tests),
        XmlElement::End(_) => {}
    })?;
    suite.then_some(tests)
}

#[derive(Clone, Copy)]
enum Verdict {
    Passed,
    Skipped,
    Failed,
}

fn open(name: &str, empty: bool, suite: &mut bool, case: &mut Option<Verdict>, tests: &mut Tests) {
    match name {
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
