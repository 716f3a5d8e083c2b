//! One JSON document a command, for `--json`.

use serde_json::{Value, json};

use crate::model::attempt::Watch;
use crate::model::compare::{Comparison, Equality};
use crate::model::digest::Digest;
use crate::model::finding::Finding;
use crate::model::manifest::ReproManifest;

/// Is what is told of an execution beside its manifest.
#[derive(Debug, Default)]
pub struct Beside<'a> {
    /// What was seen of each command's attempts at the network.
    pub network: std::collections::BTreeMap<&'a str, &'a Watch>,
    /// Where commands were not as quiet as the plan wants them.
    pub findings: &'a [Finding],
}

/// Describes a comparison: the verdict, the counts, and every command with its parts and differences.
#[must_use]
pub fn comparison(
    recorded: Digest,
    found: Digest,
    manifest: &ReproManifest,
    comparison: &Comparison,
    more: &Beside,
) -> Value {
    let all = [Equality::Bitwise, Equality::Canonical, Equality::Divergent, Equality::Failed, Equality::Undecided];
    let counts: serde_json::Map<String, Value> =
        all.iter().map(|equality| (equality.as_str().to_owned(), json!(comparison.count(*equality)))).collect();
    let parts = comparison.part_counts();
    let difference =
        |d: &crate::model::compare::Difference| json!({ "what": d.what, "expected": d.expected, "found": d.found });
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
            })
        })
        .collect();
    json!({
        "packet": manifest.packet.to_string(),
        "verdict": comparison.equality().as_str(),
        "recorded": recorded.to_string(),
        "found": found.to_string(),
        "commands": commands,
        "counts": counts,
        "parts": {
            "all": parts.all(), "bitwise": parts.bitwise, "canonical": parts.canonical, "divergent": parts.divergent,
            "undecided": parts.undecided,
        },
        "inputs": comparison.inputs.iter().map(difference).collect::<Vec<_>>(),
        "network": more.network, "findings": more.findings,
    })
}

/// Describes a recorded manifest.
#[must_use]
pub fn recorded(digest: Digest, manifest: &ReproManifest, skipped: &[String], more: &Beside) -> Value {
    let commands: Vec<Value> = manifest
        .commands
        .iter()
        .map(|entry| {
            json!({
                "id": entry.id.as_str(), "exit_code": entry.exit_code, "action": entry.action.to_string(),
                "stdout": entry.stdout.raw.to_string(), "stderr": entry.stderr.raw.to_string(),
            })
        })
        .collect();
    json!({
        "packet": manifest.packet.to_string(), "manifest": digest.to_string(), "commands": commands, "skipped": skipped,
        "network": more.network, "findings": more.findings,
    })
}

/// Describes a verification.
#[must_use]
pub fn verification(manifest: Digest, blobs: usize, findings: &[Finding]) -> Value {
    json!({ "manifest": manifest.to_string(), "blobs": blobs, "findings": findings })
}
