//! What a person reads at the end of a command.

use std::fmt::Write as _;

use super::difference::differing_lines;
use super::json::{ExecutionNotes, Verified};
use rcrepro_model::attestation::signed::SignedStatement;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::compare::{CommandComparison, Comparison, Equality, Part};
use rcrepro_model::evidence::finding::{EvidenceCount, Finding, Note};
use rcrepro_model::evidence::manifest::{CommandEntry, ReproManifest, StreamEntry};
use rcrepro_model::plan::PacketId;
use rcrepro_model::standing::Standing;
use rcrepro_model::text::plural::counted;
use rcrepro_model::text::printable;
use rcrepro_proof::Proof;
use rcrepro_store::{BlobStore, export};

/// How many files of the source are named.
const FILES: usize = 20;
/// How many differing lines are shown of a stream.
const LINES: usize = 10;

/// Writes a comparison: one line per command with what its replay proves, what differs, and the verdict last.
#[must_use]
pub fn comparison(
    recorded: &ReproManifest,
    found: &ReproManifest,
    comparison: &Comparison,
    beside: &ExecutionNotes<'_>,
    store: &dyn BlobStore,
) -> String {
    let mut text = String::new();
    for difference in &comparison.inputs {
        put(&mut text, format_args!("{}", row!("input", "{}", difference.what)));
        put(&mut text, format_args!("{:>12}recorded: {}", "", difference.expected));
        put(&mut text, format_args!("{:>12}found:    {}", "", difference.found));
    }
    write_changed_files(&mut text, recorded.source.root, found.source.root, store);
    for command in &comparison.commands {
        let entries = [recorded, found].map(|manifest| manifest.command(&command.id));
        write_command(&mut text, command, entries, beside, store);
    }
    let equal = comparison.count(Equality::Bitwise) + comparison.count(Equality::Canonical);
    put(&mut text, format_args!("{}", comparison.part_counts()));
    let verdict = match comparison.equality() {
        Equality::Bitwise | Equality::Canonical => "reproduced",
        Equality::Divergent => "NOT reproduced",
        Equality::Failed if comparison.failed_alike == Some(true) => "FAILED, reproduced",
        Equality::Failed => "FAILED",
        Equality::Undecided => "UNDECIDED",
    };
    let mut counts =
        format!("{} bitwise, {} canonical", comparison.count(Equality::Bitwise), comparison.count(Equality::Canonical));
    for bad in [Equality::Divergent, Equality::Failed, Equality::Undecided] {
        if comparison.count(bad) > 0 {
            let _ = write!(counts, ", {} {}", comparison.count(bad), bad.as_str());
        }
    }
    let all = comparison.commands.len();
    match comparison.failed_alike {
        Some(true) => put(
            &mut text,
            format_args!("{} {verdict}: {all} of {} as recorded ({counts})", recorded.packet, counted(all, "command")),
        ),
        _ => put(
            &mut text,
            format_args!("{} {verdict}: {equal} of {} equal ({counts})", recorded.packet, counted(all, "command")),
        ),
    }
    put_next(&mut text, next(&recorded.packet, comparison).into_iter());
    text
}

/// Gives the commands that show what the replay of commands that failed printed, and what became different.
fn next(packet: &PacketId, comparison: &Comparison) -> Vec<String> {
    let failed = comparison.commands.iter().filter(|command| command.equality == Equality::Failed);
    let mut next: Vec<String> = failed.map(|command| format!("rcrepro log {packet} {}", command.id)).collect();
    if comparison.count(Equality::Divergent) > 0 {
        next.push(format!("rcrepro why {packet}"));
    }
    next
}

/// Names the files in which two source trees differ, as far as the store holds both trees' directories.
fn write_changed_files(text: &mut String, recorded: Digest, found: Digest, store: &dyn BlobStore) {
    if recorded == found {
        return;
    }
    let Ok(differences) = export::diff(store, recorded, found) else {
        put(text, format_args!("{:>12}the recorded tree is not in the store: its files cannot be named", ""));
        return;
    };
    for difference in differences.iter().take(FILES) {
        let sign = match (&difference.left, &difference.right) {
            (None, _) => '+',
            (_, None) => '-',
            _ => '!',
        };
        put(text, format_args!("{:>12}{sign} {}", "", difference.path));
    }
    if differences.len() > FILES {
        put(text, format_args!("{:>12}and {} more", "", differences.len() - FILES));
    }
}

fn write_command(
    text: &mut String,
    command: &CommandComparison,
    [recorded, found]: [Option<&CommandEntry>; 2],
    beside: &ExecutionNotes<'_>,
    store: &dyn BlobStore,
) {
    let parts: Vec<String> = command
        .parts
        .iter()
        .filter(|(_, equality)| !matches!(equality, Equality::Bitwise | Equality::Undecided))
        .map(|(part, equality)| format!("{part} {}", equality.as_str()))
        .collect();
    let parts = if parts.is_empty() { String::new() } else { format!("  ({})", parts.join(", ")) };
    // What is wrong with a proof is listed among the differences.
    let proof = beside.proofs.get(&command.id).filter(|proof| proof.standing() == Standing::Passed);
    let proof = proof.map_or_else(String::new, |proof| format!("  {proof}"));
    let as_recorded = command.as_recorded && command.equality == Equality::Failed;
    let alike = if as_recorded { "  as recorded" } else { "" };
    put(text, format_args!("{}", row!(command.equality.as_str(), "{}{parts}{proof}{alike}", command.id)));
    for condition in beside.proofs.get(&command.id).into_iter().flat_map(Proof::conditions) {
        put(text, format_args!("{:>12}{condition}", ""));
    }
    if command.equality.is_equal() {
        return;
    }
    // Where the plan's limits ended it, the exit code alone says nothing.
    if let Some(ended) = beside.endings.get(&command.id).filter(|_| found.is_some_and(|entry| !entry.succeeded())) {
        put(text, format_args!("{:>12}{ended}", ""));
    }
    for sentence in beside.sentences(&command.id) {
        put(text, format_args!("{:>12}{sentence}", ""));
    }
    if command.wanted_bitwise {
        write_wanted_bitwise(text, recorded);
    }
    for difference in &command.differences {
        let line =
            format_args!("{:>12}{}: recorded {}, found {}", "", difference.what, difference.expected, difference.found);
        put(text, line);
    }
    let (Some(recorded), Some(found)) = (recorded, found) else { return };
    for (part, equality) in &command.parts {
        let streams = match part {
            Part::Stdout => (&recorded.stdout, &found.stdout),
            Part::Stderr => (&recorded.stderr, &found.stderr),
            Part::Output(_) => continue,
        };
        if *equality >= Equality::Divergent {
            write_stream(text, part, streams, store);
        }
    }
}

