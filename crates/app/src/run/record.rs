//! From an execution to its two records: the manifest (what must be equal everywhere) and the run record (what may differ).

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::actions::Resolved;
use super::execute::{CommandRun, ExecutedPacket};
use super::host::host;
use super::prepare::Prepared;
use super::{RunError, StageInput};
use crate::machine::unix_time::rfc3339;
use crate::suppressions::ledger;
use crate::workspace::Workspace;
use rcrepro_engine::EngineInfo;
use rcrepro_format::records::{manifest_json, run_record_json};
use rcrepro_format::syntax::canonical_json;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::manifest::{
    CommandEntry, NormalizerEntry, OLDEST_MANIFEST_VERSION, OutputEntry, PlatformEntry, ReproManifest, SourceEntry,
    version_for,
};
use rcrepro_model::evidence::run_record::{
    AttemptRecord, CommandRecord, LimitsRecord, MachineRecord, RUN_RECORD_VERSION, RunRecord,
};
use rcrepro_model::execution::limits::EngineMachine;
use rcrepro_model::execution::second_look::told::{FailureNotes, SecondLookEntry};
use rcrepro_model::plan::PacketId;
use rcrepro_normalize as normalize;
use rcrepro_store::{BlobStore, StoreError};

/// The third stage's value: the two records, which the store has.
#[derive(Debug)]
pub(crate) struct RecordedPacket {
    /// What must be equal everywhere.
    pub(crate) manifest: ReproManifest,
    /// The manifest's bytes.
    pub(crate) bytes: Vec<u8>,
    /// The manifest's digest.
    pub(crate) digest: Digest,
    /// What may differ.
    pub(crate) record: RunRecord,
}

/// The third stage: puts the plan, the manifest and the run record into the store.
///
/// # Errors
/// [`RunError`] when they cannot be written.
pub(crate) fn record_packet(
    input: &StageInput<'_>,
    prepared: &Prepared,
    executed: &ExecutedPacket,
    started: SystemTime,
) -> Result<RecordedPacket, RunError> {
    let StageInput { context, workspace, id, recorded, .. } = *input;
    let commands = &executed.executions.commands;
    context.store.put(&workspace.plan_bytes)?;
    let mut manifest = manifest(workspace, id, &prepared.resolved, commands);
    // A replay is told in the version that it replays: what the usual clock of a line is depends on it.
    if recorded.is_some_and(|(recorded, _)| recorded.version == OLDEST_MANIFEST_VERSION) {
        manifest = manifest.in_oldest_words();
    }
    // A replay of a manifest without a ledger is compared with one without.
    if recorded.is_none_or(|(recorded, _)| recorded.suppressions.is_some()) {
        manifest.suppressions = ledger::record(&workspace.plan, &manifest, &**context.store)?;
    }
    let (bytes, digest) = manifest_json::encode(&manifest);
    context.store.put(&bytes)?;
    let (host, engine) = host(context.engine.info());
    let commands = command_records(commands, &executed.notes, &**context.store)?;
    let record = RunRecord {
        version: RUN_RECORD_VERSION,
        run: context.run.id().to_string(),
        kind: if recorded.is_some() { "replay" } else { "run" }.to_owned(),
        packet: id.clone(),
        plan: manifest.plan,
        commit: prepared.commit.clone(),
        started: rfc3339(started),
        finished: rfc3339(SystemTime::now()),
        manifest: digest,
        recorded: recorded.map(|(_, digest)| digest),
        host,
        engine,
        machine: Some(machine(context.engine.info())),
        left_out: input.left_out.to_vec(),
        commands,
    };
    context.run.write_record(id, &run_record_json::encode(&record))?;
    Ok(RecordedPacket { manifest, bytes, digest, record })
}

/// Puts a manifest together from what ran.
#[must_use]
pub fn manifest(workspace: &Workspace, packet: &PacketId, resolved: &Resolved, ran: &[CommandRun]) -> ReproManifest {
    let names = ran.iter().flat_map(|ran| {
        let outputs = ran.entry.outputs.values().flat_map(OutputEntry::normalizers);
        ran.entry.stdout.normalizers.iter().chain(&ran.entry.stderr.normalizers).chain(outputs)
    });
    let normalizers = names.filter_map(|name| {
        let normalizer = normalize::by_name(name)?;
        Some((name.clone(), NormalizerEntry { version: normalizer.version(), rules: normalizer.rules_digest() }))
    });
    let commands: Vec<CommandEntry> = ran.iter().map(|ran| ran.entry.clone()).collect();
    ReproManifest {
        version: version_for(&commands, None),
        packet: packet.clone(),
        plan: workspace.plan_digest(),
        source: SourceEntry {
            root: resolved.source,
            date_epoch: resolved.date_epoch,
            dirty: false,
            git: resolved.git.clone(),
        },
        platform: PlatformEntry { isa: resolved.isa.clone(), os: "linux".into() },
        images: resolved.images.clone(),
        frozen: resolved.frozen.clone(),
        normalizers: normalizers.collect(),
        commands,
        failed: None,
        suppressions: None,
    }
}

/// Describes the machine that the engine runs containers on.
const fn machine(engine: &EngineInfo) -> MachineRecord {
    let EngineMachine { memory, processors } = engine.machine;
    MachineRecord { memory, processors }
}

/// Makes the records of the commands that ran, and stores what was seen of their attempts at the network.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn command_records(
    ran: &[CommandRun],
    notes: &BTreeMap<Name, FailureNotes>,
    store: &dyn BlobStore,
) -> Result<Vec<CommandRecord>, StoreError> {
    let look = |id: &Name| notes.get(id).and_then(|note| note.second_look.clone());
    ran.iter().map(|ran| command_record(ran, look(&ran.entry.id), store)).collect()
}

fn command_record(
    ran: &CommandRun,
    second_look: Option<SecondLookEntry>,
    store: &dyn BlobStore,
) -> Result<CommandRecord, StoreError> {
    let seen = canonical_json::to_vec(&ran.attempts).expect("what was seen is strings and integers");
    let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let earlier: Vec<AttemptRecord> = ran
        .earlier
        .iter()
        .map(|attempt| AttemptRecord {
            ending: attempt.ending,
            exit_code: attempt.exit_code,
            stdout: attempt.stdout,
            stderr: attempt.stderr,
            result: attempt.result,
            duration_ms: ms(attempt.duration),
        })
        .collect();
    let (id, network) = (ran.entry.id.clone(), Some(store.put(&seen)?));
    // What was taken over ran under the limits that its own run recorded.
    let limits = ran.taken_over.is_none().then(|| LimitsRecord {
        timeout_ms: ms(ran.limits.timeout.amount),
        timeout_from: ran.limits.timeout.source,
        memory: ran.limits.memory.amount,
        memory_from: ran.limits.memory.source,
    });
    let taken_over = ran.taken_over.clone();
    let (duration_ms, attempts) = (ms(ran.duration), attempts(ran));
    Ok(CommandRecord { id, duration_ms, attempts, limits, network, earlier, second_look, taken_over })
}

/// Counts how often a command was tried.
#[must_use]
pub fn attempts(ran: &CommandRun) -> u32 {
    u32::try_from(ran.earlier.len()).unwrap_or(u32::MAX).saturating_add(1)
}
