//! Quoted commands against the plan, as people and machines read them.

use serde_json::{Value, json};
use std::collections::BTreeMap;

use rcrepro_model::content::digest::Digest;
use rcrepro_model::plan::documents::{QuotedCommand, QuotedState};
use rcrepro_model::standing::Standing;
use rcrepro_model::text::plural::counted;

/// Writes every finding with its place and a hint, what was taken out by its author, and the verdict last.
#[must_use]
pub fn text(documents: &BTreeMap<String, Digest>, quoted: &[QuotedCommand], hollow: Option<&str>) -> String {
    let mut text = String::new();
    let mut put = |line: std::fmt::Arguments<'_>| super::text::put(&mut text, line);
    for command in quoted.iter().filter(|command| !matches!(command.state, QuotedState::Backed { .. })) {
        let QuotedCommand { document, line, text, state } = command;
        let shown = text.replace('\n', " ⏎ ");
        put(format_args!("{}", row!(state.as_str(), "{document}:{line}: `{shown}`")));
        match state {
            QuotedState::Stale { nearest: Some(nearest) } => {
                put(format_args!("{:>12}the plan says: `{}`", "", nearest.replace('\n', " ⏎ ")));
            }
            QuotedState::Stale { nearest: None } => put(format_args!("{:>12}the plan has nothing like it", "")),
            QuotedState::Unbacked { recorded } if recorded.is_empty() => {
                put(format_args!("{:>12}it is the plan's, and no manifest in manifests/ holds it", ""));
            }
            QuotedState::Unbacked { recorded } => {
                let packets: Vec<String> = recorded.iter().map(|recorded| recorded.packet.to_string()).collect();
                put(format_args!("{:>12}it is recorded as failed: {}", "", packets.join(", ")));
            }
            QuotedState::Ignored { reason } => put(format_args!("{:>12}the document says why: {reason}", "")),
            QuotedState::Backed { .. } => {}
        }
    }
    if quoted.iter().any(|command| command.state.is_finding()) {
        put(format_args!(
            "{}",
            row!(
                "hint",
                "write the plan's line, or record its packet (rcrepro run PACKET), or say before the block why not: \
             <!-- rcrepro:ignore REASON -->"
            )
        ));
    }
    let verdict = match (Standing::worst(quoted.iter().map(|command| command.state.standing())), hollow) {
        (Standing::Failed | Standing::Tampered, _) => "NOT aligned",
        (Standing::Undecided, _) | (Standing::Passed, Some(_)) => "UNDECIDED",
        (Standing::Passed, None) => "aligned",
    };
    let why = hollow.map(|why| format!(" ({why})")).unwrap_or_default();
    let counts: Vec<String> = counts(quoted).into_iter().map(|(word, count)| format!("{count} {word}")).collect();
    let counts = if counts.is_empty() { "none".to_owned() } else { counts.join(", ") };
    let files = counted(documents.len(), "document");
    put(format_args!("{files} {verdict}{why}: commands quoted: {counts}"));
    text
}

/// Describes an alignment.
#[must_use]
pub fn json(
    documents: &BTreeMap<String, Digest>,
    quoted: &[QuotedCommand],
    unmatched: &[String],
    hollow: Option<&str>,
) -> Value {
    let findings = quoted.iter().filter(|command| command.state.is_finding()).count();
    json!({
        "aligned": findings == 0 && hollow.is_none(),
        "undecided": hollow,
        "documents": documents,
        "unmatched": unmatched,
        "findings": findings,
        "counts": counts(quoted),
        "quoted": quoted,
    })
}

fn counts(quoted: &[QuotedCommand]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for command in quoted {
        *counts.entry(command.state.as_str()).or_insert(0) += 1;
    }
    counts
}
