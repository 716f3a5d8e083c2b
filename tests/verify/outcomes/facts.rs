//! The facts: how each is brought about, its standing, and who can see it.

use rcrepro_engine::fake::Script;
use rcrepro_model::evidence::finding::FindingName;
use rcrepro_model::execution::action::Ending;
use rcrepro_model::execution::attempt::{NetworkAttempt, Sightings, Watch};
use rcrepro_model::standing::Standing;

/// One thing that can be the case in a packet.
pub struct Fact {
    pub name: &'static str,
    pub standing: Standing,
    pub seen_by: &'static [&'static str],
    /// The exact line.
    pub line: &'static str,
    /// More keys of the command's table.
    pub keys: &'static str,
    /// What the command does, attempt by attempt.
    pub scripts: fn() -> Vec<Script>,
    /// What it did when the manifest was recorded that is replayed.
    pub recorded: fn() -> Vec<Script>,
    /// What happens to the evidence afterwards.
    pub after: After,
}

/// What happens to a packet's evidence after it was written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Nothing.
    Nothing,
    /// The command's standard output is lost.
    Lost,
    /// The manifest says another exit code.
    Changed,
    /// The command's standard output is other bytes of the same size.
    Damaged,
    /// The command's standard output is a link to where the right bytes are.
    Linked,
    /// Only an execution sees it: an image of the release.
    Image(FindingName),
}

const ALL: &[&str] = &["run", "replay", "verify", "status", "verdict", "findings"];
const EXECUTED: &[&str] = &["run", "replay"];
const REPLAYED: &[&str] = &["replay"];
const RECORDED: &[&str] = &["verify", "status", "verdict", "findings"];
/// What contradicts itself is refused by those, too, that only show or compare evidence.
const REFUSED: &[&str] = &["verify", "status", "verdict", "findings", "log", "why"];

const fn fact(name: &'static str, standing: Standing, line: &'static str, scripts: fn() -> Vec<Script>) -> Fact {
    Fact { name, standing, seen_by: ALL, line, keys: "", scripts, recorded: scripts, after: After::Nothing }
}

fn passes() -> Vec<Script> {
    vec![Script::exit(0).stdout("as ever\n")]
}

/// What is lost later must be in no other command's evidence.
fn passes_alone() -> Vec<Script> {
    vec![Script::exit(0).stdout("lost and not found\n")]
}

fn passes_and_is_damaged() -> Vec<Script> {
    vec![Script::exit(0).stdout("damaged afterwards\n")]
}

fn passes_and_is_linked() -> Vec<Script> {
    vec![Script::exit(0).stdout("a link afterwards\n")]
}

fn fails() -> Vec<Script> {
    vec![Script::exit(3)]
}

fn hollow() -> Vec<Script> {
    vec![Script::exit(0).stdout("found 0 vulnerabilities\n")]
}

fn no_verdict() -> Vec<Script> {
    vec![Script::exit(1).stderr("npm error audit endpoint returned an error\n")]
}

fn timed_out() -> Vec<Script> {
    vec![Script::ending(Ending::TimedOut, 137)]
}

fn out_of_memory() -> Vec<Script> {
    vec![Script::ending(Ending::OutOfMemory { code: 137 }, 137)]
}

fn noisy() -> Vec<Script> {
    vec![Script::exit(0).stderr("warning: loud\n")]
}

fn flaky() -> Vec<Script> {
    vec![Script::exit(1), Script::exit(0)]
}

fn differs() -> Vec<Script> {
    vec![Script::exit(0).stdout("another than recorded\n")]
}

fn reaches_out() -> Vec<Script> {
    let attempt = NetworkAttempt {
        process: "curl".to_owned(),
        protocol: "tcp".to_owned(),
        address: "192.0.2.1".to_owned(),
        port: 443,
        name: None,
        count: 1,
    };
    vec![Script::exit(0).attempts(Watch::Seen(Sightings { attempts: vec![attempt], ..Sightings::default() }))]
}

pub const FACTS: &[Fact] = &[
    Fact { recorded: passes, ..fact("failed", Standing::Failed, "make check", fails) },
    fact("hollow", Standing::Undecided, "npm audit --offline", hollow),
    Fact { recorded: passes, ..fact("no verdict", Standing::Undecided, "npm audit", no_verdict) },
    Fact { recorded: passes, ..fact("timed out", Standing::Failed, "make slow", timed_out) },
    Fact { recorded: passes, ..fact("out of memory", Standing::Failed, "make large", out_of_memory) },
    Fact {
        seen_by: RECORDED,
        after: After::Lost,
        ..fact("missing evidence", Standing::Undecided, "make lost", passes_alone)
    },
    Fact { seen_by: REFUSED, after: After::Changed, ..fact("tampered", Standing::Tampered, "make changed", passes) },
    Fact {
        seen_by: REFUSED,
        after: After::Damaged,
        ..fact("damaged evidence", Standing::Tampered, "make damaged", passes_and_is_damaged)
    },
    Fact {
        seen_by: REFUSED,
        after: After::Linked,
        ..fact("linked evidence", Standing::Tampered, "make linked", passes_and_is_linked)
    },
    Fact { seen_by: REPLAYED, recorded: passes, ..fact("divergent", Standing::Failed, "make other", differs) },
    Fact {
        seen_by: EXECUTED,
        after: After::Image(FindingName::ImageChanged),
        ..fact("image differs", Standing::Failed, "make image", passes)
    },
    Fact {
        seen_by: EXECUTED,
        after: After::Image(FindingName::ImageUndecided),
        ..fact("image undecided", Standing::Undecided, "make no-image", passes)
    },
    Fact {
        seen_by: EXECUTED,
        keys: "network-attempts = \"forbid\"",
        ..fact("network attempt", Standing::Failed, "make fetch", reaches_out)
    },
    Fact { keys: "expect.stderr = \"empty\"", ..fact("noise", Standing::Failed, "make noise", noisy) },
    Fact { keys: "retries = 1", ..fact("expired quarantine", Standing::Failed, "make flaky", flaky) },
];
