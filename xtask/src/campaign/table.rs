//! What a campaign found, for people: a row per project, differing tests by name, and one exit code.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::ExitCode;

use super::judge::{JudgedTest, ProjectFindings, TestJudgement};
use super::measure::median;

/// What became of a project.
#[derive(Debug)]
pub struct ProjectOutcome {
    pub name: String,
    /// The checkout's commit in hex, as far as it is known.
    pub commit: String,
    pub tool: String,
    pub result: Result<WorldComparison, Refused>,
}

/// Why there is nothing to compare.
#[derive(Debug)]
pub enum Refused {
    /// A person says that it is not to be run.
    Skipped(String),
    /// It could not be run.
    NotRun(String),
    /// It ran, and executed no test.
    Empty,
}

/// What the runs of a project say.
#[derive(Debug)]
pub struct WorldComparison {
    pub findings: ProjectFindings,
    /// How many tests are not parts of another one.
    pub functions: usize,
    /// How often it ran in each world.
    pub times: usize,
    /// How long the runs took, inside and outside.
    pub milliseconds: [Vec<u64>; 2],
    /// The wall clocks of the runs, inside and outside.
    pub clocks: [BTreeSet<String>; 2],
}

impl WorldComparison {
    fn flaky(&self) -> [usize; 2] {
        let several = |seen: super::judge::VerdictCounts| {
            [seen.passed, seen.failed, seen.skipped, seen.absent].iter().filter(|count| **count > 0).count() > 1
        };
        let flaky =
            || self.findings.notable.iter().filter(|judged| judged.judgement == TestJudgement::Flaky && !judged.whole);
        [
            flaky().filter(|judged| several(judged.inside)).count(),
            flaky().filter(|judged| several(judged.outside)).count(),
        ]
    }

    fn clocks(&self) -> String {
        let names = |clocks: &BTreeSet<String>| clocks.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        format!("{} / {}", names(&self.clocks[0]), names(&self.clocks[1]))
    }

    fn seconds(&self) -> String {
        let [Some(inside), Some(outside)] = [median(&self.milliseconds[0]), median(&self.milliseconds[1])] else {
            return "unknown".to_owned();
        };
        format!("{:.1} / {:.1} = {:.2}", inside / 1000.0, outside / 1000.0, inside / outside.max(1.0))
    }
}

/// The table of all projects as Markdown, with differing and flaky tests by name below it.
pub fn markdown(outcomes: &[ProjectOutcome], worlds: [&str; 2]) -> String {
    let shown = worlds.map(|keys| if keys.is_empty() { "the default world".to_owned() } else { format!("`{keys}`") });
    let mut text = format!("Inside: {}. Outside: {}.\n\n", shown[0], shown[1]);
    text += "| Project | Commit | Tool | Runs | Clocks | Tests (functions) | Same (of them failing) | Flaky inside / outside | Differs | Missing in one | Seconds inside / outside |\n";
    text += "|---|---|---|---|---|---|---|---|---|---|---|\n";
    for outcome in outcomes {
        put(&mut text, format_args!("{}\n", row(outcome)));
    }
    for outcome in outcomes {
        let Ok(compared) = &outcome.result else { continue };
        if !compared.findings.notable.is_empty() {
            put(&mut text, format_args!("\n{}:\n\n", outcome.name));
        }
        for judged in &compared.findings.notable {
            put(&mut text, format_args!("- {}\n", line(judged)));
        }
    }
    text
}

fn row(outcome: &ProjectOutcome) -> String {
    let commit: String = outcome.commit.chars().take(10).collect();
    let head = format!("| {} | {commit} | {} |", outcome.name, outcome.tool);
    match &outcome.result {
        Err(Refused::Skipped(why)) => format!("{head} | not run: {} | | | | | | |", telling(why)),
        Err(Refused::NotRun(why)) => format!("{head} | **could not be run**: {} | | | | | | |", telling(why)),
        Err(Refused::Empty) => format!("{head} | **undecided**: no test was executed | | | | | | |"),
        Ok(compared) => {
            let (findings, [inside, outside]) = (&compared.findings, compared.flaky());
            let missing = findings.count(TestJudgement::Missing);
            let differs = findings.differing().count()
                - findings.differing().filter(|judged| judged.judgement == TestJudgement::Missing).count();
            format!(
                "{head} {}+{} | {} | {} ({}) | {} ({}) | {inside} / {outside} | {differs} | {missing} | {} |",
                compared.times,
                compared.times,
                compared.clocks(),
                findings.tests,
                compared.functions,
                findings.same,
                findings.failing,
                compared.seconds()
            )
        }
    }
}

fn line(judged: &JudgedTest) -> String {
    let what = if judged.whole { " (as a whole)" } else { "" };
    format!(
        "**{}**: `{}`{what}: inside {}; outside {}",
        judged.judgement.as_str(),
        judged.name,
        judged.inside,
        judged.outside
    )
}

