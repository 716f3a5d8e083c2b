//! One command: what came of it, and its way through its attempts.

use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{Attempt, ExecuteError, Executor};
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::compare::{Equality, compare_command};
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::manifest::CommandEntry;
use rcrepro_model::execution::action::Action;
use rcrepro_model::execution::attempt::{AttemptRule, Watch};
use rcrepro_model::execution::event::RunEvent;
use rcrepro_model::execution::world::World;
use rcrepro_model::plan::CommandSpec;

/// One command that ran.
#[derive(Debug, Clone)]
pub struct CommandRun {
    /// What the manifest says of it.
    pub entry: CommandEntry,
    /// How it ended, in words.
    pub ended: String,
    /// How long it ran.
    pub duration: Duration,
    /// The world that it saw.
    pub world: World,
    /// The attempts at the network that were seen.
    pub attempts: Watch,
    /// Where it was not as quiet as the plan wants it, or did not make what it promises.
    pub findings: Vec<Finding>,
    /// The attempts before the last one, all of which failed; `entry` names them without their durations.
    pub earlier: Vec<Attempt>,
}

impl CommandRun {
    /// Whether the command ended well and left what it promises.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        let broken = |finding: &Finding| matches!(finding.name, FindingName::OutputMissing | FindingName::OutputUnkept);
        self.entry.succeeded() && !self.findings.iter().any(broken)
    }
}

impl Executor<'_> {
    /// Runs one command to its last attempt, and says so.
    pub(super) async fn run_command<'s>(
        &self,
        spec: &'s CommandSpec,
        action: Action,
        lanes: &Semaphore,
        stop: CancellationToken,
    ) -> (&'s Name, Result<CommandRun, ExecuteError>) {
        let ended = self.run_attempts(spec, &action, lanes, &stop).await;
        if let Ok(run) = &ended {
            self.tell(spec, run);
        }
        (&spec.id, ended)
    }

    fn tell(&self, spec: &CommandSpec, run: &CommandRun) {
        let expected = self.recorded.and_then(|manifest| manifest.command(&spec.id));
        if spec.quiet.network != AttemptRule::Allow && run.attempts != Watch::default() {
            (self.context.observe)(RunEvent::Network { id: spec.id.clone(), attempts: run.attempts.clone() });
        }
        (self.context.observe)(RunEvent::Finished {
            id: spec.id.clone(),
            exit_code: run.entry.exit_code,
            ended: run.ended.clone(),
            duration: run.duration,
            equality: match (expected, self.recorded) {
                (Some(expected), _) => Some(compare_command(expected, &run.entry).equality),
                (None, Some(_)) => Some(Equality::Divergent),
                (None, None) => None,
            },
        });
    }
}
