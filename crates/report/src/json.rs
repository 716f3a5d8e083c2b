//! One JSON document a command, for `--json`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use rcrepro_model::attestation::signed::SignedStatement;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::compare::{Comparison, Equality};
use rcrepro_model::evidence::finding::{EvidenceCount, Finding, Note};
use rcrepro_model::evidence::manifest::ReproManifest;
use rcrepro_model::execution::attempt::Watch;
use rcrepro_model::execution::second_look::told::FailureNotes;
use rcrepro_model::plan::quarantine::{Cover, Flake};
use rcrepro_model::standing::Standing;
use rcrepro_proof::Proof;

/// What is reported about an execution and is not part of its manifest.
#[derive(Debug, Clone, Copy)]
pub struct ExecutionNotes<'a> {
    /// What was seen of each command's attempts at the network.
    pub network: &'a BTreeMap<Name, Watch>,
    /// Where commands were not as quiet as the plan wants them.
    pub findings: &'a [Finding],
    /// What the evidence of each command that ran proves.
    pub proofs: &'a BTreeMap<Name, Proof>,
    /// How each command that ran ended, in words.
    pub endings: &'a BTreeMap<Name, String>,
    /// The commands that were not executed, with the run from which they were taken over.
    pub taken_over: &'a BTreeMap<Name, String>,
    /// Notes on the commands that failed.
    pub notes: &'a BTreeMap<Name, FailureNotes>,
}

impl ExecutionNotes<'_> {
    /// Gives what was seen of the network, by command.
    pub(super) fn network(&self) -> BTreeMap<&str, &Watch> {
        self.network.iter().map(|(id, watch)| (id.as_str(), watch)).collect()
    }

    /// Gives the notes on a command that failed.
    pub(super) fn note(&self, id: &Name) -> Value {
        self.notes.get(id).map_or(Value::Null, |note| {
            json!({
                "second_look": note.second_look, "network": note.network, "git": note.git, "sees": note.sees,
                "unchanged": note.unchanged,
            })
        })
    }

    /// Lists the notes on a command that failed, as sentences.
    pub(super) fn sentences(&self, id: &Name) -> impl Iterator<Item = &str> {
        self.notes.get(id).into_iter().flat_map(FailureNotes::sentences)
    }
}

/// Describes a comparison: the verdict, the counts, and every command with its parts and differences.
#[must_use]
pub fn comparison(
    recorded: Digest,
    found: Digest,
    manifest: &ReproManifest,
    comparison: &Comparison,
    more: &ExecutionNotes,
) -> Value {
    let all = [Equality::Bitwise, Equality::Canonical, Equality::Divergent, Equality::Failed, Equality::Undecided];
    let counts: serde_json::Map<String, Value> =
        all.iter().map(|equality| (equality.as_str().to_owned(), json!(comparison.count(*equality)))).collect();
    let parts = comparison.part_counts();
    let difference = |d: &rcrepro_model::evidence::compare::ManifestDifference| json!({ "what": d.what, "expected": d.expected, "found": d.found });
    let commands: Vec<Value> = comparison
        .commands
        .iter()
        .map(|command| {
            let parts: serde_json::Map<String, Value> =
                command.parts.iter().map(|(part, equality)| (part.to_string(), json!(equality.as_str()))).collect();
            json!({
                "id": command.id.as_str(),
                "equality": command.equality.as_str(),
                "parts": parts,
                "wanted_bitwise": command.wanted_bitwise,
                "differences": command.differences.iter().map(difference).collect::<Vec<_>>(),
                "proof": more.proofs.get(&command.id).map(proof),
                "ended": more.endings.get(&command.id),
                "failure": more.note(&command.id),
            })
        })
        .collect();
    json!({
        "packet": manifest.packet.to_string(),
        "verdict": comparison.equality().as_str(),
        "failed_alike": comparison.failed_alike,
        "recorded": recorded.to_string(),
        "found": found.to_string(),
        "commands": commands,
        "counts": counts,
        "parts": {
            "all": parts.all(), "bitwise": parts.bitwise, "canonical": parts.canonical, "divergent": parts.divergent,
            "undecided": parts.undecided,
        },
        "inputs": comparison.inputs.iter().map(difference).collect::<Vec<_>>(),
        "network": more.network(), "findings": more.findings,
    })
}

/// The result of a verification.
#[derive(Debug, Clone, Copy)]
pub struct Verified<'a> {
    /// The digest of the manifest's bytes.
    pub manifest: Digest,
    /// How many blobs it names, and how many of them were there.
    pub evidence: EvidenceCount,
    /// The worst of what is wrong.
    pub standing: Standing,
    /// What is wrong.
    pub findings: &'a [Finding],
    /// What a reader should know beside that.
    pub notes: &'a [Note],
    /// What the manifest says and nothing in its evidence can confirm.
    pub untied: &'a [Note],
    /// What the evidence of each command proves.
    pub proofs: &'a [(Name, Proof)],
    /// The commands that failed and then passed.
    pub flakes: &'a BTreeMap<Name, Flake>,
    /// What keys that the reader trusts have signed about it.
    pub signed: &'a [SignedStatement],
}

/// Describes a verification.
#[must_use]
pub fn verification(verified: &Verified<'_>) -> Value {
    let Verified { manifest, evidence, standing, findings, notes, untied, proofs, flakes, signed } = *verified;
    let flakes: serde_json::Map<String, Value> =
        flakes.iter().map(|(id, found)| (id.to_string(), flake(found))).collect();
    let proofs: serde_json::Map<String, Value> =
        proofs.iter().map(|(id, found)| (id.to_string(), proof(found))).collect();
    json!({
        "manifest": manifest.to_string(), "standing": standing, "blobs": evidence.present, "evidence": evidence, "findings": findings,
        "notes": notes, "unconfirmed": untied, "proofs": proofs, "flakes": flakes, "signed": signed,
    })
}

/// Describes a proof: its kind, the work that it proves, and the reason where there is one.
#[must_use]
pub fn proof(proof: &Proof) -> Value {
    let work = match proof {
        Proof::Proven { work, .. } => work.as_slice(),
        _ => &[],
    };
    let work: Vec<Value> =
        work.iter().map(|work| json!({ "tool": work.tool.as_str(), "count": work.count, "what": work.what })).collect();
    json!({ "kind": proof.as_str(), "work": work, "reason": proof.reason(), "conditions": proof.conditions() })
}

/// Describes a flake, and the quarantine that it is or was in.
#[must_use]
pub fn flake(flake: &Flake) -> Value {
    let entry = match &flake.cover {
        Cover::Quarantined(entry) | Cover::Expired(entry) => Some(entry),
        Cover::None => None,
    };
    let entry = entry
        .map(|entry| json!({ "reason": entry.reason, "owner": entry.owner, "expires": entry.expires.to_string() }));
    json!({ "attempt": flake.attempt, "of": flake.of, "passes": flake.passes(), "quarantine": entry })
}

/// Describes an error: `{"error": {"kind", "code", "message", "causes", "hint"}}`. `code` is the exit code, and `kind` its word.
#[must_use]
pub fn error(kind: &str, code: u8, message: &str, causes: &[String], hint: Option<&str>) -> Value {
    json!({ "error": { "kind": kind, "code": code, "message": message, "causes": causes, "hint": hint } })
}
