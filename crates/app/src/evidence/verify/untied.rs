//! What a manifest says and nothing in its evidence can confirm: a reader must know what was not looked at.

use super::Judge;
use rcrepro_model::evidence::finding::Note;
use rcrepro_model::evidence::manifest::OLDEST_MANIFEST_VERSION;
use rcrepro_model::execution::attempt::AttemptRule;
use rcrepro_model::execution::world::ClockMode;
use rcrepro_model::plan::{CommandSpec, Plan};
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
            if let Some(says) = clock(manifest.version, spec, entry.clock.today()) {
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

/// Says which clock a command had where it is not the one that a run of today would give it; none where it is.
fn clock(version: u32, spec: &CommandSpec, had: ClockMode) -> Option<String> {
    let named = spec.world.named_clock();
    let asked = named.unwrap_or_else(|| usual_clock(&spec.line, spec.proof)).today();
    match had {
        _ if had == asked => None,
        ClockMode::Real => {
            Some(format!("the machine's own clock, where the plan asks for one that {}", asked.as_str()))
        }
        // The only clock of version 2 stands.
        ClockMode::Starts | ClockMode::Stands if named.is_none() && version > OLDEST_MANIFEST_VERSION => {
            let (had, asked) = (had.as_str(), asked.as_str());
            Some(format!(
                "a clock that {had}: the plan names none, and this rcrepro would give the line one that {asked}"
            ))
        }
        _ => None,
    }
}
