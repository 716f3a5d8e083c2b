//! Proposed worlds as TOML whose keys can be copied into the plan, with the evidence as comments.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::text::put;
use rcrepro_model::shake::observation::{Facet, Level, Observation};
use rcrepro_model::shake::proposal::{PacketProposal, ProposedCommand, Tried};
use rcrepro_model::shake::propose::{Candidate, Proposed, Question, Trial, Trials, WorldPin, counts, differing};
use rcrepro_model::standing::Standing;
use rcrepro_model::text::plural::counted;

/// Writes a table for each command that needs other keys than it has, and a comment for each of the others.
#[must_use]
pub fn text(found: &PacketProposal) -> String {
    let mut text = String::new();
    for command in &found.commands {
        let [id, set] = [&command.id, &command.set];
        match &command.tried {
            Tried::Skipped { because } => {
                put(&mut text, format_args!("# {id}: did not run: `{because}` passes nowhere"))
            }
            Tried::Decided { question, trials, proposed } => {
                put(&mut text, format_args!("# {id}: {}", sentence(command, question, trials, proposed)));
                for line in evidence(question, trials, proposed) {
                    put(&mut text, format_args!("#   {line}"));
                }
            }
        }
        let keys =
            command.tried.candidate().filter(|_| command.tried.changes()).map(Candidate::keys).unwrap_or_default();
        if !keys.is_empty() {
            put(&mut text, format_args!("[[sets.{set}]]"));
            put(&mut text, format_args!("id = \"{id}\""));
            for key in keys {
                put(&mut text, format_args!("{key}"));
            }
        }
        text.push('\n');
    }
    let runs: usize = found.commands.iter().map(|command| command.tried.runs()).sum();
    let changes = found.commands.iter().filter(|command| command.tried.changes()).count();
    let all = found.commands.len();
    let advice = if changes == 0 { "" } else { "; copy the keys into the commands' own tables" };
    put(
        &mut text,
        format_args!(
            "# {}: other keys for {changes} of {} ({}){advice}",
            found.packet,
            counted(all, "command"),
            counted(runs, "run")
        ),
    );
    text
}

/// Says what came of a command in one line.
fn sentence(command: &ProposedCommand, question: &Question, trials: &Trials, proposed: &Proposed) -> String {
    match proposed {
        Proposed::Nowhere => "passes in no world".to_owned(),
        Proposed::Flaky(candidate) => {
            let (passed, runs) = counts(runs(trials, candidate));
            format!("flaky by itself: passed {passed} of {} with {candidate}; no key is proposed", counted(runs, "run"))
        }
        Proposed::World { candidate, differing, left_out } => {
            let (passed, runs) = counts(runs(trials, candidate));
            let needs = match (command.tried.changes(), candidate.keys().is_empty()) {
                (true, true) => format!("needs no key, take out {}", question.today()),
                (true, false) => format!("needs {candidate}"),
                (false, true) => "needs no key".to_owned(),
                (false, false) => format!("needs what it has, {candidate}"),
            };
            let equal = match differing.is_empty() {
                true => "equal in all of them".to_owned(),
                false => {
                    format!("but {}", open(differing))
                }
            };
            let undecided = match left_out.is_empty() {
                true => String::new(),
                false => {
                    let names: Vec<&str> = left_out.iter().map(|variation| variation.as_str()).collect();
                    format!("; UNDECIDED: the engine did not carry out {}", names.join(", "))
                }
            };
            format!("{needs}: passed {passed} of {} so, {equal}{undecided}", counted(runs, "run"))
        }
    }
}

/// Lists how the command fared in the other worlds; the plan's own is marked.
fn evidence(question: &Question, trials: &Trials, proposed: &Proposed) -> Vec<String> {
    let chosen = match proposed {
        Proposed::World { candidate, .. } => Some(candidate),
        Proposed::Flaky(_) | Proposed::Nowhere => None,
    };
    let today = question.today();
    let line = |(candidate, trials): (&Candidate, &Vec<Trial>)| {
        let (passed, runs) = counts(trials);
        let plan = if *candidate == today { ", as the plan has it" } else { "" };
        let differing = differing(trials);
        let how = match trials.iter().find(|trial| !trial.passed) {
            Some(failed) => format!("; {}", ending(&failed.observation)),
            None if differing.is_empty() => String::new(),
            None => format!("; {}", open(&differing)),
        };
        format!("with {candidate}{plan}: passed {passed} of {}{how}", counted(runs, "run"))
    };
    let mut lines: Vec<String> = trials.iter().filter(|(candidate, _)| Some(*candidate) != chosen).map(line).collect();
    let culprits: Vec<&str> =
        WorldPin::ALL.into_iter().filter(|pin| is_culprit(trials, *pin)).map(WorldPin::as_str).collect();
    if chosen.is_some_and(|candidate| candidate.machine) {
        lines.push(match culprits.is_empty() {
            true => "no pin alone is the cause".to_owned(),
            false => format!("it fails by {}, which no key lets go alone", culprits.join(" or ")),
        });
    }
    lines
}

/// Says which parts differ.
fn open(differing: &BTreeSet<Facet>) -> String {
    let parts: Vec<String> = differing.iter().map(Facet::to_string).collect();
    let verb = if parts.len() == 1 { "differs" } else { "differ" };
    format!("{} {verb} from run to run", parts.join(", "))
}

