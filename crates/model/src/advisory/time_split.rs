//! The verdict in two halves: with the frozen data, and with the data of today.

use serde::Serialize;

use crate::advisory::policy::{Effect, Judged};
use crate::content::name::Name;
use crate::decision::board::Board;
use crate::decision::verdict::{Verdict, judge};

/// What is known of today beside the frozen advisory data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TimeSplit {
    /// The frozen inputs with advisory data, by name.
    pub inputs: Vec<InputSplit>,
    /// What was found, with what the policy and the waivers make of it; sorted.
    pub judged: Vec<Judged>,
}

/// One frozen input with advisory data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InputSplit {
    /// The frozen input, by its name in the plan.
    pub name: Name,
    /// The kind as the plan writes it, such as `go-vulndb`.
    pub kind: &'static str,
    /// When the frozen data was published or recorded, as RFC 3339 writes it.
    pub frozen: String,
    /// How many days old it is; none when it is of the future.
    pub age_days: Option<u64>,
    /// What is known of today.
    pub today: Today,
}

/// What is known of the data of today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Today {
    /// No source of newer data was asked.
    NotAsked {
        /// Why not, with what would ask.
        why: String,
    },
    /// There is data of today.
    Asked {
        /// When it was published or recorded.
        date: String,
        /// How many entries are new or changed; none when the data cannot be compared entry by entry.
        #[serde(skip_serializing_if = "Option::is_none")]
        newer: Option<usize>,
        /// Whether they count by their dates alone, for want of what was locked.
        by_date: bool,
        /// How many of those do not concern the source.
        #[serde(skip_serializing_if = "Option::is_none")]
        unrelated: Option<usize>,
        /// What the scans said with exactly this data; none when they did not run with it.
        #[serde(skip_serializing_if = "Option::is_none")]
        scanned: Option<String>,
    },
}

impl TimeSplit {
    /// Lists the conditions, a line each.
    #[must_use]
    pub fn conditions(&self) -> Vec<String> {
        self.judged.iter().filter(|judged| judged.effect != Effect::Nothing).map(Judged::line).collect()
    }

    /// Returns the day of the oldest frozen data; none without any.
    #[must_use]
    pub fn oldest(&self) -> Option<&str> {
        self.inputs.iter().map(|input| input.frozen.as_str()).min()
    }

    /// Names the inputs whose data of today was not asked for.
    #[must_use]
    pub fn not_asked(&self) -> Vec<&str> {
        let silent = self.inputs.iter().filter(|input| matches!(input.today, Today::NotAsked { .. }));
        silent.map(|input| input.name.as_str()).collect()
    }
}

/// Judges a board with what is known of today. What the frozen data does not allow, newer data does not either.
#[must_use]
pub fn judge_today(board: &Board, split: &TimeSplit) -> Verdict {
    let verdict = judge(board, &split.conditions());
    let no_go = split.judged.iter().any(|judged| judged.effect == Effect::NoGo);
    if verdict == Verdict::GoWithConditions && no_go { Verdict::NoGo } else { verdict }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::advisory::policy::Concern;
    use crate::decision::board::{BoardRow, Decided, PacketState};

    fn board(state: PacketState) -> Board {
        let criteria = vec![Decided { says: "It holds.".into(), rests_on: BTreeMap::new() }];
        let id = "RC-02".parse().expect("an id");
        let (title, reasons, needs) = (String::new(), Vec::new(), BTreeSet::new());
        Board {
            rows: vec![BoardRow { id, title, state, reasons, needs, manifest: None, criteria }],
            ..Board::default()
        }
    }

    fn split(effects: &[Effect]) -> TimeSplit {
        let judged = |effect: &Effect| Judged {
            concern: Concern { id: "advisories/GO-2026-0001".into(), says: "new".into() },
            waived: None,
            expired: None,
            effect: *effect,
        };
        TimeSplit { inputs: Vec::new(), judged: effects.iter().map(judged).collect() }
    }

    #[test]
    fn newer_data_takes_go_back_and_gives_none() {
        use Effect::{Condition, NoGo, Nothing};
        for (effects, expected) in [
            (&[][..], Verdict::Go),
            (&[Nothing], Verdict::Go),
            (&[Nothing, Condition], Verdict::GoWithConditions),
            (&[Condition, NoGo], Verdict::NoGo),
        ] {
            assert_eq!(judge_today(&board(PacketState::Done), &split(effects)), expected, "{effects:?}");
            assert_eq!(judge_today(&board(PacketState::Failed), &split(effects)), Verdict::NoGo);
            assert_eq!(judge_today(&board(PacketState::Ready), &split(effects)), Verdict::Undecided, "{effects:?}");
        }
    }
}
