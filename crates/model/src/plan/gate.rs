//! The two gates of a release, as its documents state them: security, and the final certification. Both follow from the board.

use std::collections::{BTreeMap, BTreeSet};

use crate::content::digest::Digest;
use crate::content::name::Name;
use crate::decision::board::{Board, BoardRow, Fact, PacketState};
use crate::decision::verdict::{Verdict, judge};
use crate::standing::Standing;

/// One gate, decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseGate {
    /// What it is called.
    pub name: &'static str,
    /// Its state.
    pub verdict: Verdict,
    /// What it rests on: the SHA-256 of one line for each thing, `PACKET BASIS DIGEST`, in the board's order.
    pub evidence: Digest,
    /// What keeps it from `GO`, a line each.
    pub open: Vec<String>,
}

/// Decides the security gate: no P0 or P1 is open, and every security scan that a criterion names found nothing.
///
/// `scans` are the ids of the plan's security scans. Where no criterion rests on `findings`, nothing is decided.
#[must_use]
pub fn security(board: &Board, scans: &BTreeSet<Name>) -> ReleaseGate {
    let scans: BTreeSet<String> = scans.iter().map(|id| format!("command:{id}")).collect();
    let facts = facts(board).filter(|(_, basis, _)| *basis == "findings" || scans.contains(*basis));
    let facts: BTreeMap<(String, &str), &Fact> =
        facts.map(|(row, basis, fact)| ((row.id.to_string(), basis), fact)).collect();
    let mut open = Vec::new();
    let mut standing = Standing::Passed;
    for ((packet, basis), fact) in &facts {
        // Why is the board's to say: reasons may name runs and paths, which are another on each machine.
        let (found, word) = match fact {
            Fact::Holds { .. } => continue,
            Fact::Fails { .. } => (Standing::Failed, "does not hold"),
            Fact::Tampered { .. } => (Standing::Tampered, "is tampered with"),
            Fact::Waits { .. } => (Standing::Undecided, "waits"),
            Fact::Undecided { .. } => (Standing::Undecided, "is undecided"),
        };
        open.push(format!("{packet}: {basis} {word}"));
        standing = standing.max(found);
    }
    if !facts.keys().any(|(_, basis)| *basis == "findings") {
        open.push("no criterion rests on `findings`".to_owned());
        standing = standing.max(Standing::Undecided);
    }
    let mut verdict = match standing {
        Standing::Passed => Verdict::Go,
        Standing::Undecided => Verdict::Undecided,
        Standing::Failed | Standing::Tampered => Verdict::NoGo,
    };
    for held in
        board.conditions.iter().filter(|held| held.counts() && scans.contains(&format!("command:{}", held.command)))
    {
        open.push(format!("on a condition: {}", held.line()));
        verdict = if verdict == Verdict::Go { Verdict::GoWithConditions } else { verdict };
    }
    let lines = facts.iter().filter_map(|((packet, basis), fact)| match fact {
        Fact::Holds { evidence, .. } => Some(format!("{packet} {basis} {evidence}\n")),
        _ => None,
    });
    ReleaseGate { name: "Security gate", verdict, evidence: Digest::of(lines.collect::<String>().as_bytes()), open }
}

/// Decides the final certification: the verdict of the whole board on the recorded evidence.
#[must_use]
pub fn certification(board: &Board) -> ReleaseGate {
    let lines = facts(board).filter_map(|(row, basis, fact)| match fact {
        Fact::Holds { evidence, .. } => Some(format!("{} {basis} {evidence}\n", row.id)),
        _ => None,
    });
    let evidence = Digest::of(lines.collect::<String>().as_bytes());
    let undone = board.rows.iter().filter(|row| row.state != PacketState::Done);
    let held = board.conditions.iter().filter(|held| held.counts());
    let open = undone
        .map(|row| format!("{} is {}", row.id, row.state.as_str()))
        .chain(held.map(|held| format!("on a condition: {}", held.line())))
        .collect();
    ReleaseGate { name: "Final certification", verdict: judge(board, &[]), evidence, open }
}

fn facts(board: &Board) -> impl Iterator<Item = (&BoardRow, &str, &Fact)> {
    board.rows.iter().flat_map(|row| {
        let criteria = row.criteria.iter().flat_map(|decided| &decided.rests_on);
        criteria.map(move |(basis, fact)| (row, basis.as_str(), fact))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::board::Decided;

    fn holds(of: &str) -> Fact {
        Fact::Holds { evidence: Digest::of(of.as_bytes()), says: String::new() }
    }

    fn board(state: PacketState, facts: &[(&str, Fact)]) -> Board {
        let rests_on = facts.iter().map(|(basis, fact)| ((*basis).to_owned(), fact.clone())).collect();
        Board {
            rows: vec![BoardRow {
                id: "RC-02".parse().expect("an id"),
                title: String::new(),
                state,
                reasons: Vec::new(),
                needs: BTreeSet::new(),
                manifest: None,
                criteria: vec![Decided { says: "It holds.".into(), rests_on }],
            }],
            ..Board::default()
        }
    }

    fn scans() -> BTreeSet<Name> {
        ["govulncheck".parse().expect("a name")].into()
    }

    #[test]
    fn the_security_gate_rests_on_findings_and_scans() {
        let gate = |facts: &[(&str, Fact)]| security(&board(PacketState::Done, facts), &scans());
        let good = gate(&[("findings", holds("plan")), ("command:govulncheck", holds("a")), ("command:x", holds("b"))]);
        assert_eq!((good.verdict, good.open.len()), (Verdict::Go, 0));
        let other = gate(&[("findings", holds("plan")), ("command:govulncheck", holds("c"))]);
        assert_ne!(good.evidence, other.evidence, "another scan is another digest");
        let same = gate(&[("findings", holds("plan")), ("command:govulncheck", holds("a")), ("command:x", holds("d"))]);
        assert_eq!(good.evidence, same.evidence, "only scans count");

        let fails = Fact::Fails { why: "P0".into() };
        let waits = Fact::Waits { why: "no evidence yet".into() };
        let red = gate(&[("findings", fails), ("command:govulncheck", waits.clone())]);
        assert_eq!(red.verdict, Verdict::NoGo);
        assert_eq!(red.open, ["RC-02: command:govulncheck waits", "RC-02: findings does not hold"]);
        assert_eq!(gate(&[("findings", holds("plan")), ("command:govulncheck", waits)]).verdict, Verdict::Undecided);
        let hollow = gate(&[("command:govulncheck", holds("a"))]);
        assert_eq!(
            (hollow.verdict, hollow.open),
            (Verdict::Undecided, vec!["no criterion rests on `findings`".into()])
        );
    }

    #[test]
    fn the_certification_is_the_boards_verdict() {
        let done = certification(&board(PacketState::Done, &[("commands", holds("a"))]));
        assert_eq!((done.verdict, done.open.len()), (Verdict::Go, 0));
        assert_ne!(done.evidence, certification(&board(PacketState::Done, &[("commands", holds("b"))])).evidence);
        let ready = certification(&board(PacketState::Ready, &[("commands", holds("a"))]));
        assert_eq!((ready.verdict, ready.open), (Verdict::Undecided, vec!["RC-02 is READY".to_owned()]));
    }
}
