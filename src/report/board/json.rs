//! The board and the verdict for machines.

use serde_json::{Value, json};

use crate::model::board::Board;
use crate::model::time_split::TimeSplit;
use crate::model::verdict::{Verdict, judge};

/// Gives the board: `{"packets": [...], "gates": {...}, "next": ID or null}`.
#[must_use]
pub fn board(board: &Board) -> Value {
    json!({ "packets": board.rows, "gates": board.gates, "next": board.next().map(|row| row.id.to_string()) })
}

/// Gives the verdict with all that it rests on: `frozen` is the half with the frozen advisory data alone.
#[must_use]
pub fn verdict(board: &Board, verdict: Verdict, split: &TimeSplit) -> Value {
    json!({
        "verdict": verdict, "frozen": judge(board, &[]), "conditions": split.conditions(), "today": split,
        "packets": board.rows, "gates": board.gates,
    })
}
