//! What a run recorded: one line per command with what its evidence proves, and whether the packet's manifest was written.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::json::{ExecutionNotes, flake, proof};
use super::text::{findings, put, put_next};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::manifest::{CommandEntry, ReproManifest};
use rcrepro_model::plan::quarantine::Flake;
use rcrepro_model::standing::Standing;
use rcrepro_model::text::plural::counted;
use rcrepro_proof::Proof;

/// Gathers what is told of a run.
#[derive(Debug, Clone, Copy)]
pub struct RunReport<'a> {
    /// What was recorded.
    pub manifest: &'a ReproManifest,
    /// The digest of the manifest's bytes.
    pub digest: Digest,
    /// What is told beside the manifest.
    pub beside: ExecutionNotes<'a>,
    /// What all of it came to.
    pub outcome: Standing,
    /// The commands that failed and passed when they were run again.
    pub flakes: &'a BTreeMap<Name, Flake>,
    /// The commands that did not run.
    pub skipped: &'a [String],
    /// The packet's commands that were not to be run: then nothing else is printed about the packet.
    pub left_out: &'a [Name],
    /// Where the manifest was written, if it was.
    pub written: Option<&'a str>,
    /// Where the record of the failure was written, if it was.
    pub failed: Option<&'a str>,
    /// The manifest of a run of the same actions that passed.
    pub passed_before: Option<&'a str>,
}

impl RunReport<'_> {
    /// Writes it for people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for entry in &self.manifest.commands {
            self.command(entry, &mut text);
        }
        for id in self.skipped {
            put(&mut text, format_args!("{}", row!("undecided", "{id}  did not run")));
        }
        text += &findings(self.beside.findings);
        let packet = &self.manifest.packet;
        match self.written {
            Some(path) => {
                put(&mut text, format_args!("manifest {}", self.digest));
                let commands = counted(self.manifest.commands.len(), "command");
                put(&mut text, format_args!("{packet} recorded: {commands}, {path}"));
            }
            None if !self.left_out.is_empty() => {
                let wanted = self.manifest.commands.len() + self.skipped.len();
                let all = counted(wanted + self.left_out.len(), "command");
                put(&mut text, format_args!("{packet} NOT recorded: this was a partial run, of {wanted} of {all}"));
                put_next(&mut text, self.next().into_iter().chain([format!("rcrepro run {packet}")]));
            }
            None => {
                match self.failed {
                    Some(path) => put(&mut text, format_args!("{packet} recorded as failed: {}, {path}", self.why())),
                    None => put(&mut text, format_args!("{packet} NOT recorded: {}", self.why())),
                }
                if let Some(path) = self.passed_before {
                    put(&mut text, format_args!("{}", row!("note", "the same actions passed before: {path} is kept")));
                }
                put_next(&mut text, self.next().into_iter());
            }
        }
        text
    }

    /// Says why no manifest was written.
    fn why(&self) -> &'static str {
        let flaky = self.flakes.values().any(|flake| !flake.passes());
        let failed = self.beside.proofs.values().any(|proof| proof.standing() == Standing::Failed);
        let proven = self.beside.proofs.values().all(|proof| proof.standing() == Standing::Passed);
        match (failed, self.skipped) {
            (false, []) if !self.beside.findings.is_empty() => "see the findings",
            (false, []) if flaky => "flake without quarantine",
            (false, []) if proven => "an image of the release is not what it must be",
            (false, []) => "not every command shows that it did its work",
            _ => "not every command succeeded",
        }
    }

    /// Gives the commands that show what those printed that did not pass.
    fn next(&self) -> Vec<String> {
        let passed = |id: &Name| {
            let proven = self.beside.proofs.get(id).is_some_and(|proof| proof.standing() == Standing::Passed);
            proven && self.flakes.get(id).is_none_or(Flake::passes)
        };
        let bad = self.manifest.commands.iter().filter(|entry| !passed(&entry.id));
        bad.map(|entry| format!("rcrepro log {} {}", self.manifest.packet, entry.id)).collect()
    }

    fn command(&self, entry: &CommandEntry, text: &mut String) {
        let proof = self.beside.proofs.get(&entry.id);
        if let Some(flake) = self.flakes.get(&entry.id) {
            put(text, format_args!("{}", row!("flake", "{}  {flake}", entry.id)));
        }
        let ended = self.beside.endings.get(&entry.id).map_or("ended", String::as_str);
        let said = format!("{}  {ended}  {}", entry.id, entry.line);
        match proof.map_or(Standing::Undecided, Proof::standing) {
            Standing::Passed if self.flakes.get(&entry.id).is_some_and(|flake| !flake.passes()) => {
                put(text, format_args!("{}", row!("failed", "{said}")));
            }
            Standing::Passed => put(text, format_args!("{}", row!("ok", "{said}"))),
            Standing::Failed | Standing::Tampered => put(text, format_args!("{}", row!("failed", "{said}"))),
            Standing::Undecided => {
                let why = proof.map_or_else(|| "no evidence was judged".to_owned(), ToString::to_string);
                put(text, format_args!("{}", row!("undecided", "{}  {why}", entry.id)));
                if !entry.succeeded() {
                    put(text, format_args!("{:>12}{ended}", ""));
                }
                return;
            }
        }
        if let Some(run) = self.beside.taken_over.get(&entry.id) {
            put(text, format_args!("{:>12}taken over from run {run}", ""));
        }
        for sentence in self.beside.sentences(&entry.id) {
            put(text, format_args!("{:>12}{sentence}", ""));
        }
        if let Some(proof) = proof.filter(|proof| **proof != Proof::Failed) {
            put(text, format_args!("{:>12}{proof}", ""));
        }
        for condition in proof.into_iter().flat_map(Proof::conditions) {
            put(text, format_args!("{:>12}{condition}", ""));
        }
    }

    /// Describes it for programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let describe = |entry: &CommandEntry| {
            json!({
                "id": entry.id.as_str(), "exit_code": entry.exit_code,
                "ended": self.beside.endings.get(&entry.id), "action": entry.action.to_string(),
                "stdout": entry.stdout.raw.to_string(), "stderr": entry.stderr.raw.to_string(),
                "proof": self.beside.proofs.get(&entry.id).map(proof), "flake": self.flakes.get(&entry.id).map(flake),
                "failure": self.beside.note(&entry.id), "taken_over": self.beside.taken_over.get(&entry.id),
            })
        };
        json!({
            "packet": self.manifest.packet.to_string(), "standing": self.outcome, "manifest": self.digest.to_string(),
            "commands": self.manifest.commands.iter().map(describe).collect::<Vec<_>>(), "skipped": self.skipped,
            "partial": !self.left_out.is_empty(), "left_out": self.left_out, "network": self.beside.network(),
            "findings": self.beside.findings, "recorded": self.written, "recorded_failure": self.failed,
            "passed_before": self.passed_before,
        })
    }
}
