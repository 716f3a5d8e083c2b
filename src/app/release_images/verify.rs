//! `rcrepro verify` of what was recorded of a release's images: by the evidence beside it alone, as for the packet's commands.
//! The smoke commands' actions are not derived again: their inputs hold the image's own files, which do not travel.

use std::io;
use std::path::Path;

use super::compare::read;
use super::judge::judge;
use super::{ReleaseError, finding, record_path};
use crate::app::evidence;
use crate::app::status::recorded_plan;
use crate::model::finding::{Finding, FindingName};
use crate::model::manifest::ReproManifest;
use crate::model::release_record::ReleaseRecord;
use crate::store::BlobStore;
use crate::store::layered::Layered;

/// Lists what is wrong with the record that belongs to a manifest file; nothing where the packet names no image. `manifest` is
/// what the file holds, `evidence` its blobs, and `store` the user's store's folder.
///
/// # Errors
/// [`ReleaseError`] when the record is there and cannot be read.
pub fn verify(
    path: &Path,
    manifest: &ReproManifest,
    evidence: &dyn BlobStore,
    store: &Path,
) -> Result<Vec<Finding>, ReleaseError> {
    // A plan that cannot be read is a finding of the manifest's.
    let Some(plan) = recorded_plan(manifest, evidence) else { return Ok(Vec::new()) };
    let wanted: Vec<_> =
        plan.packets.get(&manifest.packet).map(|packet| plan.released(packet).collect()).unwrap_or_default();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let at = record_path(path);
    let Some((record, _)) = read(path)? else {
        let lacks =
            |name| finding(FindingName::ImageUndecided, name, "", "a record", format!("none at `{}`", at.display()));
        return Ok(wanted.into_iter().map(|(name, _)| lacks(name)).collect());
    };
    let mut found = contradictions(&record, manifest);
    found.extend(evidence::damaged(&at)?.into_iter().map(|(name, is)| Finding {
        name: FindingName::EvidenceDamaged,
        at: format!("images.evidence/{name}"),
        expected: name,
        found: is.hash.to_string(),
    }));
    let blobs = Layered::new(&evidence::folder_of(&at), Some(store))?;
    let missing: Vec<Finding> = record
        .blobs()
        .filter_map(|digest| {
            let read = blobs.reader(digest).map(|mut reader| io::copy(&mut reader, &mut io::sink()));
            let why = match read {
                Ok(Ok(_)) => return None,
                Ok(Err(error)) => error.to_string(),
                Err(error) => error.to_string(),
            };
            let (name, at) = (FindingName::EvidenceMissing, "images.evidence".to_owned());
            Some(Finding { name, at, expected: digest.to_string(), found: why })
        })
        .collect();
    let whole = missing.is_empty();
    found.extend(missing);
    for (name, image) in wanted {
        match record.images.get(name) {
            Some(entry) if whole => found.extend(judge(name, image, entry, &blobs)?),
            Some(_) => {}
            None => found.push(finding(FindingName::ImageUndecided, name, "", "an entry in the record", "none")),
        }
    }
    Ok(found)
}

/// Holds what record and manifest both say against each other.
fn contradictions(record: &ReleaseRecord, manifest: &ReproManifest) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut same = |name, at: String, expected: String, is: String| {
        if expected != is {
            found.push(Finding { name, at: format!("images.{at}"), expected, found: is });
        }
    };
    let differs = FindingName::PlanDiffers;
    same(differs, "packet".into(), manifest.packet.to_string(), record.packet.to_string());
    same(differs, "plan".into(), manifest.plan.to_string(), record.plan.to_string());
    same(differs, "source".into(), manifest.source.root.to_string(), record.source.to_string());
    same(differs, "date_epoch".into(), manifest.source.date_epoch.to_string(), record.date_epoch.to_string());
    for (name, image) in &record.locked {
        if let Some(entry) = manifest.images.get(name) {
            same(FindingName::ImageDiffers, format!("locked.{name}"), format!("{entry:?}"), format!("{image:?}"));
        }
    }
    for (name, input) in &record.frozen {
        if let Some(entry) = manifest.frozen.get(name) {
            same(FindingName::FrozenDiffers, format!("frozen.{name}"), format!("{entry:?}"), format!("{input:?}"));
        }
    }
    found
}
