//! The board and the verdict on the terminal.

use std::collections::BTreeSet;

use comfy_table::{Table, presets};

use crate::mutants;
use crate::text::put;
use crate::today;
use rcrepro_model::advisory::time_split::TimeSplit;
use rcrepro_model::decision::board::{Board, BoardRow, Decided, Fact, PacketState};
use rcrepro_model::decision::verdict::Verdict;
use rcrepro_model::text::printable;

/// Writes one row per packet, and what to do next.
#[must_use]
pub fn board(board: &Board) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["packet", "state", "title", "why"]);
    for row in &board.rows {
        let reasons: Vec<_> = row.reasons.iter().map(|reason| printable::line(reason)).collect();
        let title = printable::line(&row.title).into_owned();
        table.add_row([row.id.to_string(), row.state.as_str().into(), title, reasons.join("\n")]);
    }
    let mut text = format!("{}\n", table.trim_fmt());
    match board.next() {
        Some(row) => put(&mut text, format_args!("next: {} ({})", row.id, row.title)),
        None => put(&mut text, format_args!("next: {}", otherwise(board))),
    }
    if let Some(line) = mutants::line(&board.gates) {
        put(&mut text, format_args!("{line}"));
    }
    write_exceptions(&mut text, board);
    text
}

/// Writes what passes rest on, and the exceptions that do nothing.
fn write_exceptions(text: &mut String, board: &Board) {
    for held in &board.conditions {
        match &held.judged.waived {
            Some(waived) => put(text, format_args!("waived: {} ({waived})", held.line())),
            None => put(text, format_args!("condition: {}", held.line())),
        }
    }
    for judged in &board.suppressions {
        match &judged.waived {
            Some(waived) => put(text, format_args!("waived: {} ({waived})", judged.line())),
            None => put(text, format_args!("condition: {}", judged.line())),
        }
    }
    for note in &board.notes {
        put(text, format_args!("note: {note}"));
    }
}

/// Says what to do where no packet is ready.
fn otherwise(board: &Board) -> String {
    let first = |state| board.rows.iter().find(|row| row.state == state);
    let worst = [PacketState::Tampered, PacketState::Failed, PacketState::Undecided].into_iter().find_map(first);
    match (worst, first(PacketState::Running)) {
        (Some(row), _) => {
            format!("mend {}, which is {}; its evidence: rcrepro log {}", row.id, row.state.as_str(), row.id)
        }
        (None, Some(row)) => format!("wait for {}, which is running", row.id),
        (None, None) if board.rows.is_empty() => "write packets into the plan, which has none".to_owned(),
        (None, None) => "every packet is done: rcrepro verdict".to_owned(),
    }
}

/// Writes every criterion with what it rests on, what is known of today, and the verdict last.
#[must_use]
pub fn verdict(board: &Board, verdict: Verdict, split: &TimeSplit) -> String {
    let mut text = String::new();
    for row in &board.rows {
        write_row(&mut text, row, board.gates.bases.get(&row.id));
    }
    if let Some(line) = mutants::line(&board.gates) {
        put(&mut text, format_args!("{line}"));
    }
    write_exceptions(&mut text, board);
    text.push_str(&today::split(board, split));
    if let Some(why) = unsaid(board, verdict) {
        put(&mut text, format_args!("{why}"));
    }
    put(&mut text, format_args!("verdict: {}", verdict.as_str()));
    text
}

/// Gives the reason of a verdict that no packet's line gives.
fn unsaid(board: &Board, verdict: Verdict) -> Option<&'static str> {
    let done = board.rows.iter().all(|row| row.state == PacketState::Done);
    match verdict {
        Verdict::Undecided if board.rows.is_empty() => Some("undecided: the plan has no packet"),
        Verdict::Undecided if done => Some(
            "undecided: no packet has a criterion, so that nothing is proven; write `exit = [{ says = …, rests-on = […] }]`",
        ),
        _ => None,
    }
}

/// Writes a packet; `proven` are the things that its criteria rest on whose gates were proven able to fail.
fn write_row(text: &mut String, row: &BoardRow, proven: Option<&BTreeSet<String>>) {
    put(text, format_args!("{} {}  {}", row.id, row.state.as_str(), row.title));
    for decided in &row.criteria {
        write_criterion(text, decided, proven);
    }
    // What is said of a criterion stands with it.
    let told = |reason: &&String| !row.criteria.iter().any(|decided| reason.starts_with(&decided.says));
    for reason in row.reasons.iter().filter(told) {
        put(text, format_args!("    {reason}"));
    }
}

fn write_criterion(text: &mut String, decided: &Decided, proven: Option<&BTreeSet<String>>) {
    put(text, format_args!("  {} {}", if decided.holds() { "[x]" } else { "[ ]" }, decided.says));
    for (basis, fact) in &decided.rests_on {
        let can_fail = if proven.is_some_and(|proven| proven.contains(basis)) { " [can fail]" } else { "" };
        match fact {
            Fact::Holds { evidence, says } => put(text, format_args!("        {basis}{can_fail}: {says}, {evidence}")),
            Fact::Fails { why } => put(text, format_args!("        {basis}: does not hold: {why}")),
            Fact::Tampered { why } => put(text, format_args!("        {basis}: tampered with: {why}")),
            Fact::Undecided { why } => put(text, format_args!("        {basis}: undecided: {why}")),
            Fact::Waits { why } => put(text, format_args!("        {basis}: {why}")),
        }
    }
}
