//! The mark of a packet that failed: something has to have failed, and a command may be missing only where one that it needs
//! failed.

use std::collections::BTreeSet;

use super::Judge;
use crate::run::promised;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::failed::FailedEntry;
use rcrepro_model::evidence::finding::FindingName;
use rcrepro_model::execution::attempt::AttemptRule;
use rcrepro_model::plan::{CommandSpec, Plan};
use rcrepro_model::standing::Standing;

impl Judge<'_> {
    /// Judges the mark, once all commands have been; nothing where there is none.
    pub(super) fn failed(&mut self, plan: Option<&Plan>) {
        let Some(failed) = &self.manifest.failed else { return };
        if let Some(plan) = plan {
            self.not_run(plan, failed);
            self.networked(plan, failed);
            self.unkept(plan, failed);
        }
        if Standing::worst(&self.findings) < Standing::Failed {
            let expected = "a command that failed: the record is that of a failure";
            self.finding(FindingName::NothingFailed, "failed", expected, "none by the rules of this build");
        }
    }

    /// Nothing can be said of a command that has no entry and needs nothing that failed.
    fn not_run(&mut self, plan: &Plan, failed: &FailedEntry) {
        let broken = |id: &Name| {
            let entry = self.manifest.command(id);
            let spec = plan.command(id);
            entry
                .zip(spec)
                .is_some_and(|(entry, spec)| !entry.succeeded() || !promised::missing(spec, entry, None).is_empty())
        };
        let explained = |id: &&Name| {
            let needs = plan.command(id).map(|spec| &spec.needs);
            needs.is_some_and(|needs| needs.iter().any(|need| broken(need) || failed.not_run.contains(need)))
        };
        let unexplained: Vec<&Name> = failed.not_run.iter().filter(|id| !explained(id)).collect();
        for id in unexplained {
            self.finding(FindingName::CommandUndecided, &format!("commands.{id}"), "a result", "it is not recorded");
        }
    }

    fn networked(&mut self, plan: &Plan, failed: &FailedEntry) {
        for id in &failed.network {
            let at = format!("commands.{id}.network");
            let spec = plan.command(id).filter(|_| self.manifest.command(id).is_some());
            if spec.is_some_and(|spec| spec.quiet.network == AttemptRule::Forbid) {
                let found = "the run saw one; only a replay sees it again";
                self.finding(FindingName::NetworkAttempt, &at, "no attempt at the network", found);
            } else {
                let expected = "a command that ran and may not try to reach the network";
                self.finding(FindingName::PlanDiffers, &at, expected, id);
            }
        }
    }

    /// What could not be kept is a declared output of a command that ran, and no evidence of it is there.
    fn unkept(&mut self, plan: &Plan, failed: &FailedEntry) {
        for (id, path) in failed.unkept.iter().flat_map(|(id, paths)| paths.keys().map(move |path| (id, path))) {
            let is_declared = plan.command(id).is_some_and(|spec| spec.outputs.contains(path));
            if !is_declared || self.manifest.command(id).is_none_or(|entry| entry.outputs.contains_key(path)) {
                let at = format!("commands.{id}.outputs.{path}");
                let expected = "a declared output of a command that ran, of which there is no evidence";
                self.finding(FindingName::PlanDiffers, &at, expected, path);
            }
        }
    }

    /// Gives the commands that a manifest has to have: all of the packet, less those that a record of a failure says did not run.
    pub(super) fn wanted_commands<'p>(&self, specs: &[&'p CommandSpec]) -> Vec<&'p Name> {
        let none = BTreeSet::new();
        let not_run = self.manifest.failed.as_ref().map_or(&none, |failed| &failed.not_run);
        specs.iter().map(|spec| &spec.id).filter(|id| !not_run.contains(*id)).collect()
    }
}
