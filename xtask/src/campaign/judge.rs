//! How the runs of a test in two worlds compare: the same, flaky by itself, or another verdict in one of them. Pure.

use std::collections::BTreeSet;
use std::fmt;

use super::reports::{TestReport, TestVerdict};

/// How often each verdict was seen in one world.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VerdictCounts {
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
    /// Runs that report other tests, but not this one.
    pub absent: usize,
}

impl VerdictCounts {
    fn count(verdicts: impl Iterator<Item = Option<TestVerdict>>) -> Self {
        verdicts.fold(Self::default(), |mut seen, verdict| {
            match verdict {
                Some(TestVerdict::Passed) => seen.passed += 1,
                Some(TestVerdict::Failed) => seen.failed += 1,
                Some(TestVerdict::Skipped) => seen.skipped += 1,
                None => seen.absent += 1,
            }
            seen
        })
    }

    fn kinds(self) -> BTreeSet<&'static str> {
        self.named().into_iter().filter(|(_, count)| *count > 0).map(|(name, _)| name).collect()
    }

    fn named(self) -> [(&'static str, usize); 4] {
        [("passed", self.passed), ("failed", self.failed), ("skipped", self.skipped), ("absent", self.absent)]
    }
}

impl fmt::Display for VerdictCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.passed + self.failed + self.skipped + self.absent;
        let shown = self.named().into_iter().filter(|(_, count)| *count > 0);
        let shown: Vec<_> = shown.map(|(name, count)| format!("{name} {count} of {total}")).collect();
        f.write_str(&shown.join(", "))
    }
}

/// How a test compares in the two worlds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TestJudgement {
    /// One verdict in every run of both worlds.
    Same,
    /// Several verdicts in one and the same world, and none of them is a failure that the other world never had.
    Flaky,
    /// Every run of one world reports it, and no run of the other.
    Missing,
    /// No run of one world has a verdict that a run of the other has.
    Differs,
    /// It fails now and then inside and never outside. So few runs cannot tell a rare flake from a difference: it is
    /// not taken for a flake, and more runs decide.
    InsideOnly,
    /// The other way round.
    OutsideOnly,
}

impl TestJudgement {
    /// Whether the two worlds disagree.
    pub const fn differs(self) -> bool {
        !matches!(self, Self::Same | Self::Flaky)
    }

    /// The words for it in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Flaky => "flaky",
            Self::Missing => "missing in one",
            Self::Differs => "differs",
            Self::InsideOnly => "fails inside only",
            Self::OutsideOnly => "fails outside only",
        }
    }
}

/// A test that is not the same in every run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedTest {
    pub name: String,
    /// A package or file instead of a test.
    pub whole: bool,
    pub judgement: TestJudgement,
    pub inside: VerdictCounts,
    pub outside: VerdictCounts,
}

/// How all tests of a project compare.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectFindings {
    /// How many tests any run reports.
    pub tests: usize,
    /// How many are the same in every run.
    pub same: usize,
    /// How many of those fail in every run.
    pub failing: usize,
    /// The others, and the packages or files that are not the same.
    pub notable: Vec<JudgedTest>,
}

impl ProjectFindings {
    /// How many tests are judged so.
    pub fn count(&self, judgement: TestJudgement) -> usize {
        self.notable.iter().filter(|judged| judged.judgement == judgement && !judged.whole).count()
    }

    /// Tests, packages and files whose verdicts the two worlds disagree on.
    pub fn differing(&self) -> impl Iterator<Item = &JudgedTest> {
        self.notable.iter().filter(|judged| judged.judgement.differs())
    }
}

/// Judges every test that any run reports. Neither list may be empty: without a run there is nothing to say.
pub fn judge(inside: &[TestReport], outside: &[TestReport]) -> ProjectFindings {
    let mut findings = ProjectFindings::default();
    let every = || inside.iter().chain(outside);
    let names: BTreeSet<&String> = every().flat_map(|report| report.tests.keys()).collect();
    for name in names {
        let seen =
            |runs: &[TestReport]| VerdictCounts::count(runs.iter().map(|report| report.tests.get(name).copied()));
        let judged = one(name, false, seen(inside), seen(outside));
        findings.tests += 1;
        if judged.judgement == TestJudgement::Same {
            findings.same += 1;
            findings.failing += usize::from(judged.inside.failed > 0);
        } else {
            findings.notable.push(judged);
        }
    }
    // A package or file fails when a test of it does; it is notable by itself only when none of its tests is.
    let wholes: BTreeSet<&String> = every().flat_map(|report| report.wholes.keys()).collect();
    let mut alone = Vec::new();
    for name in wholes {
        let seen =
            |runs: &[TestReport]| VerdictCounts::count(runs.iter().map(|report| report.wholes.get(name).copied()));
        let judged = one(name, true, seen(inside), seen(outside));
        let explained = findings.notable.iter().any(|test| test.name.starts_with(&format!("{name} ")));
        if judged.judgement != TestJudgement::Same && !explained {
            alone.push(judged);
        }
    }
    findings.notable.extend(alone);
    findings
}

