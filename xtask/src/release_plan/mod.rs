//! `cargo xtask release-plan`: `docs/release-plan.md` says for each sentence of the release plan which key holds it and in
//! which test it goes red. Here that table is held against the template, the tests and, where it lies beside the project, the
//! plan itself.

mod plan;
mod table;
mod template;
mod tests_named;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use crate::refusal::Refusal;
use plan::{Sentence, sentences};
use table::{PlanRow, rows};
use template::Template;

const TABLE: &str = "docs/release-plan.md";
const TEMPLATE: &str = "src/commands/init/release-confidence.toml";
/// Where the plan lies, seen from the project's root; it is not a part of the project.
const PLAN: &str = "../shared/release-plan.md";
/// Marks a test that is still to be named.
const MARKER: &str = "TODO";

/// Checks the table; prints what is wrong.
///
/// # Errors
/// A file that cannot be read, or a table without rows.
pub fn run(root: &Path) -> Result<ExitCode, Refusal> {
    let read = |file: &str| {
        fs::read_to_string(root.join(file)).map_err(|error| Refusal::check(format!("cannot read {file}: {error}")))
    };
    let rows = rows(&read(TABLE)?);
    if rows.is_empty() {
        return Err(Refusal::check(format!("no row found in {TABLE}: nothing was checked")));
    }
    let source = |file: &str| fs::read_to_string(root.join(file)).ok();
    let mut wrong = check(&rows, &Template::read(&read(TEMPLATE)?), &source);
    let beside = match fs::read_to_string(root.join(PLAN)) {
        Ok(text) => {
            let sentences = sentences(&text);
            if sentences.is_empty() {
                return Err(Refusal::check(format!("no sentence found in {PLAN}: nothing was checked")));
            }
            wrong.extend(compare(&sentences, &rows));
            format!("{} sentences of the plan", sentences.len())
        }
        Err(_) => "the plan itself is not beside the project: not compared".to_owned(),
    };
    wrong.iter().for_each(|line| println!("{line}"));
    println!("release plan: {} rows, {beside}, {} wrong", rows.len(), wrong.len());
    Ok(ExitCode::from(u8::from(!wrong.is_empty())))
}

/// Checks each row: its keys, its sentence in them, its tests. `source` reads a file of the project.
fn check(rows: &[PlanRow], template: &Template, source: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let mut wrong = Vec::new();
    for row in rows {
        let mut say = |what: String| wrong.push(format!("{TABLE}:{}: {what}", row.line));
        for key in &row.keys {
            if key.contains('/') {
                if source(key).is_none() {
                    say(format!("there is no file `{key}`"));
                }
            } else if !template.has(key) {
                say(format!("the template has no key `{key}`"));
            }
        }
        if let Some(what) = template.misquotes(row) {
            say(what);
        }
        if let Some(at) = row.proof.find(MARKER) {
            say(format!("no test is named yet: {}", &row.proof[at..]));
        } else if row.tests.is_empty() && !["shown: ", "open: "].iter().any(|word| row.proof.starts_with(word)) {
            say(format!("`{}` names no test, and does not say `shown: …` or `open: …`", row.proof));
        }
        row.tests.iter().filter_map(|test| tests_named::fault(test, source)).for_each(say);
    }
    wrong
}

