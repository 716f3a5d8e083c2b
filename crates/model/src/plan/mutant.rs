//! Mutants: small wrong changes of the certified source, each for a gate that has to go red for it.
//!
//! A gate that nothing makes red proves nothing. A mutant is caught when its gate fails by its own verdict and the gate's
//! evidence shows the change; red for another reason is an accident, and no proof.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use stated::{GateError, MutationGate, PlanMutant};

use super::contract::Basis;
use crate::content::digest::Digest;
use crate::content::name::Name;
use crate::plan::{Packet, PacketId, Plan};
use crate::standing::Standing;

pub mod stated;

/// The version of the record's format that this build reads and writes.
pub const GATES_VERSION: u32 = 1;

impl MutationGate {
    /// Lists the gates behind one thing that a packet's criterion rests on; none where people or other packets decide.
    #[must_use]
    pub fn behind(basis: &Basis, id: &PacketId, packet: &Packet, plan: &Plan) -> Vec<Self> {
        match basis {
            Basis::Command(command) => vec![Self::Command(command.clone())],
            Basis::Commands => plan.commands(packet).map(|spec| Self::Command(spec.id.clone())).collect(),
            Basis::Documents => vec![Self::Documents],
            Basis::Pins => vec![Self::Pins],
            Basis::Scope => vec![Self::Scope(id.clone())],
            Basis::Approval
            | Basis::Review
            | Basis::File(_)
            | Basis::Image(_)
            | Basis::Sections
            | Basis::Section(_)
            | Basis::Findings
            | Basis::Risks
            | Basis::Packets
            | Basis::Gates => Vec::new(),
        }
    }

    /// Lists the gates that the criteria of a plan rest on.
    #[must_use]
    pub fn of_plan(plan: &Plan) -> BTreeSet<Self> {
        let of_packet = |(id, packet): (&PacketId, &Packet)| {
            let bases = packet.contract.criteria().flat_map(|criterion| &criterion.rests_on);
            bases.flat_map(|basis| Self::behind(basis, id, packet, plan)).collect::<Vec<_>>()
        };
        plan.packets.iter().flat_map(of_packet).collect()
    }
}

/// What became of a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MutantOutcome {
    /// The gate failed by its own verdict, and its evidence shows the change.
    Caught,
    /// The gate was not green, and not for the change: it could not work, or its evidence shows something else.
    ByAccident,
    /// The gate was green.
    Survived,
    /// The mutant could not be made, or nothing can be said of its gate.
    Undecided,
}

impl MutantOutcome {
    /// Returns the words that reports use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Caught => "caught",
            Self::ByAccident => "by accident",
            Self::Survived => "survived",
            Self::Undecided => "undecided",
        }
    }
}

impl From<MutantOutcome> for Standing {
    /// A gate that did not catch its mutant is wrong, whatever kept it from doing so.
    fn from(outcome: MutantOutcome) -> Self {
        match outcome {
            MutantOutcome::Caught => Self::Passed,
            MutantOutcome::Undecided => Self::Undecided,
            MutantOutcome::ByAccident | MutantOutcome::Survived => Self::Failed,
        }
    }
}

/// What became of one mutant, with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MutantEntry {
    /// What the plan or the seed calls the mutant.
    pub id: Name,
    /// What has to go red.
    pub gate: MutationGate,
    /// What is wrong after it.
    pub says: String,
    /// The texts that the evidence must hold.
    pub shows: Vec<String>,
    /// What became of it.
    pub outcome: MutantOutcome,
    /// The line of the evidence that shows it, or why it is nothing better.
    pub showed: String,
    /// The gate's evidence: `stdout` and `stderr` of a command, else `findings`.
    pub evidence: BTreeMap<String, Digest>,
}

/// The record of all mutants of one source and plan.
///
/// Hash rule: the record's digest is over its RFC 8785 bytes. When and where it was made is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatesRecord {
    /// The format's version, [`GATES_VERSION`].
    pub version: u32,
    /// The plan's bytes.
    pub plan: Digest,
    /// The root of the certified source.
    pub source: Digest,
    /// The mutants, by id.
    pub mutants: Vec<MutantEntry>,
}

impl GatesRecord {
    /// What the mutants came to; no mutant proves nothing.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing::of_evidence(self.mutants.iter().map(|mutant| mutant.outcome))
    }
}

/// Whether a gate was proven able to fail, and by what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum GateState {
    /// Mutants made it red, and none that it should have caught got past it.
    Proven {
        /// How many.
        caught: usize,
    },
    /// No mutant says so.
    Unproven {
        /// Why not.
        why: String,
    },
}

