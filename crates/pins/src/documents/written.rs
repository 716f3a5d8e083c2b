//! What rcrepro writes into the sections of documents: board, checklists, gates, residual risks.
//!
//! The texts hold no time and no age, so that they do not go stale by themselves. The state of an acceptance changes with the
//! day after its last one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::inert::inert;
use rcrepro_model::content::name::Name;
use rcrepro_model::decision::board::{Board, Fact, PacketState};
use rcrepro_model::decision::risk::Risk;
use rcrepro_model::plan::contract::Contract;
use rcrepro_model::plan::documents::SectionName;
use rcrepro_model::plan::gate::{self, ReleaseGate};
use rcrepro_model::plan::{Packet, PacketId, Plan};
use rcrepro_model::text::civil_date::CivilDate;

/// Writes the table of the packets, and which one is next.
#[must_use]
pub fn board(board: &Board) -> String {
    let mut text = "| Packet | State | Title | Needs | Evidence |\n|---|---|---|---|---|\n".to_owned();
    for row in &board.rows {
        let needs: Vec<String> = row.needs.iter().map(ToString::to_string).collect();
        let needs = if needs.is_empty() { "–".to_owned() } else { needs.join(", ") };
        let evidence = row.manifest.map_or_else(|| "–".to_owned(), |manifest| format!("`{manifest}`"));
        let (id, state, title) = (&row.id, row.state.as_str(), inert(&row.title));
        let _ = writeln!(text, "| {id} | {state} | {title} | {needs} | {evidence} |");
    }
    let next = board.next().map_or("nothing is ready".to_owned(), |row| format!("{} ({})", row.id, inert(&row.title)));
    let _ = writeln!(text, "\nNext: {next}.");
    text
}

/// Writes what each packet is for, and its checklist: nothing in it is ticked by hand.
#[must_use]
pub fn checklist(board: &Board, packets: &BTreeMap<PacketId, Packet>) -> String {
    let mut text = String::new();
    for row in &board.rows {
        let _ = writeln!(text, "**{}: {}**\n", row.id, inert(&row.title));
        let prose = packets.get(&row.id).map(|packet| prose(&packet.contract));
        for (name, sentences) in prose.iter().flatten().filter(|(_, sentences)| !sentences.is_empty()) {
            let _ = writeln!(text, "*{name}:* {}\n", inert(&sentences.join(" ")));
        }
        for decided in &row.criteria {
            let mark = if decided.holds() && row.state == PacketState::Done { 'x' } else { ' ' };
            let evidence: Vec<String> = decided
                .rests_on
                .iter()
                .filter_map(|(basis, fact)| match fact {
                    Fact::Holds { evidence, .. } => Some(format!("{basis} `{evidence}`")),
                    _ => None,
                })
                .collect();
            let tail = if evidence.is_empty() { String::new() } else { format!(" ({})", evidence.join(", ")) };
            let _ = writeln!(text, "- [{mark}] {}{tail}", inert(&decided.says));
        }
        text.push('\n');
    }
    text
}

/// Lists what people read of a packet; no program decides it.
fn prose(contract: &Contract) -> [(&'static str, &Vec<String>); 4] {
    [
        ("Goal", &contract.goal),
        ("In scope", &contract.in_scope),
        ("Out of scope", &contract.out_of_scope),
        ("Rollback", &contract.rollback),
    ]
}

/// Writes the gates, each with the digest that it rests on, and what keeps it from `GO`.
///
/// Only recorded evidence counts here: what is new since it was frozen changes with the day, and `rcrepro verdict` says it.
#[must_use]
pub fn gates(gates: &[ReleaseGate]) -> String {
    let mut text = "| Gate | Verdict | Rests on |\n|---|---|---|\n".to_owned();
    for gate in gates {
        let _ = writeln!(text, "| {} | `{}` | `{}` |", gate.name, gate.verdict.as_str(), gate.evidence);
    }
    for gate in gates.iter().filter(|gate| !gate.open.is_empty()) {
        let _ = writeln!(text, "\n{}:\n", gate.name);
        for open in &gate.open {
            let _ = writeln!(text, "- {}", inert(open));
        }
    }
    text
}

/// Writes the table of the residual risks as of a day.
#[must_use]
pub fn risks(risks: &[Risk], day: CivilDate) -> String {
    if risks.is_empty() {
        return "None.\n".to_owned();
    }
    let mut text = "| Risk | Class | Owner | Until | State |\n|---|---|---|---|---|\n".to_owned();
    for risk in risks {
        let owner = risk.owner.as_deref().map_or("–".to_owned(), inert);
        let until = risk.accepted_until.map_or("–".to_owned(), |day| day.to_string());
        let (says, class, state) = (inert(&risk.says), risk.class, risk.state(day).as_str());
        let _ = writeln!(text, "| {says} | {class} | {owner} | {until} | {state} |");
    }
    text
}

/// Writes every section that there is, by name. `scans` are the ids of the plan's security scans.
#[must_use]
pub fn texts(board: &Board, plan: &Plan, scans: &BTreeSet<Name>, day: CivilDate) -> BTreeMap<String, String> {
    let text = |name| match name {
        SectionName::Board => self::board(board),
        SectionName::Checklist => checklist(board, &plan.packets),
        SectionName::Risks => risks(&plan.risks, day),
        SectionName::Verdict => gates(&[gate::security(board, scans), gate::certification(board)]),
    };
    SectionName::ALL.into_iter().map(|name| (name.as_str().to_owned(), text(name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> CivilDate {
        text.parse().expect("a day")
    }

    #[test]
    fn risks_are_rows_and_an_acceptance_ends() {
        let risk = Risk {
            id: "tags".parse().expect("a name"),
            says: "Pinned | by tag.".into(),
            class: "P1".parse().expect("a class"),
            owner: Some("ada".into()),
            accepted_until: Some(day("2026-12-31")),
        };
        let shown = risks(std::slice::from_ref(&risk), day("2026-12-31"));
        assert!(shown.ends_with("| Pinned \\| by tag. | P1 | ada | 2026-12-31 | accepted |\n"), "{shown}");
        assert!(risks(&[risk], day("2027-01-01")).ends_with("| expired |\n"));
        assert_eq!(risks(&[], day("2027-01-01")), "None.\n");
    }

    #[test]
    fn gates_say_what_keeps_them_from_go() {
        let empty = Board::default();
        let shown = gates(&[gate::security(&empty, &BTreeSet::new()), gate::certification(&empty)]);
        assert!(shown.contains("| Final certification | `UNDECIDED` | `"), "{shown}");
        assert!(shown.ends_with("\nSecurity gate:\n\n- no criterion rests on `findings`\n"), "{shown}");
        assert!(board(&empty).ends_with("\nNext: nothing is ready.\n"));
    }
}
