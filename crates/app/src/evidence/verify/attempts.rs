//! The attempts before a command's last one: each has to have failed, its evidence has to be whole, and a command that then
//! passed is a flake, which passes through the plan's quarantine alone.

use super::Judge;
use rcrepro_model::evidence::finding::FindingName;
use rcrepro_model::evidence::manifest::{AttemptEntry, CommandEntry, EndingEntry};
use rcrepro_model::execution::action::ActionResult;
use rcrepro_model::plan::quarantine::Flake;
use rcrepro_model::plan::{CommandSpec, Plan};

impl Judge<'_> {
    /// Judges the attempts before a command's last one; one that needed a single attempt has none.
    pub(super) fn attempts(&mut self, at: &str, plan: Option<&Plan>, spec: Option<&CommandSpec>, entry: &CommandEntry) {
        for (index, attempt) in entry.earlier.iter().enumerate() {
            self.attempt(&format!("{at}.earlier.{index}"), attempt);
        }
        let (Some(plan), Some(spec)) = (plan, spec) else { return };
        let failed = u32::try_from(entry.earlier.len()).unwrap_or(u32::MAX);
        if failed > spec.retries {
            let expected = match spec.retries {
                0 => "no failed attempt".to_owned(),
                1 => "at most 1 failed attempt".to_owned(),
                many => format!("at most {many} failed attempts"),
            };
            self.finding(FindingName::PlanDiffers, &format!("{at}.earlier"), expected, failed);
        }
        if failed == 0 || !entry.succeeded() {
            return;
        }
        let most = spec.retries.saturating_add(1);
        let flake = Flake::judge(&entry.id, failed.saturating_add(1), most, &plan.quarantine, self.today);
        if !flake.passes() {
            self.finding(FindingName::Flake, at, "a pass at the first attempt, or an entry in [[quarantine]]", &flake);
        }
        self.flakes.insert(entry.id.clone(), flake);
    }

    fn attempt(&mut self, at: &str, attempt: &AttemptEntry) {
        if attempt.ending == EndingEntry::Exited && attempt.exit_code == 0 {
            self.finding(FindingName::EndingDiffers, at, "an attempt that failed", "exit code 0");
        }
        for (part, digest) in [("stdout", attempt.stdout), ("stderr", attempt.stderr)] {
            self.check(&format!("{at}.{part}"), digest);
        }
        let at = format!("{at}.result");
        let Some(bytes) = self.blob(&at, attempt.result) else { return };
        let stated = (attempt.exit_code, attempt.stdout, attempt.stderr);
        if ActionResult::ending_of(&bytes) != Some(stated) {
            let (code, stdout, stderr) = stated;
            let expected = format!("exit code {code}, stdout {stdout}, stderr {stderr}");
            self.finding(FindingName::ResultDiffers, &at, expected, "an `ActionResult` that says something else");
        }
    }
}