/// Judges one gate by the mutants that were for it.
#[must_use]
pub fn judge_gate<'a>(gate: &MutationGate, mutants: impl IntoIterator<Item = &'a MutantEntry>) -> GateState {
    let of_gate: Vec<&MutantEntry> = mutants.into_iter().filter(|mutant| mutant.gate == *gate).collect();
    let first = |outcome| of_gate.iter().find(|mutant| mutant.outcome == outcome);
    if let Some(mutant) = first(MutantOutcome::Survived).or_else(|| first(MutantOutcome::ByAccident)) {
        let how = if mutant.outcome == MutantOutcome::Survived { "survived" } else { "was caught by accident" };
        return GateState::Unproven { why: format!("mutant `{}` {how}", mutant.id) };
    }
    let caught = of_gate.iter().filter(|mutant| mutant.outcome == MutantOutcome::Caught).count();
    if caught > 0 {
        return GateState::Proven { caught };
    }
    GateState::Unproven {
        why: first(MutantOutcome::Undecided)
            .map_or_else(|| "no mutant is for it".to_owned(), |mutant| format!("mutant `{}` is undecided", mutant.id)),
    }
}

/// Whether each gate that a plan's criteria rest on was proven able to fail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ProvenGates {
    /// The record's digest; `None` without a record that counts.
    pub record: Option<Digest>,
    /// Why no record counts.
    pub why: Option<String>,
    /// Every gate of the plan that can go red, proven or not.
    pub gates: BTreeMap<MutationGate, GateState>,
    /// What the criteria of each packet rest on whose gates were all proven able to fail, by its text.
    pub bases: BTreeMap<PacketId, BTreeSet<String>>,
}

impl ProvenGates {
    /// Judges every gate of a plan by a record that counts.
    #[must_use]
    pub fn judge(plan: &Plan, digest: Digest, record: &GatesRecord) -> Self {
        let gates = MutationGate::of_plan(plan).into_iter().map(|gate| {
            let state = judge_gate(&gate, &record.mutants);
            (gate, state)
        });
        let mut all = Self { record: Some(digest), gates: gates.collect(), ..Self::default() };
        for (id, packet) in &plan.packets {
            let bases = packet.contract.criteria().flat_map(|criterion| &criterion.rests_on);
            let proven = bases.filter(|basis| {
                let behind = MutationGate::behind(basis, id, packet, plan);
                !behind.is_empty() && behind.iter().all(|gate| all.holds(gate))
            });
            let proven: BTreeSet<String> = proven.map(ToString::to_string).collect();
            if !proven.is_empty() {
                all.bases.insert(id.clone(), proven);
            }
        }
        all
    }

    /// Returns the state without a record that counts.
    #[must_use]
    pub fn none(plan: &Plan, why: String) -> Self {
        let gates =
            MutationGate::of_plan(plan).into_iter().map(|gate| (gate, GateState::Unproven { why: why.clone() }));
        Self { gates: gates.collect(), why: Some(why), ..Self::default() }
    }

    /// Counts the gates that were proven able to fail.
    #[must_use]
    pub fn proven(&self) -> usize {
        self.gates.values().filter(|state| matches!(state, GateState::Proven { .. })).count()
    }

    /// Whether this gate was proven able to fail.
    #[must_use]
    pub fn holds(&self, gate: &MutationGate) -> bool {
        matches!(self.gates.get(gate), Some(GateState::Proven { .. }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, gate: &str, outcome: MutantOutcome) -> MutantEntry {
        MutantEntry {
            id: id.parse().expect("a name"),
            gate: gate.parse().expect("a gate"),
            says: "something is wrong".into(),
            shows: vec!["seed".into()],
            outcome,
            showed: String::new(),
            evidence: BTreeMap::new(),
        }
    }

    #[test]
    fn each_gate_has_one_text() {
        for text in ["command:go-test", "scope:RC-03", "pins", "documents"] {
            assert_eq!(text.parse::<MutationGate>().map(|gate| gate.to_string()), Ok(text.to_owned()));
        }
        for wrong in ["", "scope", "command", "command:", "command:a/b", "scope:rc-3", "pins:x", "commands", "file:x"] {
            assert!(wrong.parse::<MutationGate>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn one_mutant_that_got_past_a_gate_outweighs_those_that_it_caught() {
        let gate: MutationGate = "command:a".parse().expect("a gate");
        let state = |outcomes: &[MutantOutcome]| {
            let mutants: Vec<_> = outcomes.iter().map(|outcome| entry("m", "command:a", *outcome)).collect();
            judge_gate(&gate, &mutants)
        };
        let why = |state| match state {
            GateState::Unproven { why } => why,
            GateState::Proven { .. } => String::new(),
        };
        assert_eq!(state(&[MutantOutcome::Caught, MutantOutcome::Caught]), GateState::Proven { caught: 2 });
        assert_eq!(state(&[MutantOutcome::Caught, MutantOutcome::Undecided]), GateState::Proven { caught: 1 });
        assert_eq!(why(state(&[MutantOutcome::Caught, MutantOutcome::Survived])), "mutant `m` survived");
        assert_eq!(
            why(state(&[MutantOutcome::Caught, MutantOutcome::ByAccident])),
            "mutant `m` was caught by accident"
        );
        assert_eq!(why(state(&[MutantOutcome::Undecided])), "mutant `m` is undecided");
        assert_eq!(why(state(&[])), "no mutant is for it");
        let other = judge_gate(&gate, &[entry("m", "command:b", MutantOutcome::Caught)]);
        assert_eq!(why(other), "no mutant is for it");
    }
}
