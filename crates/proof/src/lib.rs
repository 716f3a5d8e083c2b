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
mod gitleaks;
mod go;
pub mod govulncheck;
mod inputs;
mod junit;
mod named;
mod node;
pub mod scans;
mod shell;
mod tap;
#[cfg(test)]
mod tests;
mod text;

use crate::node::if_present;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use adapter::{Adapter, all};
pub use clock::usual_clock;
pub use inputs::{InputFiles, InputKind, Listing, Lookup, NoInputs, Search, lines_with};
pub use named::{ToolCall, tool_calls};

use call::Call;
use rcrepro_model::plan::proof::{Condition, ProofRule, Tool};
use rcrepro_model::standing::Standing;
use rcrepro_model::text::plural::of_one;

/// Bounds the length in bytes of a stream that an adapter reads: 64 MiB. A longer one proves nothing.
pub const MAX_INPUT: u64 = 64 * 1024 * 1024;

/// What a command left behind.
#[derive(Clone, Copy)]
pub struct CommandEvidence<'a> {
    /// The exact shell line.
    pub line: &'a str,
    /// The variables that the command had on top of the fixed ones.
    pub environment: &'a BTreeMap<String, String>,
    /// The exit code; 0 is a pass, as far as that goes.
    pub exit_code: i32,
    /// The whole standard output, raw.
    pub stdout: &'a [u8],
    /// The whole standard error, raw.
    pub stderr: &'a [u8],
    /// The command's input tree.
    pub inputs: &'a dyn InputFiles,
}

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// The tool that did it.
    pub tool: Tool,
    /// How often, where the tool says so.
    pub count: Option<u64>,
    /// What was done, in the plural, such as `tests executed`.
    pub what: String,
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            Some(1) => write!(f, "1 {}", of_one(&self.what)),
            Some(count) => write!(f, "{count} {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// What the evidence of one command proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// It did its work.
    Proven {
        /// One entry or more for each tool of the line.
        work: Vec<Work>,
        /// What keeps the pass from saying all that it seems to say.
        conditions: Vec<Condition>,
    },
    /// No rule says more than the exit code, which is 0.
    Unproven {
        /// Why not.
        reason: String,
    },
    /// The exit code is 0, and nothing was checked, or nothing shows that anything was.
    Hollow {
        /// What is missing.
        reason: String,
    },
    /// The exit code is 0, and the streams say that the check failed.
    Contradicted {
        /// What they say.
        reason: String,
    },
    /// The exit code is not 0, and no verdict of the tool's: it could not do its work.
    NoVerdict {
        /// What went wrong.
        reason: String,
    },
    /// The exit code is not 0.
    Failed,
}

impl Proof {
    /// Returns what the proof makes of the command.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match self {
            Self::Proven { .. } | Self::Unproven { .. } => Standing::Passed,
            Self::Hollow { .. } | Self::NoVerdict { .. } => Standing::Undecided,
            Self::Contradicted { .. } | Self::Failed => Standing::Failed,
        }
    }

    /// Returns the word that reports and JSON use.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Proven { .. } => "proven",
            Self::Unproven { .. } => "unproven",
            Self::Hollow { .. } => "hollow",
            Self::Contradicted { .. } => "contradicted",
            Self::NoVerdict { .. } => "no-verdict",
            Self::Failed => "failed",
        }
    }

    /// Returns the reason, where there is one.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Unproven { reason }
            | Self::Hollow { reason }
            | Self::Contradicted { reason }
            | Self::NoVerdict { reason } => Some(reason),
            Self::Proven { .. } | Self::Failed => None,
        }
    }

    fn hollow(reason: impl Into<String>) -> Self {
        Self::Hollow { reason: reason.into() }
    }

    fn unproven(reason: impl Into<String>) -> Self {
        Self::Unproven { reason: reason.into() }
    }

    fn contradicted(reason: impl Into<String>) -> Self {
        Self::Contradicted { reason: reason.into() }
    }

    fn no_verdict(reason: impl Into<String>) -> Self {
        Self::NoVerdict { reason: reason.into() }
    }

    fn proven(tool: Tool, count: u64, what: &str) -> Self {
        Self::done(vec![Work { tool, count: Some(count), what: what.to_owned() }])
    }

    fn done(work: Vec<Work>) -> Self {
        Self::Proven { work, conditions: Vec::new() }
    }

    /// Adds what the pass does not say; any other proof stays as it is.
    fn on(mut self, more: impl IntoIterator<Item = Condition>) -> Self {
        if let Self::Proven { conditions, .. } = &mut self {
            conditions.extend(more);
        }
        self
    }

    /// Lists what keeps a pass from saying all that it seems to say.
    #[must_use]
    pub fn conditions(&self) -> &[Condition] {
        match self {
            Self::Proven { conditions, .. } => conditions,
            _ => &[],
        }
    }

    /// Ranks proofs: what is worst decides for a line.
    const fn rank(&self) -> u8 {
        match self {
            Self::Proven { .. } => 0,
            Self::Unproven { .. } => 1,
            Self::Hollow { .. } => 2,
            Self::NoVerdict { .. } => 3,
            Self::Failed => 4,
            Self::Contradicted { .. } => 5,
        }
    }
}

impl From<&Proof> for Standing {
    fn from(proof: &Proof) -> Self {
        proof.standing()
    }
}

impl fmt::Display for Proof {
    /// Writes `132 tests executed`, `unproven: …` or `hollow pass: …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proven { work, .. } => {
                let work: Vec<String> = work.iter().map(ToString::to_string).collect();
                f.write_str(&work.join(", "))
            }
            Self::Unproven { reason } => write!(f, "unproven: {reason}"),
            Self::Hollow { reason } => write!(f, "hollow pass: {reason}"),
            Self::Contradicted { reason } => write!(f, "the exit code is 0, and the output says otherwise: {reason}"),
            Self::NoVerdict { reason } => write!(f, "the exit code is not a verdict: {reason}"),
            Self::Failed => f.write_str("failed"),
        }
    }
}

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
        match adapter::of(call.tool).assess(call, &alike, evidence) {
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
        [call] => adapter::of(call.tool).failure(call, evidence).map_or(Proof::Failed, Proof::no_verdict),
        _ => Proof::Failed,
    }
}
