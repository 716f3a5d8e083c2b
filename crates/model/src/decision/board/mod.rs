//! The packet board: the state of each packet, what it waits for, and why; a pure function of the plan and the facts.
//!
//! Nothing here is ticked by hand. A packet is done when its evidence is whole and of the source and plan at hand, when every
//! criterion holds by what it rests on, and when every packet that it needs is done.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::advisory::policy::{Effect, Judged};
use crate::content::digest::Digest;
use crate::content::name::Name;
use crate::plan::contract::{Basis, Criterion};
use crate::plan::mutant::ProvenGates;
use crate::plan::order::in_order;
use crate::plan::proof::Condition;
use crate::plan::{Packet, PacketId, Plan};
use crate::standing::Standing;
use crate::text::plural::counted;

/// What a packet's evidence and needs make of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PacketState {
    /// Its evidence is whole, and every criterion holds.
    Done,
    /// Everything that it needs is done; it can be run, or waits for an approval.
    Ready,
    /// A packet that it needs is not done.
    Blocked,
    /// A run of it is alive.
    Running,
    /// Something that a criterion rests on could not be decided.
    Undecided,
    /// A command failed, or a criterion does not hold.
    Failed,
    /// Parts of its evidence or of a record contradict each other.
    Tampered,
}

impl PacketState {
    /// Returns the word that boards use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "READY",
            Self::Blocked => "BLOCKED",
            Self::Running => "RUNNING",
            Self::Done => "DONE",
            Self::Undecided => "UNDECIDED",
            Self::Failed => "FAILED",
            Self::Tampered => "TAMPERED",
        }
    }

    /// Whether the packet is only waiting: nothing about it is wrong or undecidable.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Ready | Self::Blocked | Self::Running)
    }
}

impl From<PacketState> for Standing {
    /// A packet that is yet to be done decides nothing.
    fn from(state: PacketState) -> Self {
        match state {
            PacketState::Done => Self::Passed,
            PacketState::Ready | PacketState::Blocked | PacketState::Running | PacketState::Undecided => {
                Self::Undecided
            }
            PacketState::Failed => Self::Failed,
            PacketState::Tampered => Self::Tampered,
        }
    }
}

/// What is known of one thing that a criterion can rest on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "fact")]
pub enum Fact {
    /// It holds, by this evidence.
    Holds {
        /// The digest that it rests on: of a manifest, a result, a record, a document.
        evidence: Digest,
        /// What it says, such as `exit code 0`.
        says: String,
    },
    /// It does not hold.
    Fails {
        /// Why not.
        why: String,
    },
    /// A record that it rests on contradicts itself, or what it was made from.
    Tampered {
        /// How.
        why: String,
    },
    /// It could not be decided.
    Undecided {
        /// What is missing.
        why: String,
    },
    /// It waits for an approval or for something that is yet to be done.
    Waits {
        /// For what, with the command that does it.
        why: String,
    },
}

/// What the facts make of a packet's recorded evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PacketEvidence {
    /// It is missing, or of another source, plan or lock.
    Missing {
        /// Why it does not count.
        why: String,
    },
    /// It cannot be decided by it.
    Undecided {
        /// What is missing.
        why: Vec<String>,
    },
    /// It says that something did not succeed.
    Failed {
        /// The failures, one per entry.
        why: Vec<String>,
    },
    /// Parts of it contradict each other.
    Tampered {
        /// The contradictions, one per entry.
        why: Vec<String>,
    },
    /// It is whole, and every command succeeded.
    Whole {
        /// SHA-256 and size of the manifest that holds it.
        manifest: Digest,
        /// What each command did, by the digest of its result.
        commands: BTreeMap<Name, Digest>,
        /// The commands that failed and passed when they were run again, as the quarantine lets them, each with its reason.
        flakes: BTreeMap<Name, String>,
        /// What keeps the pass of a command from saying all that it seems to say.
        conditions: BTreeMap<Name, Vec<Condition>>,
    },
}

/// What is known of one packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PacketFacts {
    /// Its recorded evidence; none for a packet without commands.
    pub evidence: Option<PacketEvidence>,
    /// What is known of everything else that its criteria rest on.
    pub facts: BTreeMap<Basis, Fact>,
    /// Whether a run of it is alive.
    pub running: bool,
}

/// One criterion, decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// The sentence.
    pub says: String,
    /// What is known of each thing that it rests on, by that thing's text.
    pub rests_on: BTreeMap<String, Fact>,
}

impl Decided {
    /// Whether all of it holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.rests_on.values().all(|fact| matches!(fact, Fact::Holds { .. }))
    }
}

