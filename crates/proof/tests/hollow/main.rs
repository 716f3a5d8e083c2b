//! The corpus of hollow passes in `tests/hollow`: each case is a way in which an exit code of 0 meant nothing in a public issue
//! tracker, beside its honest twin. What the real tools said is recorded, and judged here; `cargo xtask hollow` runs them again.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::unwrap_used,
    reason = "tests open what the repository holds, and report to the person who records"
)]

mod corpus;
mod judged;
mod real;
mod recording;

use corpus::{Case, Side};
use judged::judge;
use rcrepro_model::standing::Standing;
use rcrepro_proof::Proof;
use recording::Recordings;

/// How many cases there have to be.
const ENOUGH: usize = 60;

/// Whether a release goes ahead on such evidence: what was done is proven, and nothing was left out.
fn goes(proof: &Proof) -> bool {
    matches!(proof, Proof::Proven { .. }) && !proof.conditions().iter().any(|condition| !condition.idle)
}

/// Whether such evidence keeps a release from a plain GO.
fn stops(proof: &Proof) -> bool {
    proof.standing() != Standing::Passed || proof.conditions().iter().any(|condition| !condition.idle)
}

#[test]
fn no_hollow_pass_goes_and_every_honest_twin_does() {
    let (cases, recordings) = (corpus::read(), Recordings::read());
    assert!(cases.len() >= ENOUGH, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        for (side, right) in [(Side::Hollow, stops as fn(&Proof) -> bool), (Side::Twin, goes)] {
            let ended = recordings.of(case, side);
            let proof = judge(case, side, ended);
            if ended.exit_code != 0 || !right(&proof) {
                let said = format!("{} | {proof} {:?}", proof.as_str(), proof.conditions());
                wrong.push(format!("{} {side}: exit code {}: {said}", case.name(), ended.exit_code));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn every_case_says_where_it_was_seen() {
    let cases = corpus::read();
    let mut names: Vec<String> = cases.iter().map(Case::name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), cases.len(), "a name is used twice");
    for case in &cases {
        let (project, number) = case.seen.rsplit_once(' ').expect("a project and a number");
        assert!(project.contains('/') && number.parse::<u32>().is_ok(), "{}: seen in `{}`", case.name(), case.seen);
        assert!(case.says.ends_with('.'), "{}: says `{}`", case.name(), case.says);
    }
    Recordings::read().without(&cases);
}

/// Goes red when docs/hollow.md is not what the corpus and its judgement make of it; `cargo xtask hollow --record` writes it.
#[test]
fn the_table_is_current() {
    let table = judged::table(&corpus::read(), &Recordings::read());
    let written = std::fs::read_to_string(judged::table_path()).unwrap_or_default();
    assert!(written == table, "docs/hollow.md is stale: cargo xtask hollow --record");
}

/// Runs all with the real tools, and compares exit codes and judgements with the recordings, or writes them anew.
#[test]
#[ignore = "needs the tools: cargo xtask hollow"]
fn the_real_tools_say_what_is_recorded() {
    let cases = corpus::read();
    if let Ok(only) = std::env::var("RCREPRO_HOLLOW_RECORD") {
        // Of those whose name does not hold the text, what is recorded stays.
        let chosen: Vec<Case> = cases.iter().filter(|case| case.name().contains(&only)).cloned().collect();
        let mut found = Recordings::read();
        found.0.extend(real::run(&chosen).0);
        found.write(&cases);
        std::fs::write(judged::table_path(), judged::table(&cases, &found)).expect("the table is written");
        return;
    }
    let found = real::run(&cases);
    let recorded = Recordings::read();
    let mut differ = Vec::new();
    for (case, side) in cases.iter().flat_map(|case| [(case, Side::Hollow), (case, Side::Twin)]) {
        let said = |ended| {
            let proof = judge(case, side, ended);
            format!("exit code {}: {} | {proof} {:?}", ended.exit_code, proof.as_str(), proof.conditions())
        };
        let (now, then) = (said(found.of(case, side)), said(recorded.of(case, side)));
        if now != then {
            differ.push(format!("{} {side}\n  recorded {then}\n  found    {now}", case.name()));
        }
    }
    assert!(differ.is_empty(), "{} differ:\n{}", differ.len(), differ.join("\n"));
}
