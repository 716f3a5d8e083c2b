//! One command: its way through its attempts, and what observers are told of it.

use tokio_util::sync::CancellationToken;

use super::lane_queue::LaneQueue;
use super::{CommandRun, ExecuteError, Executor};
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::compare::{Equality, compare_command};
use rcrepro_model::execution::action::Action;
use rcrepro_model::execution::attempt::{AttemptRule, Watch};
use rcrepro_model::execution::event::RunEvent;
use rcrepro_model::plan::CommandSpec;

impl Executor<'_> {
    /// Runs one command to its last attempt, and says so.
    pub(super) async fn run_command<'s>(
        &self,
        spec: &'s CommandSpec,
        action: Action,
        queue: &LaneQueue,
        stop: CancellationToken,
    ) -> (&'s Name, Result<CommandRun, ExecuteError>) {
        if let Some(taken) = self.take_over(spec, &action) {
            let run = taken.taken_over.clone().unwrap_or_default();
            (self.context.observe)(RunEvent::TakenOver { id: spec.id.clone(), run });
            return (&spec.id, Ok(taken));
        }
        let ended = self.run_attempts(spec, &action, queue, &stop).await;
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
