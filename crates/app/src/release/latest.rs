//! What the newest run said of the release's images: a later failure of the same source counts, whatever was recorded before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::ReleaseError;
use crate::evidence::history::History;
use crate::evidence::recorded::{PacketInRun, RecordedError};
use rcrepro_format::records::release_json;
use rcrepro_format::syntax::canonical_json;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::release_record::{ReleaseRecord, Released};
use rcrepro_model::evidence::run_record::RunRecord;
use rcrepro_model::plan::PacketId;
use rcrepro_model::standing::Standing;
use rcrepro_model::text::plural::counted;
use rcrepro_store::BlobStore as _;
use rcrepro_store::fs::FsStore;
use rcrepro_store::runs::RunDir;

/// The file in a run's folder.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    /// The root of the source.
    source: Digest,
    /// What was wrong, one line for each finding.
    wrong: Vec<String>,
    /// All that the builders said of the images that they did not build.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    outputs: BTreeMap<Name, String>,
    /// The record of all images, in the store, whatever was wrong with them; none when one was not built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    record: Option<Digest>,
}

/// Keeps what became of the images in the run's folder. What could not be decided says nothing.
///
/// # Errors
/// [`ReleaseError`] when it cannot be written.
pub(crate) fn keep(
    (run, store): (&RunDir, &FsStore),
    packet: &PacketId,
    source: Digest,
    released: &Released,
) -> Result<(), ReleaseError> {
    if Standing::worst(&released.findings) == Standing::Undecided {
        return Ok(());
    }
    let line = |finding: &rcrepro_model::evidence::finding::Finding| {
        format!("{} {}: expected {}, found {}", finding.name.as_str(), finding.at, finding.expected, finding.found)
    };
    let record = released.record.as_ref().map(|record| store.put(&release_json::encode(record).0)).transpose()?;
    let wrong = released.findings.iter().map(line).collect();
    let said = Said { source, wrong, outputs: released.outputs.clone(), record };
    Ok(run.write_images(packet, &canonical_json::to_vec(&said).expect("it holds only strings"))?)
}

/// What was wrong with a packet's images when the newest run of a plan built them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagesOfRun {
    /// The run's id.
    pub run: String,
    /// When it began, RFC 3339.
    pub started: String,
    /// What was wrong, one text for each finding.
    pub wrong: Vec<String>,
    /// All that the builders said of the images that they did not build.
    pub outputs: BTreeMap<Name, String>,
}

/// Finds what was wrong with the images when the newest run of a plan built them; none when no run did.
///
/// # Errors
/// [`RecordedError`] when the runs, or what the newest one said, cannot be read.
pub fn said(history: &History, packet: &PacketId, plan: Digest) -> Result<Option<ImagesOfRun>, RecordedError> {
    history.newest_with(packet, |record| {
        let said = if record.plan == plan { read(history, &record)? } else { None };
        Ok(said.map(|Said { wrong, outputs, .. }| ImagesOfRun {
            run: record.run,
            started: record.started,
            wrong,
            outputs,
        }))
    })
}

/// Gives what was wrong when the newest run that built the images of this source found something. A replay is compared with a
/// record: without one, only runs count.
///
/// # Errors
/// [`RecordedError`] when the runs, or what a newer one said, cannot be read: it could be that something was wrong.
pub(crate) fn failure(
    history: &History,
    packet: &PacketId,
    (source, is_recorded): (Digest, bool),
) -> Result<Option<String>, RecordedError> {
    let newest = history.newest_with(packet, |record| {
        if !is_recorded && record.kind != "run" {
            return Ok(None);
        }
        let said = read(history, &record)?.filter(|said| said.source == source);
        Ok(said.map(|said| (record, said.wrong)))
    })?;
    Ok(newest.and_then(|(RunRecord { run, started, .. }, wrong)| {
        let first = wrong.first()?.lines().next()?;
        Some(format!("failed in run {run} of {started}: {}, the first: {first}", counted(wrong.len(), "finding")))
    }))
}

/// Reads what a run recorded of all images; none when it built none, or not all of them, and where that is not in the store any longer.
///
/// # Errors
/// [`RecordedError`] when what the run said cannot be read.
pub(crate) fn record(
    history: &History,
    record: &RunRecord,
    store: &FsStore,
) -> Result<Option<ReleaseRecord>, RecordedError> {
    let digest = read(history, record)?.and_then(|said| said.record);
    let bytes = digest.and_then(|digest| store.get(digest).ok());
    Ok(bytes.and_then(|bytes| release_json::decode(&bytes).ok()))
}

fn read(history: &History, record: &RunRecord) -> Result<Option<Said>, RecordedError> {
    let Some((run, path, bytes)) = history.images(record)? else { return Ok(None) };
    let said = serde_json::from_slice(&bytes);
    let of = PacketInRun { run: run.to_string(), packet: record.packet.clone() };
    said.map(Some).map_err(|source| RecordedError::Images(of, path, source))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::history::tests::record;
    use rcrepro_format::records::run_record_json;
    use rcrepro_model::evidence::finding::{Finding, FindingName};
    use rcrepro_store::runs::Runs;

    #[test]
    fn the_newest_run_of_a_source_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let runs = Runs::open(folder.path()).expect("opened");
        let history = History::open(folder.path()).expect("opened");
        let store = FsStore::open(folder.path()).expect("opened");
        let packet: PacketId = "RC-06".parse().expect("an id");
        let (one, other) = (Digest::of(b"1"), Digest::of(b"2"));
        let said = |name: Option<FindingName>| Released {
            record: None,
            findings: name
                .map(|name| Finding { name, at: "images.a".into(), expected: "x".into(), found: "y".into() })
                .into_iter()
                .collect(),
            written: None,
            twice: std::collections::BTreeSet::new(),
            outputs: BTreeMap::new(),
        };
        // The clock goes backwards, and the order stays.
        let mut seconds = 1_000;
        let mut after = |source, name| {
            seconds -= 1;
            let run = runs.begin(seconds, "a").expect("begun");
            let record = record(run.id(), &packet, Digest::of(b"plan"));
            run.write_record(&packet, &run_record_json::encode(&record)).expect("written");
            keep((&run, &store), &packet, source, &said(name)).expect("kept");
            failure(&history, &packet, (one, true)).expect("read")
        };
        assert_eq!(after(one, None), None);
        let failed = after(one, Some(FindingName::ImageFailed)).expect("a failure");
        assert!(failed.ends_with("1 finding, the first: image-failed images.a: expected x, found y"), "{failed}");
        assert!(after(other, None).is_some(), "another source says nothing");
        assert!(after(one, Some(FindingName::ImageUndecided)).is_some(), "what is undecided says nothing");
        assert_eq!(after(one, None), None);
        let damaged = runs.list().expect("listed").pop().expect("a run");
        std::fs::write(runs.images_path(&damaged, &packet), b"{\"source\":").expect("our own file");
        let error = failure(&history, &packet, (one, true)).expect_err("the older success does not take its place");
        assert!(error.line().contains("RC-06.images.json") && error.line().ends_with("rcrepro run RC-06"), "{error}");
    }
}
