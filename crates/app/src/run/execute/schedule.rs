//! Which commands of a packet wait, which ran, and which can no longer run.

use std::collections::{BTreeMap, BTreeSet};

use super::{CommandRun, ExecuteError, Executions, OnFailure};
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::manifest::CommandEntry;
use rcrepro_model::execution::event::RunEvent;
use rcrepro_model::plan::CommandSpec;

/// The state of a packet's commands while they run.
pub(super) struct Schedule<'p> {
    specs: Vec<&'p CommandSpec>,
    waiting: Vec<&'p CommandSpec>,
    skipped: BTreeSet<Name>,
    /// The commands that failed, or of which nothing can be said.
    broken: BTreeSet<Name>,
    /// What the commands that ran came to, for those that need them.
    pub(super) results: BTreeMap<Name, CommandEntry>,
    done: BTreeMap<Name, CommandRun>,
    undecided: Vec<(Name, ExecuteError)>,
    /// The first failure that ends everything: what it interrupts fails too.
    failure: Option<ExecuteError>,
    on_failure: OnFailure,
    /// The command after whose failure nothing begins any more.
    stopped_by: Option<Name>,
}

impl<'p> Schedule<'p> {
    /// Lets all commands wait.
    pub(super) fn new(specs: Vec<&'p CommandSpec>, on_failure: OnFailure) -> Self {
        Self {
            waiting: specs.clone(),
            specs,
            skipped: BTreeSet::new(),
            broken: BTreeSet::new(),
            results: BTreeMap::new(),
            done: BTreeMap::new(),
            undecided: Vec::new(),
            failure: None,
            on_failure,
            stopped_by: None,
        }
    }

    /// Whether nothing begins any more because a command failed.
    pub(super) const fn is_stopped(&self) -> bool {
        self.stopped_by.is_some()
    }

    /// Takes back a command that did not begin.
    pub(super) fn put_back(&mut self, id: &Name) {
        self.waiting.extend(self.specs.iter().filter(|spec| spec.id == *id));
    }

    /// Says which commands did not begin because another one failed.
    pub(super) fn tell_stopped(&self, observe: &(dyn Fn(RunEvent) + Sync)) {
        let Some(because) = &self.stopped_by else { return };
        for spec in self.specs.iter().filter(|spec| self.waiting.iter().any(|waiting| waiting.id == spec.id)) {
            observe(RunEvent::Stopped { id: spec.id.clone(), because: because.clone() });
        }
    }

    fn note_failure(&mut self, id: &Name) {
        self.broken.insert(id.clone());
        if self.on_failure == OnFailure::Stop {
            self.stopped_by.get_or_insert_with(|| id.clone());
        }
    }

    /// Takes the next command whose needs are met, if nothing has ended the run. Commands that need one that failed or was
    /// itself skipped are skipped on the way.
    pub(super) fn next_ready(&mut self, observe: &(dyn Fn(RunEvent) + Sync)) -> Option<&'p CommandSpec> {
        if self.failure.is_some() || self.is_stopped() {
            return None;
        }
        self.skip_hopeless(observe);
        let ready = |spec: &&CommandSpec| spec.needs.iter().all(|need| self.results.contains_key(need));
        let index = self.waiting.iter().position(ready)?;
        Some(self.waiting.remove(index))
    }

    fn skip_hopeless(&mut self, observe: &(dyn Fn(RunEvent) + Sync)) {
        loop {
            let hopeless = self.waiting.iter().enumerate().find_map(|(index, spec)| {
                let failed = |need: &&Name| self.skipped.contains(*need) || self.broken.contains(*need);
                Some((index, spec.needs.iter().find(failed)?.clone()))
            });
            let Some((index, because)) = hopeless else { return };
            let spec = self.waiting.remove(index);
            self.skipped.insert(spec.id.clone());
            observe(RunEvent::Skipped { id: spec.id.clone(), because });
        }
    }

    /// Notes how a command ended; false when that ends the whole run.
    pub(super) fn note(&mut self, id: &Name, ended: Result<CommandRun, ExecuteError>) -> bool {
        match ended {
            Ok(run) => {
                if !run.succeeded() {
                    self.note_failure(id);
                }
                self.results.insert(id.clone(), run.entry.clone());
                self.done.insert(id.clone(), run);
                true
            }
            Err(error) if error.is_one_commands() && self.failure.is_none() => {
                self.note_failure(id);
                self.undecided.push((id.clone(), error));
                true
            }
            Err(error) => {
                self.failure.get_or_insert(error);
                false
            }
        }
    }

    /// What became of all commands, in the plan's order.
    ///
    /// # Errors
    /// What ended the run; or, where nothing ran at all, why the first command could not be decided.
    pub(super) fn finish(mut self) -> Result<Executions, ExecuteError> {
        if let Some(error) = self.failure {
            return Err(error);
        }
        // Where nothing ran at all, there is nothing to keep beside the reason.
        if self.done.is_empty() && !self.undecided.is_empty() {
            return Err(self.undecided.swap_remove(0).1);
        }
        let commands = self.specs.iter().filter_map(|spec| self.done.remove(&spec.id)).collect();
        Ok(Executions { commands, undecided: self.undecided })
    }
}
