//! A command that fails is run again as often as the plan allows, and every attempt is kept.

use tokio_util::sync::CancellationToken;

use super::lane_queue::LaneQueue;
use super::{CommandRun, ExecuteError, Executor, FailedAttempt};
use rcrepro_engine::Turn;
use rcrepro_model::evidence::manifest::AttemptEntry;
use rcrepro_model::execution::action::Action;
use rcrepro_model::execution::event::RunEvent;
use rcrepro_model::execution::world::{ClockMode, World};
use rcrepro_model::plan::CommandSpec;
use rcrepro_proof::usual_clock;

impl Executor<'_> {
    /// Makes the world of a command. Where the plan names no clock, a replay has the recorded one, and a run the tool's.
    pub(crate) fn world(&self, spec: &CommandSpec) -> World {
        let recorded = self.recorded.and_then(|manifest| manifest.command(&spec.id));
        let is_own = |clock: &ClockMode| !matches!(clock, ClockMode::Real | ClockMode::Unconfirmed);
        let recorded = recorded.map(|entry| entry.clock).filter(is_own);
        let tool = recorded.unwrap_or_else(|| usual_clock(&spec.line, spec.proof));
        World::fixed(self.resolved.date_epoch, &spec.world, tool)
    }

    /// Executes a command's action in fresh containers until it succeeds or the plan's retries are used up; gives the last
    /// attempt, with those before it.
    pub(super) async fn run_attempts(
        &self,
        spec: &CommandSpec,
        action: &Action,
        queue: &LaneQueue,
        stop: &CancellationToken,
    ) -> Result<CommandRun, ExecuteError> {
        let world = self.world(spec);
        let most = spec.retries.saturating_add(1);
        let mut earlier = Vec::new();
        let mut attempt = 1;
        loop {
            let began = || {
                queue.began(&spec.id);
                if attempt == 1 {
                    (self.context.observe)(RunEvent::Started { id: spec.id.clone() });
                }
            };
            let waits = |shortage| {
                queue.waits(&spec.id, &shortage);
                (self.context.observe)(RunEvent::Waiting { id: spec.id.clone(), shortage });
            };
            let turn = Turn { lanes: &queue.lanes, began: &began, waits: &waits, closed: &queue.closed };
            let ran = self.run_container(spec, action, &world, (Some(turn), None), stop).await?;
            if ran.entry.succeeded() || attempt >= most {
                let mut ran = CommandRun { earlier, ..ran };
                ran.entry.earlier = ran.earlier.iter().map(AttemptEntry::from).collect();
                return Ok(ran);
            }
            let (id, ended) = (spec.id.clone(), ran.ended.clone());
            (self.context.observe)(RunEvent::Retrying { id, attempt, of: most, ended });
            earlier.push(FailedAttempt::from(&ran));
            attempt += 1;
        }
    }
}
