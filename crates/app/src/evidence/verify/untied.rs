//! What a manifest says and nothing in its evidence can confirm: a reader must know what was not looked at.

use super::Judge;
use rcrepro_model::evidence::finding::Note;
use rcrepro_model::execution::attempt::AttemptRule;
use rcrepro_model::execution::world::ClockMode;
use rcrepro_model::plan::Plan;
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_proof::usual_clock;

impl Judge<'_> {
    /// Lists it, behind what the source tree could not confirm.
    pub(super) fn say_untied(&mut self, plan: Option<&Plan>) {
        let manifest = self.manifest;
        let day = CivilDate::of_unix_seconds(manifest.source.date_epoch);
        let day = day.map_or_else(|| format!("{} s", manifest.source.date_epoch), |day| day.to_string());
        self.untie(
            "source.root",
            "that this is the tree of a commit: a checkout shows it, by `rcrepro status`".to_owned(),
        );
        self.untie("source.date_epoch", format!("the time of the commit, {day}: the repository alone knows it"));
        let says = "that they were executed, who did it, and where: `rcrepro replay` executes them again";
        self.untie("commands", says.to_owned());
        let Some(plan) = plan else { return };
        for entry in &manifest.commands {
            let Some(spec) = plan.command(&entry.id) else { continue };
            let asked = spec.world.mode(usual_clock(&spec.line, spec.proof)).today();
            if entry.clock == ClockMode::Real && asked != ClockMode::Real {
                let says = format!("the machine's own clock, where the plan asks for one that {}", asked.as_str());
                self.untie(&format!("commands.{}.clock", entry.id), says);
            }
            if spec.quiet.network == AttemptRule::Forbid {
                let says = "that it tried to reach no network: only a replay sees attempts".to_owned();
                self.untie(&format!("commands.{}", entry.id), says);
            }
        }
    }

    fn untie(&mut self, at: &str, says: String) {
        self.untied.push(Note { at: at.to_owned(), says });
    }
}
