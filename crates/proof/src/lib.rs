//! Tier 1: does the evidence of a command prove that it did its work?
//!
//! A command that exits 0 having checked nothing is a *hollow pass*: `go test -run NoSuch`, `npm audit --offline`, a
//! scanner whose configuration allows everything. An adapter for each known tool reads the exact line, the exit code and
//! the raw streams, and says what they prove. Everything here is a pure function of that evidence, so that a run, a replay
//! and a verifier come to the same answer, and no manifest needs a field for it.
//!
//! A line without a known tool is [`Proof::Unproven`]: its exit code is all there is. That is not a failure, and is shown.
//! What a program prints is believed: these rules find checks that did not happen, not programs that lie.
//!
//! The compiler refuses what lies above or beside, because `Cargo.toml` does not name it:
//!
//! ```no_run
//! use rcrepro_model as _;
//! ```
//!
//! ```compile_fail,E0432
//! use rcrepro_store as _;
//! ```

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests open what they made themselves")
)]

mod adapter;
mod call;
mod clock;
mod evidence;
mod gitleaks;
mod go;
pub mod govulncheck;
mod inputs;
mod junit;
mod named;
mod node;
mod outcome;
mod registry;
pub mod scans;
mod shell;
mod tap;
#[cfg(test)]
mod tests;
mod text;

use crate::node::if_present;

use std::collections::BTreeSet;

pub use adapter::Adapter;
pub use clock::usual_clock;
pub use evidence::CommandEvidence;
pub use inputs::{InputFiles, InputKind, Listing, Lookup, NoInputs, Search, lines_with};
pub use named::{ToolCall, tool_calls};
pub use outcome::{Proof, Work};
pub use registry::all;

use call::Call;
use rcrepro_model::plan::proof::{ProofRule, Tool};

/// Bounds the length in bytes of a stream that an adapter reads: 64 MiB. A longer one proves nothing.
pub const MAX_INPUT: u64 = 64 * 1024 * 1024;

/// Whether [`assess`] looks at the streams of such a line at all, so that nobody reads them in vain.
#[must_use]
pub fn reads_streams(line: &str, rule: ProofRule) -> bool {
    match rule {
        ProofRule::ExitCode => false,
        ProofRule::Tool(_) => true,
        ProofRule::Detect => !call::calls(line).is_empty(),
    }
}

/// Lists the tools that a line calls, each with the folder it runs in below the source's root (empty for the root, or when it
/// cannot be told). None when the plan takes the exit code for all the proof.
#[must_use]
pub fn tools(line: &str, rule: ProofRule) -> Vec<(Tool, String)> {
    let calls = match rule {
        ProofRule::ExitCode => Vec::new(),
        ProofRule::Tool(tool) => vec![Call::forced(tool, line)],
        ProofRule::Detect => call::calls(line),
    };
    let scans = calls.into_iter().filter(|call| !converts(call));
    scans.map(|call| (call.tool, call.directory.unwrap_or_default())).collect()
}

/// Whether a line only renders what a scan said (`govulncheck -mode convert`), and scans nothing itself.
#[must_use]
pub fn only_converts(line: &str) -> bool {
    let calls = call::calls(line);
    !calls.is_empty() && calls.iter().all(converts)
}

fn converts(call: &Call) -> bool {
    call.tool == Tool::Govulncheck && call.value(&["-mode", "--mode"]) == Some("convert")
}

/// Returns what the evidence of a command proves.
#[must_use]
pub fn assess(rule: ProofRule, evidence: &CommandEvidence<'_>) -> Proof {
    let calls = match rule {
        ProofRule::ExitCode if evidence.exit_code == 0 => {
            return Proof::unproven("the plan takes the exit code for all the proof");
        }
        ProofRule::ExitCode => return Proof::Failed,
        ProofRule::Tool(tool) => vec![Call::forced(tool, evidence.line)],
        ProofRule::Detect => call::calls(evidence.line),
    };
    if evidence.exit_code != 0 {
        return failed(&calls, evidence);
    }
    if let Some((call, how)) = calls.iter().find_map(|call| Some((call, call.hidden.as_ref()?))) {
        return Proof::hollow(format!("the exit code of `{}` is hidden by {how}", call.tool_words()));
    }
    if let Some(why) = unclear(rule, &calls, evidence) {
        return Proof::hollow(why);
    }
    if let Some(missing) = if_present::missing(evidence).filter(|_| rule == ProofRule::Detect) {
        return Proof::hollow(missing);
    }
    let (mut work, mut conditions) = (Vec::new(), BTreeSet::new());
    let mut worst: Option<Proof> = None;
    for call in &calls {
        let alike: Vec<&Call> = calls.iter().filter(|other| other.tool == call.tool).collect();
        match registry::of(call.tool).assess(call, &alike, evidence) {
            Proof::Proven { work: done, conditions: on } => {
                work.extend(done.into_iter().filter(|done| !work.contains(done)).collect::<Vec<_>>());
                conditions.extend(on);
            }
            proof if worst.as_ref().is_none_or(|worst| proof.rank() > worst.rank()) => worst = Some(proof),
            _ => {}
        }
    }
    match worst {
        Some(proof) => proof,
        None if work.is_empty() => Proof::unproven("the exit code is all there is"),
        None => Proof::Proven { work, conditions: conditions.into_iter().collect() },
    }
}

/// Returns what keeps the line from showing whether a known tool ran: its environment, or the words around the tool's name.
fn unclear(rule: ProofRule, calls: &[Call], evidence: &CommandEvidence<'_>) -> Option<String> {
    if let (Some(call), Some(why)) = (calls.first(), evidence.environment.keys().find_map(|name| shell::variable(name)))
    {
        return Some(format!("the exit code of `{}` is hidden by {why}", call.tool_words()));
    }
    if rule == ProofRule::Detect { call::unclear(evidence.line) } else { None }
}

/// Distinguishes a failed check from a tool that failed: only where the line is one tool can its streams speak for the exit code.
fn failed(calls: &[Call], evidence: &CommandEvidence<'_>) -> Proof {
    match calls {
        [call] => registry::of(call.tool).failure(call, evidence).map_or(Proof::Failed, Proof::no_verdict),
        _ => Proof::Failed,
    }
}
