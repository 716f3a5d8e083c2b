//! `node --test`: the summary of its spec and tap reporters.

use crate::adapter::Adapter;
use crate::call::Call;
use crate::evidence::CommandEvidence;
use crate::junit;
use crate::outcome::Proof;
use crate::tap::{Tests, judge};
use crate::text::{leading_number, lines, were};
use rcrepro_model::plan::proof::{Condition, Tool};

mod ended;
mod tokens;

pub(crate) const ADAPTER: Adapter = Adapter { tool: Tool::NodeTest, version: 4, rules: RULES, pass, failure: None };

const RULES: &str = "Proven: the summary of the spec or tap reporter (`pass N`) or, where the line asks for it, a junit report counts a \
test that passed. Hollow: no summary; another reporter; no test; every test was skipped or is to do. On a condition: tests that are to \
do, whose failure passes; --test-only, --test-shard and --test-rerun-failures, which leave tests out. Contradicted: a test failed or \
was cancelled. Hollow also: nothing but files that passed as a whole, without a test of their own; on a condition: some of them. Hollow also: a test \
file that calls `process.exit` with what may be 0, where a test that it names is not reported, or one's name is put together.\n";

/// Flags that leave tests out without a word of it in the summary.
const LEAVE_OUT: [&str; 3] = ["--test-only", "--test-shard", "--test-rerun-failures"];

fn pass(call: &Call, alike: &[&Call], evidence: &CommandEvidence<'_>) -> Proof {
    let reporters = call.values(&["--test-reporter"]);
    if let Some(other) = reporters.iter().find(|name| !["spec", "tap", "junit"].contains(name)) {
        return Proof::hollow(format!("of the reporter `{other}` nothing is known: keep spec, tap or junit"));
    }
    let lines = lines([evidence.stdout, evidence.stderr]);
    let (mut tests, mut reports, mut to_do) = (Tests::default(), 0, 0);
    for line in &lines {
        let Some(rest) = line.strip_prefix("# ").or_else(|| line.strip_prefix("\u{2139} ")) else { continue };
        let Some((word, number)) = rest.split_once(' ') else { continue };
        let Some(number) = leading_number(number) else { continue };
        match word {
            "pass" => {
                reports += 1;
                tests.passed += number;
            }
            "fail" | "cancelled" => tests.failed += number,
            "skipped" => tests.skipped += number,
            "todo" => {
                tests.skipped += number;
                to_do += number;
            }
            _ => {}
        }
    }
    if reports > 0 && reports < alike.len() {
        return Proof::hollow("the line has more calls than the output has summaries");
    }
    let asked = reporters.contains(&"junit") || call.forced;
    let tests = match reports {
        0 if asked => junit::tests(evidence.stdout),
        0 => None,
        _ => Some(tests),
    };
    if let Some(ended) =
        ended::objection(call, evidence, &lines).filter(|_| tests.as_ref().is_some_and(Tests::passed_alone))
    {
        return ended;
    }
    let files = whole_files(&lines);
    if let Some(tests) = tests.as_ref().filter(|tests| tests.passed_alone())
        && usize::try_from(tests.passed).is_ok_and(|passed| passed <= files.len())
    {
        let name = files.first().map_or("", String::as_str);
        return Proof::hollow(format!("`{name}` names no test: the file itself is all that passed"));
    }
    let files = files.into_iter().map(|file| {
        Condition::new("node-test-file", &file, format!("`{file}` names no test, and counts as one that passed"))
    });
    let missing = "the output has no summary of tests: keep the spec, tap or junit reporter";
    let to_do = (to_do > 0).then(|| {
        Condition::new("node-test-todo", "", format!("{} to do, whose failure would pass", were(to_do, "test")))
    });
    judge(Tool::NodeTest, tests, missing).on(to_do).on(files).on(left_out(call, evidence))
}

/// Lists the files that count as tests that passed, because no test of theirs is named: by the tap reporter `ok 1 - /work/a.js`, by
/// spec `✔ /work/a.js (1ms)`.
fn whole_files(lines: &[String]) -> Vec<String> {
    let name = |line: &String| {
        let tap = line.strip_prefix("ok ").and_then(|rest| rest.split_once(" - ")).map(|(_, name)| name);
        let spec = || line.strip_prefix("\u{2714} ").and_then(|rest| rest.rsplit_once(" (")).map(|(name, _)| name);
        let name = tap.or_else(spec)?;
        let file = [".js", ".mjs", ".cjs", ".ts", ".mts", ".cts"].iter().any(|end| name.ends_with(end));
        (file && !name.contains(' ')).then(|| name.strip_prefix("/work/").unwrap_or(name).to_owned())
    };
    lines.iter().filter_map(name).collect()
}

fn left_out(call: &Call, evidence: &CommandEvidence<'_>) -> Option<Condition> {
    let options = call.variable("NODE_OPTIONS", evidence.environment).unwrap_or_default();
    let in_options = |flag: &str| options.split_whitespace().any(|word| word.split('=').next() == Some(flag));
    let flag = LEAVE_OUT.into_iter().find(|flag| call.has(&[flag]) || in_options(flag))?;
    Some(Condition::new(
        "node-test-partial",
        "",
        format!("`{flag}` leaves tests out, and the summary does not say which"),
    ))
}
