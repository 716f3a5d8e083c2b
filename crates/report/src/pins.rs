//! What `rcrepro pins` says, for people and as JSON.

use std::collections::BTreeMap;

use comfy_table::{Table, presets};
use serde_json::{Value, json};

use super::text::put;
use rcrepro_model::plan::pins::Pins;
use rcrepro_model::standing::Standing;
use rcrepro_model::text::plural::counted;
use rcrepro_pins::judge::{Judgement, PinFinding};
use rcrepro_pins::reference::{Reference, ReferenceState};
use rcrepro_pins::rows::{FindingRow, rows};
use rcrepro_pins::sweep::old::{OldVersion, Sighting};

/// Writes the references, the look-alikes, the search proof, the findings, and the verdict last.
#[must_use]
pub fn text(commit: &str, pins: &Pins, judgement: &Judgement, look_alikes: bool) -> String {
    let mut text = String::new();
    let (real, alike): (Vec<&Reference>, Vec<&Reference>) =
        judgement.references.iter().partition(|reference| reference.look_alike.is_none());
    text.push_str(&references(&real));
    write_look_alikes(&mut text, &alike, look_alikes);
    write_proof(&mut text, pins, judgement, look_alikes);
    rows(&judgement.findings).iter().for_each(|row| write_row(&mut text, row));
    for line in &judgement.idle {
        put(&mut text, format_args!("{}", row!("note", "{line}")));
    }
    verdict(&mut text, commit, judgement, real.len(), alike.len());
    text
}

fn references(real: &[&Reference]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["state", "tool", "value", "kind", "place"]);
    // What differs in nothing but its place is one row; the order is that of the first places.
    let mut rows: Vec<([String; 4], Vec<String>)> = Vec::new();
    for reference in real {
        let place = format!("{}:{}:{}", reference.file, reference.line, reference.column);
        let says = [
            reference.state.word().to_owned(),
            reference.tool.to_string(),
            reference.value.clone(),
            reference.kind.to_string(),
        ];
        match rows.iter_mut().find(|(known, _)| *known == says) {
            Some((_, places)) => places.push(place),
            None => rows.push((says, vec![place])),
        }
    }
    for (says, places) in rows {
        table.add_row(says.into_iter().chain([places.join("\n")]));
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    format!("{}\n", lines.join("\n"))
}

fn write_look_alikes(text: &mut String, alike: &[&Reference], all: bool) {
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for reference in alike {
        let reason = reference.look_alike.as_deref().unwrap_or_default();
        *reasons.entry(reason).or_default() += 1;
        if all {
            let Reference { file, line, column, tool, value, .. } = reference;
            put(text, format_args!("look-alike ({reason}): {file}:{line}:{column}: {tool} {value}"));
        }
    }
    let list: Vec<String> = reasons.iter().map(|(reason, count)| format!("{count} in {reason}")).collect();
    if !list.is_empty() {
        put(text, format_args!("look-alikes: {}", list.join(", ")));
    }
}

/// Writes where each old version was found, and in how many files it was searched for.
fn write_proof(text: &mut String, pins: &Pins, judgement: &Judgement, all: bool) {
    for (tool, pin) in [("go", &pins.go), ("node", &pins.node)] {
        for version in pin.iter().flat_map(|pin| &pin.old) {
            let hits = judgement.old.iter().filter(|old| old.tool.to_string() == tool && old.version == *version);
            let (alike, open): (Vec<&OldVersion>, Vec<&OldVersion>) =
                hits.partition(|old| matches!(old.sighting, Sighting::LookAlike(_)));
            let said = if open.is_empty() { "gone" } else { "not gone" };
            put(
                text,
                format_args!(
                    "old {tool} {version}: {said}; searched {}, {}, {} of them in look-alikes",
                    counted(judgement.files, "file"),
                    counted(alike.len() + open.len(), "place"),
                    alike.len()
                ),
            );
            for old in if all { [open, alike].concat() } else { open } {
                let word = match &old.sighting {
                    Sighting::Real => "a reference",
                    Sighting::Unclear => "unclear",
                    Sighting::LookAlike(why) => why,
                };
                put(text, format_args!("    {}:{}:{}: {word}", old.file, old.line, old.column));
            }
        }
    }
}

