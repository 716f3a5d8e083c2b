//! Executes commands that failed again in looser worlds. Nothing of it enters a manifest or changes a verdict.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::{CommandRun, ExecuteError, Executor};
use crate::run::actions::derive_action;
use rcrepro_engine::EngineError;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::manifest::{CommandEntry, EndingEntry};
use rcrepro_model::execution::action::Action;
use rcrepro_model::execution::event::RunEvent;
use rcrepro_model::execution::second_look::told::{FailureNotes, network_hint};
use rcrepro_model::execution::second_look::{
    Account, BUDGET, Looked, Next, SecondLook, Unfinished, is_affordable, ladder, next,
};
use rcrepro_model::execution::world::World;
use rcrepro_model::plan::proof::Tool;
use rcrepro_model::plan::{CommandSpec, Packet};
use rcrepro_store::BlobStore as _;

impl Executor<'_> {
    /// Gathers notes on each failure: what it tried to reach, and, if `look` is set, what a second look finds.
    /// The looks come one after the other, once all commands have ended, so that they disturb none.
    ///
    /// # Errors
    /// [`ExecuteError`] when it is interrupted. An undecided look becomes a note; the result of the command is not changed by it.
    pub(crate) async fn failure_notes(
        &self,
        packet: &Packet,
        ran: &[CommandRun],
        look: bool,
    ) -> Result<BTreeMap<Name, FailureNotes>, ExecuteError> {
        let results: BTreeMap<Name, CommandEntry> =
            ran.iter().map(|ran| (ran.entry.id.clone(), ran.entry.clone())).collect();
        let mut spent = Duration::ZERO;
        let mut notes = BTreeMap::new();
        for spec in self.plan.commands(packet) {
            let failed = ran.iter().find(|ran| ran.entry.id == spec.id && !ran.entry.succeeded());
            let Some(failed) = failed else { continue };
            let mut note = FailureNotes { network: network_hint(&failed.attempts), ..FailureNotes::default() };
            if look {
                note.sees = self.look_wider(spec, &results, failed).await?;
            }
            // A second look makes sense only if something was pinned that can be released, and never when a scan has found something:
            // no pin makes a scan fail.
            if look && note.sees.is_none() && !ladder(&failed.world).is_empty() && !self.found_something(spec, failed) {
                let found = match derive_action(self.plan, spec, self.resolved, &results, &**self.context.store) {
                    Ok(action) => self.look_again(spec, &action, failed, &mut spent).await?,
                    Err(error) => broke(Vec::new(), &error),
                };
                note.second_look = Some(found.entry(&failed.world, self.packet));
            }
            notes.insert(spec.id.clone(), note);
        }
        Ok(notes)
    }

    /// Whether a command is a scan alone, and its exit code says that it found something.
    fn found_something(&self, spec: &CommandSpec, failed: &CommandRun) -> bool {
        let tools = rcrepro_proof::tools(&spec.line, spec.proof);
        // A stream that cannot be read shows no finding.
        let says = |digest| self.context.store.get(digest).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let is_verdict = |tool: Tool| match tool {
            Tool::Govulncheck => failed.entry.exit_code == 3,
            Tool::Gitleaks => says(failed.entry.stderr.raw).is_ok_and(|text| text.contains("leaks found: ")),
            _ => false,
        };
        !tools.is_empty()
            && failed.entry.ending == EndingEntry::Exited
            && tools.into_iter().all(|(tool, _)| is_verdict(tool))
    }

    async fn look_again(
        &self,
        spec: &CommandSpec,
        action: &Action,
        failed: &CommandRun,
        spent: &mut Duration,
    ) -> Result<SecondLook, ExecuteError> {
        let mut looked: Vec<Looked> = Vec::new();
        let too_long = |looked, took| SecondLook { looked, account: Account::Unfinished(Unfinished::TookLong(took)) };
        loop {
            let look = match next(&failed.world, &looked) {
                Next::Done(account) => return Ok(SecondLook { looked, account }),
                Next::Run(look) => look,
            };
            if !is_affordable(*spent, failed.duration) {
                return Ok(too_long(looked, failed.duration));
            }
            let left = BUDGET.saturating_sub(*spent);
            let is_less = left < failed.limits.timeout.amount;
            let began = Instant::now();
            let world = look.world(&failed.world);
            let ran = self.trial(spec, action, (&world, look.as_str()), Some(left), self.context.cancel).await;
            *spent += began.elapsed();
            match ran {
                // The limit was ours, and says nothing of the command.
                Ok(ran) if ran.entry.ending == EndingEntry::TimedOut && is_less => {
                    return Ok(too_long(looked, ran.duration));
                }
                Ok(ran) => looked.push(Looked {
                    look,
                    passed: ran.entry.succeeded(),
                    exit_code: ran.entry.exit_code,
                    took: ran.duration,
                }),
                Err(error @ ExecuteError::Engine(EngineError::Interrupted { .. })) => return Err(error),
                Err(error) => return Ok(broke(looked, &error)),
            }
        }
    }

    /// Executes a command in a world, for no longer than `within`, and tells the world's name and whether it passed there.
    ///
    /// # Errors
    /// [`ExecuteError`] when the result cannot be decided.
    pub(crate) async fn trial(
        &self,
        spec: &CommandSpec,
        action: &Action,
        (world, name): (&World, &str),
        within: Option<Duration>,
        stop: &CancellationToken,
    ) -> Result<CommandRun, ExecuteError> {
        let (id, name) = (spec.id.clone(), name.to_owned());
        (self.context.observe)(RunEvent::Trying { id: id.clone(), world: name.clone() });
        let ran = self.run_container(spec, action, world, (None, within), stop).await;
        let (passed, duration) =
            ran.as_ref().map_or((None, Duration::ZERO), |ran| (Some(ran.entry.succeeded()), ran.duration));
        (self.context.observe)(RunEvent::Tried { id, world: name, passed, duration });
        ran
    }
}

fn broke(looked: Vec<Looked>, error: &dyn std::error::Error) -> SecondLook {
    SecondLook { looked, account: Account::Unfinished(Unfinished::Broke(error.to_string())) }
}