/// One packet's row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BoardRow {
    /// The id from the plan.
    pub id: PacketId,
    /// The title from the plan.
    pub title: String,
    /// What its evidence and needs make of it.
    pub state: PacketState,
    /// Why, a line each; what blocks it.
    pub reasons: Vec<String>,
    /// The packets that have to be DONE before it, by id.
    pub needs: BTreeSet<PacketId>,
    /// The manifest that it rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Digest>,
    /// Its criteria, as the plan orders them.
    pub criteria: Vec<Decided>,
}

/// Something on which the pass of a command rests, as the waivers of a day have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The packet that recorded the passing command.
    pub packet: PacketId,
    /// The command, by its id in the plan.
    pub command: Name,
    /// What it is, and whether it was accepted.
    #[serde(flatten)]
    pub judged: Judged,
}

impl Held {
    /// Whether it keeps a release from GO without conditions.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.judged.effect != Effect::Nothing
    }

    /// Writes `RC-02 gitleaks: …`.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{} {}: {}", self.packet, self.command, self.judged.line())
    }
}

/// The whole board.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Board {
    /// The packets, by id.
    pub rows: Vec<BoardRow>,
    /// What passes rest on, by packet and command; waived ones among them.
    pub conditions: Vec<Held>,
    /// Suppressions that are new since the release before, or silence nothing any more; waived ones among them.
    pub suppressions: Vec<Judged>,
    /// Exceptions that do nothing: expired or orphaned waivers, quarantines and ignore entries, a line each.
    pub notes: Vec<String>,
    /// Which of the gates that criteria rest on were proven able to fail.
    pub gates: ProvenGates,
}

impl Board {
    /// Returns the packet to take next: the first that is ready.
    #[must_use]
    pub fn next(&self) -> Option<&BoardRow> {
        self.rows.iter().find(|row| row.state == PacketState::Ready)
    }

    /// What all packets came to: one that is yet to be done leaves the release undecided.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing::of_evidence(self.rows.iter().map(|row| row.state))
    }

    /// What is known of the packets so far: one that waits, is blocked or runs is nothing wrong.
    #[must_use]
    pub fn standing_so_far(&self) -> Standing {
        Standing::worst(self.rows.iter().map(|row| row.state).filter(|state| !state.is_open()))
    }

    /// Returns the row of a packet.
    #[must_use]
    pub fn row(&self, id: &PacketId) -> Option<&BoardRow> {
        self.rows.iter().find(|row| row.id == *id)
    }
}

/// Decides every packet of a plan. A packet of which nothing is known is undecided.
#[must_use]
pub fn decide(plan: &Plan, facts: &BTreeMap<PacketId, PacketFacts>) -> Board {
    let mut rows: BTreeMap<PacketId, BoardRow> = BTreeMap::new();
    let needs = plan.packets.iter().map(|(id, packet)| (id, &packet.needs)).collect();
    for id in in_order(&needs).expect("a plan has no cycle") {
        let row = row(id, &plan.packets[id], facts.get(id), &rows);
        rows.insert(id.clone(), row);
    }
    Board { rows: rows.into_values().collect(), ..Board::default() }
}

fn row(id: &PacketId, packet: &Packet, facts: Option<&PacketFacts>, before: &BTreeMap<PacketId, BoardRow>) -> BoardRow {
    let evidence = facts.and_then(|facts| facts.evidence.as_ref());
    let criteria: Vec<Decided> =
        packet.contract.criteria().map(|criterion| decided(criterion, packet, facts, before)).collect();
    let manifest = match evidence {
        Some(PacketEvidence::Whole { manifest, .. }) => Some(*manifest),
        _ => None,
    };
    let (state, reasons) = state(packet, facts, &criteria, before);
    BoardRow {
        id: id.clone(),
        title: packet.title.clone(),
        state,
        reasons,
        needs: packet.needs.clone(),
        manifest,
        criteria,
    }
}