fn write_wanted_bitwise(text: &mut String, recorded: Option<&CommandEntry>) {
    let names: Vec<&str> = recorded
        .into_iter()
        .flat_map(|entry| entry.stdout.normalizers.iter().chain(&entry.stderr.normalizers))
        .map(String::as_str)
        .collect();
    let rules = if names.is_empty() { "normalizing".to_owned() } else { names.join(", ") };
    put(
        text,
        format_args!(
            "{:>12}the plan demands bitwise equality (`require = \"bitwise\"`); it is equal only after {rules}",
            ""
        ),
    );
}

fn write_stream(
    text: &mut String,
    part: &Part,
    (recorded, found): (&StreamEntry, &StreamEntry),
    store: &dyn BlobStore,
) {
    match differing_lines(store, recorded.canonical, found.canonical, LINES) {
        Ok(lines) => {
            for line in lines {
                put(text, format_args!("{:>12}{part}:{} {} {}", "", line.line, line.side, line.text));
            }
        }
        Err(error) => put(text, format_args!("{:>12}{part}: the lines cannot be shown: {error}", "")),
    }
    for (what, digest) in [("recorded", recorded.raw), ("found", found.raw)] {
        if let Some(path) = store.local_path(digest) {
            put(text, format_args!("{:>12}{part} {what}: {}", "", path.display()));
        }
    }
}

/// Writes what a packet came to, last of all; nothing where it passed.
#[must_use]
pub fn outcome(packet: &PacketId, standing: Standing) -> String {
    let mut text = String::new();
    if standing != Standing::Passed {
        put(&mut text, format_args!("{packet}: {}", standing.word()));
    }
    text
}

/// Writes findings, three lines each.
#[must_use]
pub fn findings(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        put(&mut text, format_args!("{:>20}  {}", finding.name.as_str(), finding.at));
        for (what, said) in [("expected:", &finding.expected), ("found:   ", &finding.found)] {
            let mut lines = said.lines();
            put(&mut text, format_args!("{:>22}{what} {}", "", lines.next().unwrap_or_default()));
            // What a program said comes line by line.
            lines.for_each(|line| put(&mut text, format_args!("{:>24}{}", "", line.trim())));
        }
    }
    text
}

/// Writes a verification: the proofs, what is wrong, what there is to know, what nothing confirms, and the verdict last.
#[must_use]
pub fn verification(verified: &Verified<'_>) -> String {
    let mut text = String::new();
    for (id, flake) in verified.flakes.iter().filter(|(_, flake)| flake.passes()) {
        put(&mut text, format_args!("{:>20}  {id}  {flake}", "flake"));
    }
    for (id, proof) in verified.proofs.iter().filter(|(_, proof)| proof.standing() == Standing::Passed) {
        // The word stands before it already.
        let said = proof.reason().map_or_else(|| proof.to_string(), str::to_owned);
        put(&mut text, format_args!("{:>20}  {id}  {said}", proof.as_str()));
        for condition in proof.conditions() {
            put(&mut text, format_args!("{:>22}{condition}", ""));
        }
    }
    for SignedStatement { kind, says, key, key_id, .. } in verified.signed {
        put(&mut text, format_args!("{:>20}  {kind} {says}, by `{key}` ({key_id})", "signed"));
    }
    text += &findings(verified.findings);
    for (label, notes) in [("note", verified.notes), ("unconfirmed", verified.untied)] {
        for Note { at, says } in notes {
            put(&mut text, format_args!("{label:>20}  {at}  {says}"));
        }
    }
    let (verdict, word) = match verified.findings.len() {
        0 => ("stands".to_owned(), String::new()),
        some => (format!("has {}", counted(some, "finding")), format!(": {}", verified.standing.word())),
    };
    let (manifest, evidence) = (verified.manifest, of_evidence(verified.evidence));
    put(&mut text, format_args!("manifest {manifest} {verdict}; {evidence}, nothing was executed{word}"));
    text
}

/// Says how much of the evidence was there.
fn of_evidence(EvidenceCount { named, present, derived }: EvidenceCount) -> String {
    let blobs = counted(named, "blob");
    match (named == present, derived) {
        (true, _) => format!("{blobs} of evidence checked"),
        (false, 0) => format!("{present} of {blobs} of evidence present"),
        (false, _) => format!("{present} of {blobs} of evidence present, {derived} derived from them"),
    }
}

/// Writes the commands to go on with, a line each.
pub(super) fn put_next(text: &mut String, commands: impl Iterator<Item = String>) {
    for command in commands {
        put(text, format_args!("{}", row!("next", "{command}")));
    }
}

/// Adds one line: what strangers wrote in it cannot begin another.
pub(super) fn put(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.push_str(&printable::line(&line.to_string()));
    text.push('\n');
}