fn one(name: &str, whole: bool, inside: VerdictCounts, outside: VerdictCounts) -> JudgedTest {
    JudgedTest { name: name.to_owned(), whole, judgement: weigh(inside, outside), inside, outside }
}

fn weigh(inside: VerdictCounts, outside: VerdictCounts) -> TestJudgement {
    let (within, without) = (inside.kinds(), outside.kinds());
    let gone = |here: &BTreeSet<_>, there: &BTreeSet<_>| {
        here.len() == 1 && here.contains("absent") && !there.contains("absent")
    };
    if within == without {
        return if within.len() == 1 { TestJudgement::Same } else { TestJudgement::Flaky };
    }
    if gone(&within, &without) || gone(&without, &within) {
        return TestJudgement::Missing;
    }
    if within.is_disjoint(&without) {
        return TestJudgement::Differs;
    }
    match (inside.failed, outside.failed) {
        (1.., 0) => TestJudgement::InsideOnly,
        (0, 1..) => TestJudgement::OutsideOnly,
        _ => TestJudgement::Flaky,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use TestVerdict::{Failed, Passed, Skipped};

    fn report(tests: &[(&str, TestVerdict)]) -> TestReport {
        let tests: BTreeMap<_, _> = tests.iter().map(|(name, verdict)| ((*name).to_owned(), *verdict)).collect();
        TestReport { tests, wholes: BTreeMap::new() }
    }

    /// Judges one test by its verdicts: `P`, `F`, `S`, and `-` for a run that does not report it.
    fn verdict_of(inside: &str, outside: &str) -> TestJudgement {
        let runs = |letters: &str| -> Vec<TestReport> {
            let run = |letter| match letter {
                'P' => report(&[("other", Passed), ("t", Passed)]),
                'F' => report(&[("other", Passed), ("t", Failed)]),
                'S' => report(&[("other", Passed), ("t", Skipped)]),
                _ => report(&[("other", Passed)]),
            };
            letters.chars().map(run).collect()
        };
        let findings = judge(&runs(inside), &runs(outside));
        findings.notable.first().map_or(TestJudgement::Same, |judged| judged.judgement)
    }

    #[test]
    fn one_verdict_everywhere_is_the_same() {
        for (inside, outside) in [("PPP", "PPP"), ("FFF", "FFF"), ("S", "SS")] {
            assert_eq!(verdict_of(inside, outside), TestJudgement::Same, "{inside} {outside}");
        }
    }

    #[test]
    fn worlds_without_a_common_verdict_differ() {
        for (inside, outside) in [("FFF", "PPP"), ("PPP", "FFF"), ("SSS", "PPP"), ("FSF", "PPP"), ("F", "P")] {
            assert_eq!(verdict_of(inside, outside), TestJudgement::Differs, "{inside} {outside}");
        }
    }

    #[test]
    fn a_failure_that_the_other_world_never_had_is_told_with_its_side() {
        assert_eq!(verdict_of("PFP", "PPP"), TestJudgement::InsideOnly);
        assert_eq!(verdict_of("PPP", "FFP"), TestJudgement::OutsideOnly);
        assert_eq!(verdict_of("F-P", "P-P"), TestJudgement::InsideOnly);
    }

    #[test]
    fn what_fails_now_and_then_in_both_or_only_passes_more_often_is_flaky() {
        for (inside, outside) in [("PFP", "FPP"), ("FFF", "PFF"), ("PFF", "FFF"), ("PP-", "PPP"), ("SPP", "PPP")] {
            assert_eq!(verdict_of(inside, outside), TestJudgement::Flaky, "{inside} {outside}");
        }
    }

    #[test]
    fn a_test_that_one_world_never_reports_is_missing_there() {
        assert_eq!(verdict_of("---", "PPP"), TestJudgement::Missing);
        assert_eq!(verdict_of("FFF", "---"), TestJudgement::Missing);
        // Names that hold the time or a random number are new in every run: they come and go in one world already.
        assert_eq!(verdict_of("---", "P--"), TestJudgement::Flaky);
    }

    #[test]
    fn a_package_is_notable_by_itself_only_without_a_notable_test() {
        let run = |test, whole| TestReport {
            wholes: [("p".to_owned(), whole)].into(),
            ..report(&[("p T", test), ("p U/x", Passed)])
        };
        let alone = judge(&[run(Passed, Failed)], &[run(Passed, Passed)]);
        assert_eq!((alone.tests, alone.same, alone.differing().count()), (2, 2, 1));
        assert!(alone.notable[0].whole && alone.count(TestJudgement::Differs) == 0);
        let explained = judge(&[run(Failed, Failed)], &[run(Passed, Passed)]);
        assert_eq!(explained.notable.iter().map(|judged| judged.name.as_str()).collect::<Vec<_>>(), ["p T"]);
        assert_eq!(explained.notable[0].inside.to_string(), "failed 1 of 1");
    }
}