/// Compares the plan's sentences with the rows, both ways.
fn compare(sentences: &[Sentence], rows: &[PlanRow]) -> Vec<String> {
    let stands = |sentence: &Sentence| rows.iter().any(|row| row.of(sentence));
    let missing = sentences
        .iter()
        .filter(|sentence| !stands(sentence))
        .map(|sentence| format!("{TABLE} has no row for the plan's `{}` under `{}`", sentence.text, sentence.heading));
    let gone = rows
        .iter()
        .filter(|row| !sentences.iter().any(|sentence| row.of(sentence)))
        .map(|row| format!("{TABLE}:{}: the plan does not say `{}` under `{}`", row.line, row.sentence, row.heading));
    missing.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "[packets.RC-01]\nneeds = [\"RC-00\"]\ngoal = [\"Pin Go.\"]\n[[sets.backend]]\nrun = 'go test \
                            -run \"A|B\"'\n# [[risks]]\n# id = \"x\"\n";
    const PLAN: &str = "# The Plan\n\nStatus: Active\n\n## RC-01\n\nGoal:\n- Pin Go.\n\n```\nRC-00 ──► RC-01\n```\n\
                        1. Do it:\n- `go test -run \"A|B\"`\n";
    const TABLE: &str = "## RC-01\n\n| Sentence | Key | Goes red in |\n|---|---|---|\n\
                         | Pin Go. | `packets.RC-01.goal` | shown: a goal |\n\
                         | RC-00 ──► RC-01 | `packets.RC-01.needs` | `tests/a.rs::goes_red`, `tests/a.rs::slow` (ignored) |\n\
                         | `go test -run \"A\\|B\"` | `sets.backend.run`, `risks.id`, `src/a.rs` | open: not yet known |\n";
    const SOURCE: &str =
        "#[test]\nfn goes_red() {}\n\n#[tokio::test]\n#[ignore = \"slow\"]\nasync fn slow() {}\n\nfn helper() {}\n";

    fn found(table: &str, plan: &str) -> Vec<String> {
        let source = |file: &str| ["tests/a.rs", "src/a.rs"].contains(&file).then(|| SOURCE.to_owned());
        let rows = rows(table);
        let mut wrong = check(&rows, &Template::read(TEMPLATE), &source);
        wrong.extend(compare(&sentences(plan), &rows));
        wrong
    }

    #[test]
    fn a_good_table_passes() {
        assert_eq!(rows(TABLE).len(), 3);
        assert_eq!(found(TABLE, PLAN), [""; 0]);
    }

    #[test]
    fn each_rule_goes_red() {
        for (from, to, expected) in [
            (
                "`packets.RC-01.goal`",
                "`packets.RC-01.gaol`",
                "docs/release-plan.md:5: the template has no key `packets.RC-01.gaol`",
            ),
            ("`risks.id`", "`risks.says`", "docs/release-plan.md:7: the template has no key `risks.says`"),
            ("`src/a.rs`", "`src/b.rs`", "docs/release-plan.md:7: there is no file `src/b.rs`"),
            ("::goes_red", "::goes_green", "docs/release-plan.md:6: `tests/a.rs` has no function `goes_green`"),
            ("tests/a.rs::goes_red", "tests/b.rs::goes_red", "docs/release-plan.md:6: there is no file `tests/b.rs`"),
            ("::goes_red", "::helper", "docs/release-plan.md:6: `helper` in `tests/a.rs` is not a test"),
            (
                " (ignored)",
                "",
                "docs/release-plan.md:6: `slow` in `tests/a.rs` is ignored, and the table does not say so",
            ),
            (
                "::goes_red`",
                "::goes_red` (ignored)",
                "docs/release-plan.md:6: `goes_red` in `tests/a.rs` is not ignored",
            ),
            ("open: not yet known", "TODO: mutants", "docs/release-plan.md:7: no test is named yet: TODO: mutants"),
            (
                "shown: a goal",
                "maybe",
                "docs/release-plan.md:5: `maybe` names no test, and does not say `shown: …` or `open: …`",
            ),
            (
                "`packets.RC-01.needs`",
                "`packets.RC-01.goal`",
                "docs/release-plan.md:6: no key of the row holds the sentence word for word",
            ),
            (
                "| RC-00 ──► RC-01",
                "| RC-07 ──► RC-01",
                "docs/release-plan.md:6: `packets.RC-01.needs` does not name RC-07",
            ),
        ] {
            assert_eq!(TABLE.matches(from).count(), 1, "{from}");
            let wrong = found(&TABLE.replacen(from, to, 1), PLAN);
            assert!(wrong.iter().any(|line| line == expected), "{expected}\nin {wrong:?}");
        }
    }

    #[test]
    fn a_plan_that_says_something_else_is_noticed() {
        let wrong = found(TABLE, &PLAN.replace("Pin Go.", "Pin Go and Node."));
        let expected = [
            "docs/release-plan.md has no row for the plan's `Pin Go and Node.` under `RC-01`",
            "docs/release-plan.md:5: the plan does not say `Pin Go.` under `RC-01`",
        ];
        assert_eq!(wrong, expected);
        assert_eq!(
            found(TABLE, &PLAN.replace("## RC-01", "## RC-02")).len(),
            6,
            "another packet's sentence is another"
        );
    }
}
