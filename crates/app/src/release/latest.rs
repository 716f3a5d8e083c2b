//! What the newest run said of the release's images: a later failure of the same source counts, whatever was recorded before.

use serde::{Deserialize, Serialize};

use crate::evidence::recorded::RecordedError;
use rcrepro_format::syntax::canonical_json;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::release_record::Released;
use rcrepro_model::plan::PacketId;
use rcrepro_model::standing::Standing;
use rcrepro_model::text::plural::counted;
use rcrepro_store::runs::{RunDir, RunError, Runs};

/// Is what is kept of it in a run's folder.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    /// The root of the source.
    source: Digest,
    /// What was wrong, a line each.
    wrong: Vec<String>,
}

/// Keeps what became of the images in the run's folder. What could not be decided says nothing.
///
/// # Errors
/// [`RunError`] when it cannot be written.
pub fn keep(run: &RunDir, packet: &PacketId, source: Digest, released: &Released) -> Result<(), RunError> {
    if Standing::worst(&released.findings) == Standing::Undecided {
        return Ok(());
    }
    let line = |finding: &rcrepro_model::evidence::finding::Finding| {
        format!("{} {}: expected {}, found {}", finding.name.as_str(), finding.at, finding.expected, finding.found)
    };
    let said = Said { source, wrong: released.findings.iter().map(line).collect() };
    run.write_images(packet, &canonical_json::to_vec(&said).expect("it holds only strings"))
}

/// Gives what was wrong with the images when the newest run built them, a text each, with the run's id; none when nobody did.
///
/// # Errors
/// [`RunError`] when the runs cannot be read.
pub fn said(runs: &Runs, packet: &PacketId) -> Result<Option<(String, Vec<String>)>, RunError> {
    for run in runs.list()?.iter().rev() {
        let Some(bytes) = runs.images(run, packet)? else { continue };
        if let Ok(said) = serde_json::from_slice::<Said>(&bytes) {
            return Ok(Some((run.to_string(), said.wrong)));
        }
    }
    Ok(None)
}

/// Gives what was wrong when the newest run that built the images of this source found something.
///
/// # Errors
/// [`RecordedError`] when the runs, or what a newer one said, cannot be read: it could be that something was wrong.
pub fn failure(runs: &Runs, packet: &PacketId, source: Digest) -> Result<Option<String>, RecordedError> {
    for run in runs.list()?.iter().rev() {
        let Some(bytes) = runs.images(run, packet)? else { continue };
        let said: Said = serde_json::from_slice(&bytes).map_err(|source| {
            let path = runs.images_path(run, packet);
            RecordedError::Images { run: run.clone(), packet: packet.clone(), path, source }
        })?;
        if said.source == source {
            let first = said.wrong.first().and_then(|text| text.lines().next());
            return Ok(
                first.map(|first| format!("run {run}: {}, the first: {first}", counted(said.wrong.len(), "finding")))
            );
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_model::evidence::finding::{Finding, FindingName};

    #[test]
    fn the_newest_run_of_a_source_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let runs = Runs::open(folder.path()).expect("opened");
        let packet: PacketId = "RC-06".parse().expect("an id");
        let (one, other) = (Digest::of(b"1"), Digest::of(b"2"));
        let said = |name: Option<FindingName>| Released {
            record: None,
            findings: name
                .map(|name| Finding { name, at: "images.a".into(), expected: "x".into(), found: "y".into() })
                .into_iter()
                .collect(),
            written: None,
        };
        // The clock goes backwards, and the order stays.
        let mut seconds = 1_000;
        let mut after = |source, name| {
            seconds -= 1;
            let run = runs.begin(seconds, "a").expect("begun");
            keep(&run, &packet, source, &said(name)).expect("kept");
            failure(&runs, &packet, one).expect("read")
        };
        assert_eq!(after(one, None), None);
        let failed = after(one, Some(FindingName::ImageFailed)).expect("a failure");
        assert!(failed.ends_with("1 finding, the first: image-failed images.a: expected x, found y"), "{failed}");
        assert!(after(other, None).is_some(), "another source says nothing");
        assert!(after(one, Some(FindingName::ImageUndecided)).is_some(), "what is undecided says nothing");
        assert_eq!(after(one, None), None);
        let damaged = runs.list().expect("listed").pop().expect("a run");
        std::fs::write(runs.images_path(&damaged, &packet), b"{\"source\":").expect("our own file");
        let error = failure(&runs, &packet, one).expect_err("the older success does not take its place");
        assert!(error.line().contains("RC-06.images.json") && error.line().ends_with("rcrepro run RC-06"), "{error}");
    }
}
