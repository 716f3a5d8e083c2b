//! The run record: what may differ from run to run, such as times, host, engine and commit. What must be equal everywhere is in
//! the manifest, which a run record names.

use serde::{Deserialize, Serialize};

use super::manifest::EndingEntry;
use crate::content::digest::Digest;
use crate::content::name::Name;
use crate::execution::second_look::told::SecondLookEntry;
use crate::plan::PacketId;

/// The version of the run record that this build writes.
///
/// 2 added what was seen of attempts at the network, 3 the second look at a command that failed.
pub const RUN_RECORD_VERSION: u32 = 3;

/// The version that is written where a command was taken over from an earlier run; no version before it can say so.
pub const TAKEN_OVER_VERSION: u32 = 4;

/// The oldest version of the run record that this build reads.
pub const OLDEST_RUN_RECORD_VERSION: u32 = 1;

/// What one run or replay recorded of one packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRecord {
    /// The format's version, [`OLDEST_RUN_RECORD_VERSION`] to [`TAKEN_OVER_VERSION`].
    pub version: u32,
    /// The run's id in the store.
    pub run: String,
    /// `run` or `replay`.
    pub kind: String,
    /// The packet that was run, by its id in the plan.
    pub packet: PacketId,
    /// The plan's bytes.
    pub plan: Digest,
    /// The commit's id, in hex.
    pub commit: String,
    /// When the run began, RFC 3339.
    pub started: String,
    /// When it ended, RFC 3339.
    pub finished: String,
    /// SHA-256 and size of the manifest that this run wrote or, for a replay, would have written.
    pub manifest: Digest,
    /// The manifest that a replay compared with.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recorded: Option<Digest>,
    /// The machine.
    pub host: HostRecord,
    /// What carried the containers out.
    pub engine: EngineRecord,
    /// The commands that ran.
    pub commands: Vec<CommandRecord>,
}

/// The machine that a run was on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostRecord {
    /// The operating system and kernel release.
    pub system: String,
    /// The number of processors that this process may use.
    pub cpus: usize,
    /// The version of rcrepro.
    pub rcrepro: String,
}

/// The engine that ran the commands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineRecord {
    /// What the engine calls itself, such as `docker` or `podman`.
    pub name: String,
    /// As the engine writes it; for people, never compared.
    pub version: String,
    /// As the engine writes it, such as `1.52`.
    pub api_version: String,
    /// How inputs reached the containers.
    pub staging: String,
}

/// One command's execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandRecord {
    /// The command, by its id in the plan.
    pub id: Name,
    /// How long it ran, in milliseconds by the engine's clock.
    pub duration_ms: u64,
    /// How often it was tried.
    pub attempts: u32,
    /// What was seen of its attempts at the network: canonical JSON of [`crate::execution::attempt::Watch`]. Version 1 has none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub network: Option<Digest>,
    /// The attempts before the last one, all of which failed.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub earlier: Vec<AttemptRecord>,
    /// What a second look found after it failed. Versions before 3 have none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub second_look: Option<SecondLookEntry>,
    /// The run that executed it, where this one took over what came of it. Versions before 4 have none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub taken_over: Option<String>,
}

/// An attempt that failed and was not the last one. Its streams are in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttemptRecord {
    /// How it ended.
    pub ending: EndingEntry,
    /// The status that this attempt ended with.
    pub exit_code: i32,
    /// Its standard output, raw.
    pub stdout: Digest,
    /// Its standard error, raw.
    pub stderr: Digest,
    /// Its REAPI `ActionResult`.
    pub result: Digest,
    /// How long it ran, in milliseconds by the engine's clock.
    pub duration_ms: u64,
}

/// Returns the version of a run record with these commands.
#[must_use]
pub fn record_version(commands: &[CommandRecord]) -> u32 {
    let is_taken = commands.iter().any(|command| command.taken_over.is_some());
    if is_taken { TAKEN_OVER_VERSION } else { RUN_RECORD_VERSION }
}
