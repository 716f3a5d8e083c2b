//! What the plan itself lets pass beside the lines of its commands.

use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::suppression::{Silenced, Suppression, SuppressionSource};
use rcrepro_model::execution::attempt::AttemptRule;
use rcrepro_model::plan::Plan;
use rcrepro_model::plan::proof::ProofRule;

/// Lists what the plan lets pass of a command: flakes in quarantine, attempts at the network, the exit code as proof. `has_flaked`
/// says whether it failed before it passed.
#[must_use]
pub fn of_command(plan: &Plan, command: &Name, has_flaked: bool) -> Vec<Suppression> {
    let at = format!("commands.{command}");
    let mut found = Vec::new();
    for quarantined in plan.quarantine.iter().filter(|quarantined| quarantined.command == *command) {
        let flaked = if has_flaked { Silenced::Something } else { Silenced::Undecided };
        found.push(entry("quarantine", "quarantine", command.as_str(), Some(&quarantined.reason), flaked));
    }
    let Some(spec) = plan.command(command) else { return found };
    if spec.proof == ProofRule::ExitCode {
        found.push(entry("proof-exit-code", &at, "what the output would prove", None, Silenced::Undecided));
    }
    if spec.quiet.network == AttemptRule::Allow {
        found.push(entry("network-attempts", &at, "attempts to reach the network", None, Silenced::Undecided));
    }
    found
}

/// Lists the waivers. Whether they still count depends on the day and on what is found, and is told where they are shown.
#[must_use]
pub fn of_waivers(plan: &Plan) -> Vec<Suppression> {
    let waivers = plan.waivers.iter();
    waivers
        .map(|waiver| {
            entry("waiver", "waivers", &waiver.finding.to_string(), Some(&waiver.reason), Silenced::Undecided)
        })
        .collect()
}

fn entry(kind: &str, at: &str, silences: &str, reason: Option<&str>, silenced: Silenced) -> Suppression {
    Suppression {
        kind: kind.to_owned(),
        at: at.to_owned(),
        line: 0,
        silences: silences.to_owned(),
        reason: reason.map(str::to_owned),
        source: SuppressionSource::Plan,
        silenced,
    }
}
