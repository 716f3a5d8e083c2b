//! A command that fails is run again as often as the plan allows, and every attempt is kept.

use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{ExecuteError, Executor, Ran};
use rcrepro_engine::Turn;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::manifest::EndingEntry;
use rcrepro_model::execution::action::Action;
use rcrepro_model::execution::event::RunEvent;
use rcrepro_model::execution::world::{ClockMode, World};
use rcrepro_model::plan::CommandSpec;
use rcrepro_proof::usual_clock;

/// Is an attempt that failed and was not the last one; its streams are in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// How it ended.
    pub ending: EndingEntry,
    /// Its exit code.
    pub exit_code: i32,
    /// Its standard output, raw.
    pub stdout: Digest,
    /// Its standard error, raw.
    pub stderr: Digest,
    /// Its REAPI `ActionResult`.
    pub result: Digest,
    /// How long it ran.
    pub duration: Duration,
}

impl From<&Ran> for Attempt {
    fn from(ran: &Ran) -> Self {
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
    pub(super) async fn attempt(
        &self,
        spec: &CommandSpec,
        action: &Action,
        lanes: &Semaphore,
        stop: &CancellationToken,
    ) -> Result<Ran, ExecuteError> {
        let world = self.world(spec);
        let most = spec.retries.saturating_add(1);
        let mut earlier = Vec::new();
        let mut attempt = 1;
        loop {
            let began = || {
                if attempt == 1 {
                    (self.observe)(RunEvent::Started { id: spec.id.clone() });
                }
            };
            let turn = Some(Turn { lanes, began: &began });
            let ran = self.perform(spec, action, &world, turn, stop).await?;
            if ran.entry.succeeded() || attempt >= most {
                return Ok(Ran { earlier, ..ran });
            }
            let (id, ended) = (spec.id.clone(), ran.ended.clone());
            (self.observe)(RunEvent::Retrying { id, attempt, of: most, ended });
            earlier.push(Attempt::from(&ran));
            attempt += 1;
        }
    }
}