fn write_row(text: &mut String, row: &FindingRow<'_>) {
    let finding = row.first();
    let word = match (&finding.waived, finding.standing) {
        (Some(_), _) => "waived",
        (None, Standing::Undecided) => "undecided",
        (None, _) => "finding",
    };
    let place = |finding: &PinFinding| match (finding.file.as_str(), finding.line) {
        ("", _) => String::new(),
        (file, 0) => file.to_owned(),
        (file, line) => format!("{file}:{line}:{}", finding.column),
    };
    match row.places.as_slice() {
        [one] if !one.file.is_empty() => put(text, format_args!("{word:>10}  {}: {}", place(one), row.says())),
        _ => put(text, format_args!("{word:>10}  {}", row.says())),
    }
    for finding in row.places.iter().filter(|_| row.places.len() > 1) {
        put(text, format_args!("{:>14}{}", "", place(finding)));
    }
    put(text, format_args!("{:>12}{}", "", row.id()));
    if let Some(waived) = &finding.waived {
        put(text, format_args!("{:>12}until {} by {}: {}", "", waived.expires, waived.owner, waived.reason));
    }
    if let Some(day) = finding.expired {
        put(text, format_args!("{:>12}its waiver expired on {day} and counts as none", ""));
    }
}

fn verdict(text: &mut String, commit: &str, judgement: &Judgement, real: usize, alike: usize) {
    let rows = rows(&judgement.findings);
    let (waived, open): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.first().waived.is_some());
    let waived = waived.len();
    let count = |standing| open.iter().filter(|row| row.first().standing == standing).count();
    let state = match judgement.standing() {
        Standing::Passed => "the pins hold",
        Standing::Undecided => "undecided",
        Standing::Failed | Standing::Tampered => "the pins do not hold",
    };
    put(
        text,
        format_args!(
            "{state}: {}, {} undecided, {waived} waived; {}, {} in {} ({} binary) of {}",
            counted(count(Standing::Failed), "finding"),
            count(Standing::Undecided),
            counted(real, "reference"),
            counted(alike, "look-alike"),
            counted(judgement.files, "file"),
            judgement.binary,
            commit.get(..12).unwrap_or(commit)
        ),
    );
}

/// Describes everything.
#[must_use]
pub fn json(commit: &str, pins: &Pins, judgement: &Judgement) -> Value {
    let pin = |pin: &Option<rcrepro_model::plan::pins::Pin>| {
        pin.as_ref().map(|pin| json!({ "version": pin.version, "old": pin.old })).unwrap_or_default()
    };
    let reference = |reference: &Reference| {
        let why = if let ReferenceState::Undecidable(why) = &reference.state { Some(why) } else { None };
        json!({
            "file": reference.file, "line": reference.line, "column": reference.column, "tool": reference.tool,
            "value": reference.value, "kind": reference.kind, "state": reference.state.word(), "why": why,
            "look_alike": reference.look_alike,
        })
    };
    let old = |old: &OldVersion| {
        let (standing, why) = match &old.sighting {
            Sighting::Real => ("real", None),
            Sighting::Unclear => ("unclear", None),
            Sighting::LookAlike(why) => ("look-alike", Some(why)),
        };
        json!({
            "file": old.file, "line": old.line, "column": old.column, "tool": old.tool, "version": old.version,
            "standing": standing, "why": why,
        })
    };
    let row = |row: &FindingRow<'_>| {
        let first = row.first();
        let place = |finding: &&PinFinding| json!({ "file": finding.file, "line": finding.line, "column": finding.column, "id": finding.id });
        json!({
            "id": row.id(), "rank": first.standing, "message": first.message, "waived": first.waived,
            "expired": first.expired, "places": row.places.iter().map(place).collect::<Vec<_>>(),
        })
    };
    json!({
        "commit": commit, "pins": { "go": pin(&pins.go), "node": pin(&pins.node) },
        "references": judgement.references.iter().map(reference).collect::<Vec<_>>(),
        "old": judgement.old.iter().map(old).collect::<Vec<_>>(),
        "findings": judgement.findings, "rows": rows(&judgement.findings).iter().map(row).collect::<Vec<_>>(),
        "notes": judgement.idle, "files": judgement.files, "binary": judgement.binary,
        "holds": judgement.standing() == Standing::Passed, "standing": judgement.standing(),
    })
}
