//! From an execution to its two records: the manifest (what must be equal everywhere) and the run record (what may differ).

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::actions::Resolved;
use super::execute::Ran;
use crate::workspace::Workspace;
use rcrepro_engine::EngineInfo;
use rcrepro_format::syntax::canonical_json;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::manifest::{
    AttemptEntry, CommandEntry, NormalizerEntry, OutputEntry, PlatformEntry, ReproManifest, SourceEntry, version_for,
};
use rcrepro_model::evidence::run_record::{AttemptRecord, CommandRecord, EngineRecord, HostRecord};
use rcrepro_model::execution::second_look::told::{FailureNotes, SecondLookEntry};
use rcrepro_model::plan::PacketId;
use rcrepro_model::text::civil_date;
use rcrepro_normalize as normalize;
use rcrepro_store::{BlobStore, StoreError};

/// Puts a manifest together from what ran.
#[must_use]
pub fn manifest(workspace: &Workspace, packet: &PacketId, resolved: &Resolved, ran: &[Ran]) -> ReproManifest {
    let names = ran.iter().flat_map(|ran| {
        let outputs = ran.entry.outputs.values().flat_map(OutputEntry::normalizers);
        ran.entry.stdout.normalizers.iter().chain(&ran.entry.stderr.normalizers).chain(outputs)
    });
    let normalizers = names.filter_map(|name| {
        let normalizer = normalize::by_name(name)?;
        Some((name.clone(), NormalizerEntry { version: normalizer.version(), rules: normalizer.rules_digest() }))
    });
    let commands: Vec<CommandEntry> = ran.iter().map(entry).collect();
    ReproManifest {
        version: version_for(&commands),
        packet: packet.clone(),
        plan: workspace.plan_digest(),
        source: SourceEntry { root: resolved.source, date_epoch: resolved.date_epoch, dirty: false },
        platform: PlatformEntry { isa: resolved.isa.clone(), os: "linux".into() },
        images: resolved.images.clone(),
        frozen: resolved.frozen.clone(),
        normalizers: normalizers.collect(),
        commands,
    }
}

/// Gives what the manifest says of a command, with the attempts that failed before it passed.
fn entry(ran: &Ran) -> CommandEntry {
    let earlier = ran.earlier.iter().map(|attempt| AttemptEntry {
        ending: attempt.ending,
        exit_code: attempt.exit_code,
        stdout: attempt.stdout,
        stderr: attempt.stderr,
        result: attempt.result,
    });
    CommandEntry { earlier: earlier.collect(), ..ran.entry.clone() }
}

/// Describes this machine and the engine.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the kernel's release")]
pub fn host(engine: &EngineInfo) -> (HostRecord, EngineRecord) {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let host = HostRecord {
        system: format!("{} {}", std::env::consts::OS, release.trim()),
        cpus: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        rcrepro: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let engine = EngineRecord {
        name: engine.name.clone(),
        version: engine.version.clone(),
        api_version: engine.api_version.clone(),
        staging: engine.staging.clone(),
    };
    (host, engine)
}

/// Writes a time as RFC 3339 in UTC, to the millisecond; also one before 1970.
#[must_use]
pub fn rfc3339(time: SystemTime) -> String {
    let millis = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => since.subsec_millis(),
        Err(before) => (1_000 - before.duration().subsec_millis()) % 1_000,
    };
    let second = civil_date::utc_second(seconds(time));
    format!("{}.{millis:03}Z", second.trim_end_matches('Z'))
}

/// Gives the whole seconds since 1970; negative before.
#[must_use]
pub fn seconds(time: SystemTime) -> i64 {
    let whole = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => whole(since),
        Err(before) => -whole(before.duration()) - i64::from(before.duration().subsec_nanos() > 0),
    }
}

/// Makes the records of the commands that ran, and stores what was seen of their attempts at the network.
///
/// # Errors
/// [`StoreError`].
pub fn command_records(
    ran: &[Ran],
    notes: &BTreeMap<Name, FailureNotes>,
    store: &dyn BlobStore,
) -> Result<Vec<CommandRecord>, StoreError> {
    let look = |id: &Name| notes.get(id).and_then(|note| note.second_look.clone());
    ran.iter().map(|ran| command_record(ran, look(&ran.entry.id), store)).collect()
}

fn command_record(
    ran: &Ran,
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
    Ok(CommandRecord { id, duration_ms: ms(ran.duration), attempts: attempts(ran), network, earlier, second_look })
}

/// Counts how often a command was tried.
#[must_use]
pub fn attempts(ran: &Ran) -> u32 {
    u32::try_from(ran.earlier.len()).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_on_both_sides_of_1970_have_their_text() {
        let after = |millis| SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        let before = |millis| SystemTime::UNIX_EPOCH - Duration::from_millis(millis);
        for (time, expected) in [
            (after(1_700_000_000_007), "2023-11-14T22:13:20.007Z"),
            (after(0), "1970-01-01T00:00:00.000Z"),
            (before(1), "1969-12-31T23:59:59.999Z"),
            (before(1_000), "1969-12-31T23:59:59.000Z"),
            (before(86_400_250), "1969-12-30T23:59:59.750Z"),
            (after(253_402_300_800_000), "9999-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(rfc3339(time), expected);
        }
    }
}
