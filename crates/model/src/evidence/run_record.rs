//! The run record: what may differ from run to run, such as times, host, engine and commit. What must be equal everywhere is in
//! the manifest, which a run record names.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::manifest::EndingEntry;
use crate::content::digest::Digest;
use crate::content::name::Name;
use crate::execution::ending::Bounds;
use crate::execution::limits::{EngineMachine, Limit, LimitSource};
use crate::execution::second_look::told::SecondLookEntry;
use crate::plan::PacketId;

/// The version of the run record that this build writes.
///
/// 2 added what was seen of attempts at the network, 3 the second look at a command that failed, 4 the limits of commands and
/// the engine's machine, the commands that a partial run left out, and those that were taken over from an earlier run.
pub const RUN_RECORD_VERSION: u32 = 4;

/// The oldest version of the run record that this build reads.
pub const OLDEST_RUN_RECORD_VERSION: u32 = 1;

/// What one run or replay recorded of one packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRecord {
    /// The format's version, [`OLDEST_RUN_RECORD_VERSION`] to [`RUN_RECORD_VERSION`].
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
    /// The machine that the engine runs containers on. Versions before 4 have none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub machine: Option<MachineRecord>,
    /// The commands that ran.
    pub commands: Vec<CommandRecord>,
    /// The packet's other commands, where only some were to be run: such a run is partial, and nothing counts by it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub left_out: Vec<Name>,
}

impl RunRecord {
    /// Whether only some of the packet's commands were to be run.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        !self.left_out.is_empty()
    }

    /// Returns the limits that a command ran under; none for a command that did not run, and for records before version 4.
    #[must_use]
    pub fn bounds(&self, id: &Name) -> Option<Bounds> {
        let LimitsRecord { timeout_ms, timeout_from, memory, memory_from } =
            self.commands.iter().find(|command| command.id == *id)?.limits?;
        Some(Bounds {
            timeout: Some(Limit { amount: Duration::from_millis(timeout_ms), source: timeout_from }),
            memory: Some(Limit { amount: memory, source: memory_from }),
            machine: self.machine.map_or_else(EngineMachine::default, |machine| EngineMachine {
                memory: machine.memory,
                processors: machine.processors,
            }),
        })
    }
}

/// The machine that an engine runs containers on, as far as the engine says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MachineRecord {
    /// Its memory, in bytes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub memory: Option<u64>,
    /// How many processors it has.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub processors: Option<u64>,
}

/// The limits that were applied to a command, and who set them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsRecord {
    /// How long it might run, in milliseconds.
    pub timeout_ms: u64,
    /// Whether the plan says so or the machine.
    pub timeout_from: LimitSource,
    /// How much memory it might use, in bytes.
    pub memory: u64,
    /// Whether the plan says so or the machine.
    pub memory_from: LimitSource,
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
    /// The limits that it ran under. Versions before 4 have none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub limits: Option<LimitsRecord>,
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