/// What is printed about a project as soon as it ran.
pub fn text(outcome: &ProjectOutcome) -> String {
    let mut text = format!("{}: ", outcome.name);
    match &outcome.result {
        Err(Refused::Skipped(why)) => put(&mut text, format_args!("not run: {why}\n")),
        Err(Refused::NotRun(why)) => put(&mut text, format_args!("could not be run: {why}\n")),
        Err(Refused::Empty) => text += "undecided: no test was executed\n",
        Ok(compared) => {
            let findings = &compared.findings;
            let differs = findings.differing().count();
            put(
                &mut text,
                format_args!(
                    "{} tests, {} the same, {differs} differ, seconds {}\n",
                    findings.tests,
                    findings.same,
                    compared.seconds()
                ),
            );
            for judged in &findings.notable {
                put(&mut text, format_args!("    {}\n", line(judged)));
            }
        }
    }
    text
}

/// The exit code of all: 1 when a verdict differs, else 4 when a project could not be run, else 5 when one executed no test.
pub fn code(outcomes: &[ProjectOutcome]) -> ExitCode {
    ExitCode::from(number(outcomes))
}

fn number(outcomes: &[ProjectOutcome]) -> u8 {
    let any = |wanted: fn(&ProjectOutcome) -> bool| outcomes.iter().any(wanted);
    if any(|outcome| outcome.result.as_ref().is_ok_and(|compared| compared.findings.differing().next().is_some())) {
        1
    } else if any(|outcome| matches!(outcome.result, Err(Refused::NotRun(_)))) {
        4
    } else if any(|outcome| matches!(outcome.result, Err(Refused::Empty))) || !any(|outcome| outcome.result.is_ok()) {
        // To have compared nothing is not a pass either.
        5
    } else {
        0
    }
}

/// The line of a refusal that says most: the longest of those with the word `error`, else the first.
fn telling(text: &str) -> String {
    let errors = text.lines().skip(1).filter(|line| line.to_ascii_lowercase().contains("error"));
    let line = errors.max_by_key(|line| line.len()).or_else(|| text.lines().next()).unwrap_or_default();
    line.trim().chars().take(200).collect::<String>().replace('|', "\\|")
}

fn put(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("a string takes every text");
}

#[cfg(test)]
mod tests {
    use super::super::judge::judge;
    use super::super::reports::{TestReport, TestVerdict};
    use super::*;

    fn outcome(result: Result<WorldComparison, Refused>) -> ProjectOutcome {
        ProjectOutcome { name: "x".into(), commit: "0123456789abcdef".into(), tool: "go test".into(), result }
    }

    fn compared(inside: TestVerdict, outside: TestVerdict) -> ProjectOutcome {
        let run = |verdict| TestReport { tests: [("p TestA".to_owned(), verdict)].into(), ..TestReport::default() };
        let findings = judge(&[run(inside)], &[run(outside)]);
        outcome(Ok(WorldComparison {
            findings,
            functions: 1,
            times: 1,
            milliseconds: [vec![1500], vec![1000]],
            clocks: [["starts".into()].into(), ["real".into()].into()],
        }))
    }

    #[test]
    fn each_end_has_its_exit_code_and_the_worst_counts() {
        let same = || compared(TestVerdict::Passed, TestVerdict::Passed);
        let differs = || compared(TestVerdict::Failed, TestVerdict::Passed);
        let not_run = || outcome(Err(Refused::NotRun("no image\nmore".into())));
        let empty = || outcome(Err(Refused::Empty));
        let skipped = || outcome(Err(Refused::Skipped("a database".into())));
        assert_eq!(number(&[same(), skipped()]), 0);
        assert_eq!(number(&[same(), empty()]), 5);
        assert_eq!(number(&[not_run(), empty(), same()]), 4);
        assert_eq!(number(&[not_run(), differs(), empty()]), 1);
        assert_eq!([number(&[]), number(&[skipped()])], [5, 5]);
    }

    #[test]
    fn refusals_are_told_by_the_line_that_says_most() {
        assert_eq!(
            telling("npm ci: exit 1\nnpm error code X\nnpm error no such package | a\nbye"),
            "npm error no such package \\| a"
        );
        assert_eq!(telling("the setup failed\nwhy ever"), "the setup failed");
    }

    #[test]
    fn rows_have_numbers_and_lines_have_names() {
        let text = markdown(
            &[compared(TestVerdict::Failed, TestVerdict::Passed), outcome(Err(Refused::Empty))],
            ["", "world = \"machine\""],
        );
        for part in [
            "Outside: `world = \"machine\"`",
            "| x | 0123456789 | go test | 1+1 | starts / real | 1 (1) | 0 (0) | 0 / 0 | 1 | 0 | 1.5 / 1.0 = 1.50 |",
            "**undecided**",
            "- **differs**: `p TestA`: inside failed 1 of 1; outside passed 1 of 1",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
