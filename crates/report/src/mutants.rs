//! The mutants and their gates, as people and machines read them.

use comfy_table::{Table, presets};
use serde_json::{Value, json};

use rcrepro_model::plan::mutant::{GatesRecord, MutantOutcome, MutationGate, ProvenGates};
use rcrepro_model::text::plural::counted;

/// Writes one row per mutant, the gates that nothing proved able to fail, and the sum last.
#[must_use]
pub fn text(record: &GatesRecord, unproven: &[MutationGate]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["mutant", "gate", "outcome", "what it showed"]);
    for mutant in &record.mutants {
        table.add_row([mutant.id.as_str(), &mutant.gate.to_string(), mutant.outcome.as_str(), mutant.showed.as_str()]);
    }
    let mut text = format!("{}\n", table.trim_fmt());
    let mut put = |line: std::fmt::Arguments<'_>| super::text::put(&mut text, line);
    for gate in unproven {
        put(format_args!("not proven able to fail: {gate}"));
    }
    put(format_args!("{}", sum(record)));
    text
}

fn sum(record: &GatesRecord) -> String {
    let count = |outcome| record.mutants.iter().filter(|mutant| mutant.outcome == outcome).count();
    let (caught, all) = (count(MutantOutcome::Caught), record.mutants.len());
    if all == 0 {
        return "no mutant: nothing was proven".to_owned();
    }
    if caught == all {
        return format!("{caught} of {} caught, each by its gate", counted(all, "mutant"));
    }
    let others = [MutantOutcome::Survived, MutantOutcome::ByAccident, MutantOutcome::Undecided]
        .into_iter()
        .filter(|outcome| count(*outcome) > 0)
        .map(|outcome| format!("{} {}", count(outcome), outcome.as_str()));
    format!("{caught} of {} caught; {}", counted(all, "mutant"), others.collect::<Vec<_>>().join(", "))
}

/// Gives the mutants with the gates that nothing proved able to fail; `written` is the record's path, if it was written.
#[must_use]
pub fn json(record: &GatesRecord, unproven: &[MutationGate], written: Option<&str>) -> Value {
    json!({
        "standing": record.standing(),
        "plan": record.plan.to_string(),
        "source": record.source.to_string(),
        "mutants": record.mutants,
        "unproven": unproven,
        "written": written,
    })
}

/// Writes how many gates were proven able to fail; none for a plan whose criteria rest on no gate.
#[must_use]
pub fn line(gates: &ProvenGates) -> Option<String> {
    if gates.gates.is_empty() {
        return None;
    }
    let why = gates.why.as_ref().map(|why| format!("{why}: ")).unwrap_or_default();
    let (proven, all) = (gates.proven(), gates.gates.len());
    let hint = if proven == all { String::new() } else { format!(" ({why}rcrepro check --mutate)") };
    Some(format!("gates proven able to fail: {proven} of {all}{hint}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use rcrepro_model::content::digest::Digest;
    use rcrepro_model::plan::mutant::{GATES_VERSION, GateState, MutantEntry};

    fn record(outcomes: &[MutantOutcome]) -> GatesRecord {
        let entry = |(at, outcome): (usize, &MutantOutcome)| MutantEntry {
            id: format!("m{at}").parse().expect("a name"),
            gate: "command:test".parse().expect("a gate"),
            says: "Something is wrong.".into(),
            shows: vec!["seed".into()],
            outcome: *outcome,
            showed: format!("exit code 1: seed {at}"),
            evidence: BTreeMap::new(),
        };
        let mutants = outcomes.iter().enumerate().map(entry).collect();
        GatesRecord { version: GATES_VERSION, plan: Digest::of(b"p"), source: Digest::of(b"s"), mutants }
    }

    #[test]
    fn the_last_line_says_how_many_were_caught() {
        let last = |outcomes: &[MutantOutcome]| text(&record(outcomes), &[]).lines().last().map(str::to_owned);
        use MutantOutcome::{ByAccident, Caught, Survived, Undecided};
        assert_eq!(last(&[Caught, Caught]).as_deref(), Some("2 of 2 mutants caught, each by its gate"));
        let mixed = [Caught, ByAccident, Survived, Undecided, Survived];
        assert_eq!(last(&mixed).as_deref(), Some("1 of 5 mutants caught; 2 survived, 1 by accident, 1 undecided"));
        assert_eq!(last(&[]).as_deref(), Some("no mutant: nothing was proven"));
        let table = text(&record(&[Caught]), &["pins".parse().expect("a gate")]);
        assert!(table.contains("m0      command:test  caught   exit code 1: seed 0\n"), "{table}");
        assert!(table.contains("\nnot proven able to fail: pins\n"), "{table}");
    }

    #[test]
    fn a_board_has_one_line_of_it() {
        let gate: MutationGate = "pins".parse().expect("a gate");
        let with =
            |state| ProvenGates { gates: std::iter::once((gate.clone(), state)).collect(), ..Default::default() };
        assert_eq!(line(&ProvenGates::default()), None);
        assert_eq!(line(&with(GateState::Proven { caught: 1 })).as_deref(), Some("gates proven able to fail: 1 of 1"));
        let none =
            ProvenGates { why: Some("no mutant was run".into()), ..with(GateState::Unproven { why: String::new() }) };
        let expected = "gates proven able to fail: 0 of 1 (no mutant was run: rcrepro check --mutate)";
        assert_eq!(line(&none).as_deref(), Some(expected));
    }
}
