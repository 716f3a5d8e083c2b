//! The board and the verdict for machines.

use serde_json::{Value, json};

use rcrepro_model::advisory::policy::{Effect, Judged};
use rcrepro_model::advisory::time_split::TimeSplit;
use rcrepro_model::decision::board::{Board, Held};
use rcrepro_model::decision::verdict::{Verdict, judge, of_verdict};

/// Gives the board: `{"standing": WORD, "packets": [...], "gates": {...}, "next": ID or null, "conditions": [...], "suppressions": [...], "notes": [...]}`.
#[must_use]
pub fn board(board: &Board) -> Value {
    json!({ "standing": board.standing_so_far(), "packets": board.rows, "gates": board.gates, "next": board.next().map(|row| row.id.to_string()),
        "conditions": board.conditions, "suppressions": board.suppressions, "notes": board.notes,
    })
}

/// Gives the verdict with all that it rests on: `frozen` is the half with the frozen advisory data alone.
#[must_use]
pub fn verdict(board: &Board, verdict: Verdict, split: &TimeSplit) -> Value {
    let held = board.conditions.iter().filter(|held| held.counts()).map(Held::line);
    let suppressions = board.suppressions.iter().filter(|judged| judged.effect != Effect::Nothing).map(Judged::line);
    let conditions: Vec<String> = held.chain(suppressions).chain(split.conditions()).collect();
    json!({
        "verdict": verdict, "standing": of_verdict(board, verdict), "frozen": judge(board, &[]), "conditions": conditions, "today": split,
        "packets": board.rows, "gates": board.gates, "held": board.conditions, "suppressions": board.suppressions, "notes": board.notes,
    })
}