/// Tells whether the command passes as soon as this pin alone is let go.
fn is_culprit(trials: &Trials, pin: WorldPin) -> bool {
    let passed = |runs: &Vec<Trial>| !runs.is_empty() && runs.iter().all(|run| run.passed);
    trials.iter().any(|(candidate, runs)| candidate.free == Some(pin) && passed(runs))
}

fn ending(observation: &Observation) -> String {
    observation.seen(&Facet::Ending).evidence(Level::Canonical)
}

fn runs<'a>(trials: &'a Trials, candidate: &Candidate) -> &'a [Trial] {
    trials.get(candidate).map_or(&[], Vec::as_slice)
}

/// Describes the same as one JSON document.
#[must_use]
pub fn document(found: &PacketProposal) -> Value {
    let commands: Vec<Value> = found
        .commands
        .iter()
        .map(|command| {
            let mut document = match &command.tried {
                Tried::Skipped { because } => json!({ "skipped": because.as_str() }),
                Tried::Decided { question, trials, proposed } => {
                    let worlds: Vec<Value> = trials.iter().map(world).collect();
                    json!({ "says": sentence(command, question, trials, proposed), "worlds": worlds })
                }
            };
            document["id"] = json!(command.id.as_str());
            document["set"] = json!(command.set.as_str());
            document["equality"] = json!(command.tried.equality().as_str());
            document["changes"] = json!(command.tried.changes());
            document["keys"] = json!(command.tried.candidate().map(Candidate::keys));
            document
        })
        .collect();
    json!({ "packet": found.packet.to_string(), "verdict": found.equality().as_str(), "standing": Standing::from(found.equality()), "commands": commands })
}

fn world((candidate, trials): (&Candidate, &Vec<Trial>)) -> Value {
    let (passed, runs) = counts(trials);
    let open: Vec<String> = differing(trials).iter().map(Facet::to_string).collect();
    json!({ "keys": candidate.keys(), "world": candidate.to_string(), "passed": passed, "runs": runs, "differing": open })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_format::plan::plan_toml;
    use rcrepro_model::execution::world::{ClockMode, WorldSettings};
    use rcrepro_model::shake::propose::{ProposalStep, step};

    const PLAN: &str =
        "version = 1\nname = \"p\"\n[images.i]\nbuild = \"x\"\n[packets.RC-05]\ntitle = \"t\"\nsets = [\"all\"]\n";

    /// Decides about a command that passes where its clock is of this mode.
    fn decided(own: WorldSettings, passes: ClockMode) -> Tried {
        let question = Question { usual: ClockMode::Starts, own, processors: 2, repeat: 2 };
        let mut trials = Trials::new();
        loop {
            match step(&question, &trials) {
                ProposalStep::Done(proposed) => return Tried::Decided { question, trials, proposed },
                ProposalStep::Run(candidate) => {
                    let passed = candidate.world(7, &question.own, question.usual).clock() == passes;
                    let observation = Observation::of_ending(if passed { "exit code 0" } else { "exit code 1" });
                    trials.entry(candidate).or_default().push(Trial { observation, passed });
                }
            }
        }
    }

    fn packet(tried: Tried) -> PacketProposal {
        let [id, set] = ["waits", "all"].map(|name| name.parse().expect("a name"));
        PacketProposal { packet: "RC-05".parse().expect("an id"), commands: vec![ProposedCommand { id, set, tried }] }
    }

    #[test]
    fn the_keys_are_a_part_of_a_plan_and_ask_for_the_world_that_was_checked() {
        let found = packet(decided(WorldSettings::default(), ClockMode::Real));
        let text = text(&found);
        let pasted = text.replace("id = \"waits\"", "id = \"waits\"\nrun = \"true\"\nimage = \"i\"");
        let plan = plan_toml::parse(&format!("{PLAN}{pasted}"), &[]).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let spec = plan.sets.values().flatten().next().expect("a command");
        let candidate = found.commands[0].tried.candidate().expect("a world");
        assert_eq!(spec.world, candidate.settings(&WorldSettings::default()));
        for line in [
            "# waits: needs clock = \"real\": passed 4 of 4 runs so, equal in all of them\n",
            "#   with no key, as the plan has it: passed 0 of 2 runs; exit code 1\n",
            "#   with clock = \"stands\": passed 0 of 1 run; exit code 1\n",
            "# RC-05: other keys for 1 of 1 command (7 runs); copy the keys into the commands' own tables\n",
        ] {
            assert!(text.contains(line), "{line}{text}");
        }
        assert_eq!(document(&found)["commands"][0]["keys"], json!(["clock = \"real\""]));
    }

    #[test]
    fn a_plan_that_is_right_is_left_alone() {
        let own = WorldSettings { clock: Some(ClockMode::Real), ..WorldSettings::default() };
        let found = packet(decided(own, ClockMode::Real));
        let text = text(&found);
        assert!(text.starts_with("# waits: needs what it has, clock = \"real\": passed 4 of 4 runs"), "{text}");
        assert!(!text.contains("[[sets"), "{text}");
        assert_eq!(document(&found)["verdict"], "bitwise");
    }
}
