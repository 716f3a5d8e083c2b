//! The verdict: what follows from the board, and from nothing else.

use serde::Serialize;

use super::board::{Board, Held};
use crate::advisory::policy::Effect;
use crate::standing::Standing;

/// The verdict: whether to release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// Every packet is done, and nothing is conditional.
    Go,
    /// Every packet is done, but something holds on a condition only.
    GoWithConditions,
    /// Something failed.
    NoGo,
    /// Something is not done or could not be decided, and nothing failed.
    Undecided,
}

impl Verdict {
    /// Returns the word that people read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Go => "GO",
            Self::GoWithConditions => "GO_WITH_CONDITIONS",
            Self::NoGo => "NO_GO",
            Self::Undecided => "UNDECIDED",
        }
    }
}

impl From<Verdict> for Standing {
    /// A condition that nobody accepted is known, and keeps a release from going out: it counts as a failure.
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Go => Self::Passed,
            Verdict::Undecided => Self::Undecided,
            Verdict::GoWithConditions | Verdict::NoGo => Self::Failed,
        }
    }
}

/// The outcome of a verdict on a board: tampering is worse than a NO_GO.
#[must_use]
pub fn of_verdict(board: &Board, verdict: Verdict) -> Standing {
    Standing::from(verdict).max(board.standing())
}

/// Judges a board. A board without packets, or whose packets have no criteria, proves nothing and is undecided.
#[must_use]
pub fn judge(board: &Board, conditions: &[String]) -> Verdict {
    let proven = board.rows.iter().any(|row| !row.criteria.is_empty());
    match board.standing() {
        Standing::Failed | Standing::Tampered => return Verdict::NoGo,
        Standing::Undecided => return Verdict::Undecided,
        Standing::Passed if !proven => return Verdict::Undecided,
        Standing::Passed => {}
    }
    let suppresses = board.suppressions.iter().any(|judged| judged.effect != Effect::Nothing);
    let free = conditions.is_empty() && !suppresses && !board.conditions.iter().any(Held::counts);
    if free { Verdict::Go } else { Verdict::GoWithConditions }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::advisory::policy::{Concern, condition};
    use crate::decision::board::{BoardRow, Decided, PacketState};

    fn board(states: &[PacketState]) -> Board {
        let row = |(index, state): (usize, &PacketState)| BoardRow {
            id: format!("RC-0{index}").parse().expect("an id"),
            title: String::new(),
            state: *state,
            reasons: Vec::new(),
            needs: BTreeSet::new(),
            manifest: None,
            criteria: vec![Decided { says: "It holds.".into(), rests_on: BTreeMap::new() }],
        };
        Board { rows: states.iter().enumerate().map(row).collect(), ..Board::default() }
    }

    #[test]
    fn only_done_everywhere_is_go() {
        use PacketState::{Blocked, Done, Failed, Ready, Running, Tampered, Undecided};
        assert_eq!(judge(&board(&[Done, Done]), &[]), Verdict::Go);
        assert_eq!(judge(&board(&[Done, Done]), &["an advisory is new".into()]), Verdict::GoWithConditions);
        assert_eq!(judge(&board(&[Done, Failed, Undecided]), &[]), Verdict::NoGo);
        assert_eq!(judge(&board(&[Ready, Tampered, Undecided]), &[]), Verdict::NoGo);
        for other in [Blocked, Ready, Running, Undecided] {
            assert_eq!(judge(&board(&[Done, other]), &["any".into()]), Verdict::Undecided, "{other:?}");
        }
        assert_eq!(judge(&board(&[]), &[]), Verdict::Undecided, "no packet");
        let concern = Concern { id: "conditions/x".into(), says: "a line is silenced".into() };
        let day = "2026-12-31".parse().expect("a date");
        let suppressed = condition(concern.clone(), &[], day);
        let mut suppressed = Board { suppressions: vec![suppressed], ..board(&[Done]) };
        assert_eq!(judge(&suppressed, &[]), Verdict::GoWithConditions, "what is new since the release before");
        suppressed.suppressions[0].effect = Effect::Nothing;
        assert_eq!(judge(&suppressed, &[]), Verdict::Go, "somebody accepted it");
        let (packet, command) = ("RC-00".parse().expect("an id"), "scan".parse().expect("a name"));
        let held = Held { packet, command, judged: condition(concern, &[], day) };
        let mut held = Board { conditions: vec![held], ..board(&[Done]) };
        assert_eq!(judge(&held, &[]), Verdict::GoWithConditions, "what a pass rests on");
        held.conditions[0].judged.effect = Effect::Nothing;
        assert_eq!(judge(&held, &[]), Verdict::Go, "somebody accepted it");
        let mut hollow = board(&[Done]);
        hollow.rows[0].criteria.clear();
        assert_eq!(judge(&hollow, &[]), Verdict::Undecided, "no criterion");
    }
}
