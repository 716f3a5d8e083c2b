//! Packets that open findings ask for: a finding is mended in a packet of its own, never by the way.

use std::collections::{BTreeMap, BTreeSet};

use crate::advisory::scan::{ScanFinding, ScanFindingId};
use crate::content::name::Name;
use crate::plan::contract::{Basis, Criterion};
use crate::plan::{CommandSpec, PacketId, Plan};

/// A packet that is not in the plan yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The next id that is free.
    pub id: PacketId,
    /// What it is for, in a line.
    pub title: String,
    /// The class of the finding, as a word.
    pub class: String,
    /// The finding that it claims.
    pub finding: ScanFindingId,
    /// The packets that come before it: those that come before the one that found it.
    pub needs: BTreeSet<PacketId>,
    /// The sets with the commands that found it, and what those need.
    pub sets: Vec<Name>,
    /// What it must show: the scans pass again.
    pub exit: Vec<Criterion>,
}

/// Proposes a packet for each finding that no packet of the plan claims, in the order of the findings; those of one name are one.
#[must_use]
pub fn propose(plan: &Plan, found: &BTreeMap<ScanFinding, BTreeSet<(PacketId, Name)>>) -> Vec<Proposal> {
    let claimed: BTreeSet<&ScanFindingId> = plan.packets.values().flat_map(|packet| &packet.findings).collect();
    let mut proposals: Vec<Proposal> = Vec::new();
    let mut ids = Ids::of(plan);
    for (finding, by) in found {
        let name = finding.name();
        if claimed.contains(&name) || proposals.iter().any(|proposal| proposal.finding == name) {
            continue;
        }
        // Those of the first packet that found it: a later one may need that one, which cannot be done before this is mended.
        let first = by.first().and_then(|(packet, _)| plan.packets.get(packet));
        let needs = first.map(|packet| packet.needs.clone()).unwrap_or_default();
        let commands: BTreeSet<&Name> = by.iter().map(|(_, command)| command).collect();
        let specs = plan.sets.values().flatten().filter(|spec| commands.contains(&spec.id));
        let exit = specs
            .map(|spec| Criterion {
                says: format!("`{}` passes.", spec.line.lines().next().unwrap_or_default().trim()),
                rests_on: [Basis::Command(spec.id.clone())].into(),
            })
            .collect();
        let about = finding.about();
        let about = if about.is_empty() { finding.place() } else { about };
        let about = if about.is_empty() { String::new() } else { format!(" ({about})") };
        proposals.push(Proposal {
            id: ids.next(),
            title: format!("Resolve {}{about}", finding.id),
            class: finding.class_word(),
            finding: name,
            needs,
            sets: sets(plan, &commands),
            exit,
        });
    }
    proposals
}

/// Lists the sets that hold some commands and whatever those need, in the order of their names; what comes first in a packet
/// that has them all comes first.
fn sets(plan: &Plan, commands: &BTreeSet<&Name>) -> Vec<Name> {
    let mut wanted: BTreeSet<Name> = commands.iter().map(|name| (*name).clone()).collect();
    loop {
        let holds = |specs: &&Vec<CommandSpec>| specs.iter().any(|spec| wanted.contains(&spec.id));
        // A set comes whole, with all that its commands need.
        let more: BTreeSet<Name> = plan
            .sets
            .values()
            .filter(holds)
            .flatten()
            .flat_map(|spec| spec.needs.iter().chain([&spec.id]).cloned())
            .collect();
        let before = wanted.len();
        wanted.extend(more);
        if wanted.len() == before {
            break;
        }
    }
    let chosen = plan.sets.iter().filter(|(_, specs)| specs.iter().any(|spec| wanted.contains(&spec.id)));
    chosen.map(|(name, _)| name.clone()).collect()
}

/// Counts on from the highest id of a plan.
struct Ids {
    letters: String,
    last: u64,
}

impl Ids {
    fn of(plan: &Plan) -> Self {
        let split = |id: &PacketId| {
            let text = id.to_string();
            let (letters, digits) = text.split_once('-').unwrap_or(("RC", "0"));
            (letters.to_owned(), digits.parse::<u64>().unwrap_or(u64::MAX - 1))
        };
        // Where ids have several letters, those of the last packet go on.
        let letters = plan.packets.keys().last().map_or_else(|| "RC".to_owned(), |id| split(id).0);
        let of_letters = plan.packets.keys().map(split).filter(|(found, _)| *found == letters);
        let last = of_letters.map(|(_, number)| number).max().unwrap_or(0);
        Self { letters, last }
    }

    fn next(&mut self) -> PacketId {
        self.last = self.last.saturating_add(1);
        format!("{}-{:02}", self.letters, self.last).parse().expect("capital letters, a dash and two digits or more")
    }
}
