//! What came of a command: its last attempt, and those before it that failed.

use std::time::Duration;

use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::manifest::{AttemptEntry, CommandEntry, EndingEntry};
use rcrepro_model::execution::attempt::Watch;
use rcrepro_model::execution::limits::Limit;
use rcrepro_model::execution::world::World;

/// One command that ran.
#[derive(Debug, Clone)]
pub struct CommandRun {
    /// Its entry in the manifest.
    pub entry: CommandEntry,
    /// How it ended, in words.
    pub ended: String,
    /// The limits that it ran under.
    pub(crate) limits: CommandBounds,
    /// How long it ran.
    pub(crate) duration: Duration,
    /// The world that it saw.
    pub(crate) world: World,
    /// The attempts at the network that were seen.
    pub(crate) attempts: Watch,
    /// Where it was not as quiet as the plan wants it, or did not make what it promises.
    pub findings: Vec<Finding>,
    /// The attempts before the last one, all of which failed; `entry` names them without their durations.
    pub earlier: Vec<FailedAttempt>,
    /// The run that executed it, where this one took over what came of it.
    pub taken_over: Option<String>,
}

/// The limits of one command, and where each comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CommandBounds {
    /// How long it may run.
    pub(crate) timeout: Limit<Duration>,
    /// How much memory it may use, in bytes.
    pub(crate) memory: Limit<u64>,
}

impl CommandRun {
    /// Whether the command ended well and left what it promises.
    #[must_use]
    pub(crate) fn succeeded(&self) -> bool {
        let broken = |finding: &Finding| matches!(finding.name, FindingName::OutputMissing | FindingName::OutputUnkept);
        self.entry.succeeded() && !self.findings.iter().any(broken)
    }
}

/// An attempt that failed and was not the last one; its streams are in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedAttempt {
    /// How it ended.
    pub(crate) ending: EndingEntry,
    pub(crate) exit_code: i32,
    /// Its standard output, raw.
    pub(crate) stdout: Digest,
    /// Its standard error, raw.
    pub(crate) stderr: Digest,
    /// Its REAPI `ActionResult`.
    pub(crate) result: Digest,
    /// How long it ran.
    pub(crate) duration: Duration,
}

impl From<&CommandRun> for FailedAttempt {
    fn from(ran: &CommandRun) -> Self {
        let entry = &ran.entry;
        Self {
            ending: entry.ending,
            exit_code: entry.exit_code,
            stdout: entry.stdout.raw,
            stderr: entry.stderr.raw,
            result: entry.result,
            duration: ran.duration,
        }
    }
}

impl From<&FailedAttempt> for AttemptEntry {
    fn from(attempt: &FailedAttempt) -> Self {
        Self {
            ending: attempt.ending,
            exit_code: attempt.exit_code,
            stdout: attempt.stdout,
            stderr: attempt.stderr,
            result: attempt.result,
        }
    }
}
