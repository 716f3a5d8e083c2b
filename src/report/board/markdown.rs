//! The board and its checklists as sections of a document.

use std::fmt::Write as _;

use crate::model::board::{Board, Fact, State};
use crate::model::verdict::Verdict;

/// Writes the table of the packets.
#[must_use]
pub fn board(board: &Board) -> String {
    let mut text = "| Packet | State | Title | Needs | Evidence |\n|---|---|---|---|---|\n".to_owned();
    for row in &board.rows {
        let needs: Vec<String> = row.needs.iter().map(ToString::to_string).collect();
        let needs = if needs.is_empty() { "–".to_owned() } else { needs.join(", ") };
        let evidence = row.manifest.map_or_else(|| "–".to_owned(), |manifest| format!("`{manifest}`"));
        let (id, state, title) = (&row.id, row.state.as_str(), cell(&row.title));
        let _ = writeln!(text, "| {id} | {state} | {title} | {needs} | {evidence} |");
    }
    text
}

/// Writes a checklist a packet: nothing in it is ticked by hand.
#[must_use]
pub fn checklist(board: &Board) -> String {
    let mut text = String::new();
    for row in &board.rows {
        let _ = writeln!(text, "**{}: {}**\n", row.id, cell(&row.title));
        for decided in &row.criteria {
            let mark = if decided.holds() && row.state == State::Done { 'x' } else { ' ' };
            let evidence: Vec<String> = decided
                .rests_on
                .iter()
                .filter_map(|(basis, fact)| match fact {
                    Fact::Holds { evidence, .. } => Some(format!("{basis} `{evidence}`")),
                    _ => None,
                })
                .collect();
            let tail = if evidence.is_empty() { String::new() } else { format!(" ({})", evidence.join(", ")) };
            let _ = writeln!(text, "- [{mark}] {}{tail}", cell(&decided.says));
        }
        text.push('\n');
    }
    text
}

/// Writes the verdict with its conditions.
#[must_use]
pub fn verdict(verdict: Verdict, conditions: &[String]) -> String {
    let mut text = format!("Final certification: `{}`\n", verdict.as_str());
    for condition in conditions {
        let _ = writeln!(text, "- {condition}");
    }
    text
}

/// Keeps a text within its cell and line.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
