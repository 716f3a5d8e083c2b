//! One scale of outcomes: whatever two things meet in a packet, every command that can see them comes to the same word and the
//! same exit code.
//!
//! Nothing here needs an engine. A scripted one executes the commands; the program itself judges what came out.

mod bench;
mod facts;

use std::collections::BTreeMap;

use rcrepro_model::standing::Standing;

use bench::{Bench, Seen};
use facts::{FACTS, Fact};

/// The exit codes, as people know them.
const fn code(standing: Standing) -> i32 {
    match standing {
        Standing::Passed => 0,
        Standing::Undecided => 5,
        Standing::Failed => 1,
        Standing::Tampered => 6,
    }
}

/// A pair of facts, or one alone.
type Pair = Vec<&'static Fact>;

/// Every fact alone, and every pair.
fn pairs() -> Vec<Pair> {
    let alone = FACTS.iter().map(|fact| vec![fact]);
    let two = FACTS.iter().enumerate().flat_map(|(at, one)| FACTS[at + 1..].iter().map(move |other| vec![one, other]));
    alone.chain(two).collect()
}

fn name(pair: &[&Fact]) -> String {
    pair.iter().map(|fact| fact.name).collect::<Vec<_>>().join(" + ")
}

/// What a command has to come to: the worst of the facts that it can see, by the table of facts; none when it sees none.
fn expected(pair: &[&Fact], command: &str) -> Option<Standing> {
    pair.iter().filter(|fact| fact.seen_by.contains(&command)).map(|fact| fact.standing).max_by_key(|standing| {
        // Not the order of the code under test, but what is written down in the guide.
        ["passed", "undecided", "failed", "tampered"].iter().position(|word| *word == standing.as_str())
    })
}

/// Names where a command came to another word or code than it has to, a line each.
fn contradictions(pair: &[&Fact], seen: &BTreeMap<&'static str, Seen>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (command, seen) in seen {
        let Some(expected) = expected(pair, command) else { continue };
        if seen.word != expected.word() {
            wrong.push(format!("{}: `{command}` says {}, not {}", name(pair), seen.word, expected.word()));
        }
        if seen.code.is_some_and(|found| found != code(expected)) {
            let (found, expected) = (seen.code.unwrap_or_default(), code(expected));
            wrong.push(format!("{}: `{command}` ends with {found}, not {expected}", name(pair)));
        }
    }
    wrong
}

#[tokio::test]
async fn every_pair_of_facts_has_one_word_and_one_exit_code_in_every_command() {
    let pairs = pairs();
    let bench = Bench::new(&pairs);
    let mut wrong = Vec::new();
    let (mut looked, mut commands) = (0, BTreeMap::new());
    let mut packets = Vec::new();
    for (index, pair) in pairs.iter().enumerate() {
        packets.push((index, pair, bench.execute(index, pair).await));
    }
    let board = bench.board();
    for (index, pair, executed) in packets {
        let mut seen = executed;
        seen.extend(bench.judged(index, pair));
        seen.insert("status", board.status(index));
        seen.insert("verdict", board.verdict(index));
        looked += 1;
        for command in seen.keys().filter(|command| expected(pair, command).is_some()) {
            *commands.entry(*command).or_insert(0) += 1;
        }
        wrong.extend(contradictions(pair, &seen));
    }
    assert!(wrong.is_empty(), "{} contradictions:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(looked, FACTS.len() * (FACTS.len() + 1) / 2);
    for command in ["run", "replay", "verify", "status", "verdict", "findings", "log", "why"] {
        let count = commands.get(command).copied().unwrap_or(0);
        assert!(count >= FACTS.len(), "`{command}` met {count} pairs only");
    }
}

#[tokio::test]
async fn a_manifest_in_the_place_of_another_packets_is_tampered_with_for_everyone() {
    let fact = |name: &str| FACTS.iter().find(|fact| fact.name == name).expect("a fact");
    // Both are whole: what they are about only an execution sees.
    let pairs = [vec![fact("divergent")], vec![fact("network attempt")]];
    let bench = Bench::new(&pairs);
    for (index, pair) in pairs.iter().enumerate() {
        bench.execute(index, pair).await;
    }
    let asks: [&[&str]; 7] = [
        &["verify", "manifests/RC-01.json"],
        &["status"],
        &["verdict"],
        &["log", "RC-01"],
        &["why", "RC-01", "manifests/RC-01.json"],
        &["replay", "manifests/RC-01.json"],
        &["documents"],
    ];
    let codes = || asks.map(|asks| bench.program(asks).0);
    // No engine answers here.
    assert_eq!(codes(), [0, 0, 0, 0, 0, 4, 0], "both manifests are whole and in their places");
    bench.put_over(0, 1);
    let (_, text) = bench.program(&["verify", "manifests/RC-01.json"]);
    assert!(text.contains("packet-differs") && text.contains("RC-00"), "{text}");
    assert_eq!(codes(), [6; 7], "the manifest of RC-00 is where that of RC-01 was");
}

#[test]
fn the_table_goes_red_where_two_commands_disagree() {
    let fact = |name: &str| FACTS.iter().find(|fact| fact.name == name).expect("a fact");
    let pair = vec![fact("failed"), fact("hollow")];
    let says = |word: &'static str, code| Seen { word: word.to_owned(), code: Some(code) };
    let seen = |verify| BTreeMap::from([("run", says("FAILED", 1)), ("verify", verify)]);
    assert_eq!(contradictions(&pair, &seen(says("FAILED", 1))), Vec::<String>::new());
    assert_eq!(
        contradictions(&pair, &seen(says("UNDECIDED", 5))),
        ["failed + hollow: `verify` says UNDECIDED, not FAILED", "failed + hollow: `verify` ends with 5, not 1"]
    );
    assert_eq!(expected(&[fact("tampered"), fact("failed")], "verify"), Some(Standing::Tampered));
    assert_eq!(expected(&[fact("network attempt")], "verify"), None, "no manifest holds it");
}