fn state(
    packet: &Packet,
    facts: Option<&PacketFacts>,
    criteria: &[Decided],
    before: &BTreeMap<PacketId, BoardRow>,
) -> (PacketState, Vec<String>) {
    let Some(facts) = facts else { return (PacketState::Undecided, vec!["nothing is known of it".into()]) };
    let open = |need: &&PacketId| before.get(*need).is_none_or(|row| row.state != PacketState::Done);
    let blockers: Vec<String> = packet.needs.iter().filter(open).map(|need| format!("waits for {need}")).collect();
    if facts.running {
        return (PacketState::Running, Vec::new());
    }
    if !blockers.is_empty() {
        return (PacketState::Blocked, blockers);
    }
    match &facts.evidence {
        Some(PacketEvidence::Tampered { why }) => return (PacketState::Tampered, why.clone()),
        Some(PacketEvidence::Failed { why }) => return (PacketState::Failed, why.clone()),
        Some(PacketEvidence::Undecided { why }) => return (PacketState::Undecided, why.clone()),
        Some(PacketEvidence::Missing { why }) => return (PacketState::Ready, vec![why.clone()]),
        Some(PacketEvidence::Whole { .. }) | None => {}
    }
    let mut worst = (PacketState::Done, Vec::new());
    for (says, fact) in criteria.iter().flat_map(|one| one.rests_on.values().map(move |fact| (&one.says, fact))) {
        let (rank, why) = match fact {
            Fact::Holds { .. } => continue,
            Fact::Waits { why } => (PacketState::Ready, why),
            Fact::Undecided { why } => (PacketState::Undecided, why),
            Fact::Fails { why } => (PacketState::Failed, why),
            Fact::Tampered { why } => (PacketState::Tampered, why),
        };
        let line = format!("{says} {why}");
        if rank > worst.0 {
            worst = (rank, vec![line]);
        } else if rank == worst.0 && !worst.1.contains(&line) {
            worst.1.push(line);
        }
    }
    worst
}

fn decided(
    criterion: &Criterion,
    packet: &Packet,
    facts: Option<&PacketFacts>,
    before: &BTreeMap<PacketId, BoardRow>,
) -> Decided {
    let rests_on = criterion.rests_on.iter().map(|basis| (basis.to_string(), fact(basis, packet, facts, before)));
    Decided { says: criterion.says.clone(), rests_on: rests_on.collect() }
}

fn fact(basis: &Basis, packet: &Packet, facts: Option<&PacketFacts>, before: &BTreeMap<PacketId, BoardRow>) -> Fact {
    let unknown = || Fact::Undecided { why: format!("nothing is known of `{basis}`") };
    match (basis, facts.and_then(|facts| facts.evidence.as_ref())) {
        (Basis::Commands, Some(PacketEvidence::Whole { manifest, commands, flakes, .. })) => {
            let flaky: String = flakes.iter().map(|(id, flake)| format!("; flake: {id} {flake}")).collect();
            let says = format!("{}, each with exit code 0{flaky}", counted(commands.len(), "command"));
            Fact::Holds { evidence: *manifest, says }
        }
        (Basis::Command(id), Some(PacketEvidence::Whole { commands, flakes, .. })) => match commands.get(id) {
            Some(result) => {
                let flaky = flakes.get(id).map_or_else(String::new, |flake| format!("; flake: {flake}"));
                Fact::Holds { evidence: *result, says: format!("exit code 0{flaky}") }
            }
            None => Fact::Undecided { why: format!("the manifest has no command `{id}`") },
        },
        (Basis::Commands | Basis::Command(_), Some(PacketEvidence::Missing { why })) => {
            Fact::Waits { why: why.clone() }
        }
        (Basis::Commands | Basis::Command(_), Some(PacketEvidence::Undecided { why })) => {
            Fact::Undecided { why: why.join("; ") }
        }
        (Basis::Commands | Basis::Command(_), Some(PacketEvidence::Failed { why })) => {
            Fact::Fails { why: why.join("; ") }
        }
        (Basis::Commands | Basis::Command(_), Some(PacketEvidence::Tampered { why })) => {
            Fact::Tampered { why: why.join("; ") }
        }
        (Basis::Packets, _) => packets(packet, before),
        _ => facts.and_then(|facts| facts.facts.get(basis)).cloned().unwrap_or_else(unknown),
    }
}

/// Returns the fact that the packets before this one are done: a digest over the digests of what they rest on.
fn packets(packet: &Packet, before: &BTreeMap<PacketId, BoardRow>) -> Fact {
    let mut text = String::new();
    for need in &packet.needs {
        match before.get(need) {
            Some(row) if row.state == PacketState::Done => {
                for fact in row.criteria.iter().flat_map(|decided| decided.rests_on.values()) {
                    if let Fact::Holds { evidence, .. } = fact {
                        text += &format!("{need} {evidence}\n");
                    }
                }
            }
            _ => return Fact::Waits { why: format!("waits for {need}") },
        }
    }
    Fact::Holds {
        evidence: Digest::of(text.as_bytes()),
        says: format!("{} done", counted(packet.needs.len(), "packet")),
    }
}

#[cfg(test)]
mod tests;
