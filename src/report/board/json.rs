//! The board and the verdict for machines.

use serde_json::{Value, json};

use crate::model::board::Board;
use crate::model::verdict::Verdict;

/// Gives the board: `{"packets": [...], "gates": {...}, "next": ID or null}`.
#[must_use]
pub fn board(board: &Board) -> Value {
    json!({ "packets": board.rows, "gates": board.gates, "next": board.next().map(|row| row.id.to_string()) })
}

/// Gives the verdict with all that it rests on.
#[must_use]
pub fn verdict(board: &Board, verdict: Verdict, conditions: &[String]) -> Value {
    json!({ "verdict": verdict, "conditions": conditions, "packets": board.rows, "gates": board.gates })
}
