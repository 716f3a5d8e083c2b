//! Compares the release's images with what was recorded of them.

#![warn(clippy::expect_used)]

use std::collections::BTreeMap;
use std::path::Path;

use super::error::ReleaseError;
use super::explained;
use super::judge::differences;
use super::step::{finding, record_path, within};
use crate::evidence;
use crate::why::records::{ImageOfSource, both};
use rcrepro_format::records::release_json;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::release_record::{BuiltEntry, ReleaseRecord, Released};
use rcrepro_model::execution::ending::of_exit_code;
use rcrepro_model::plan::Plan;
use rcrepro_store::BlobStore;
use rcrepro_store::door;

/// Reads the record that belongs to a manifest; none when there is none.
///
/// # Errors
/// [`ReleaseError`] when it is there and is no record.
pub fn read(manifest: &Path) -> Result<Option<(ReleaseRecord, Digest)>, ReleaseError> {
    let path = record_path(manifest);
    let bytes = match door::read(&path, door::RECORD_LIMIT) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(ReleaseError::Read { path, source }),
        Ok(bytes) => bytes,
    };
    match release_json::decode(&bytes) {
        Ok(record) => Ok(Some((record, Digest::of(&bytes)))),
        Err(source) => Err(ReleaseError::Record { path, source }),
    }
}

/// Adds to what a replay found where it differs from what was recorded. Without a record nothing is decided.
///
/// # Errors
/// [`ReleaseError`] when the record or its evidence cannot be read.
pub fn compare(
    manifest: &Path,
    released: &mut Released,
    plan: &Plan,
    store: &dyn BlobStore,
) -> Result<(), ReleaseError> {
    let Some(found) = &released.record else { return Ok(()) };
    let Some((recorded, _)) = read(manifest)? else {
        for name in found.images.keys() {
            let is = format!("no record at `{}`: rcrepro run {}", record_path(manifest).display(), found.packet);
            released.findings.push(finding(FindingName::ImageUndecided, name, "", "a record to compare with", is));
        }
        return Ok(());
    };
    evidence::import(&record_path(manifest), store)?;
    let mut findings = records(&recorded, found, store)?;
    for (name, old) in &recorded.images {
        let Some(new) = found.images.get(name) else { continue };
        let of = ImageOfSource { name, image: plan.release_images.get(name), source: found.source };
        explained::explain(&mut findings, &of, both(old, new), store)?;
    }
    released.findings.extend(findings);
    Ok(())
}

fn records(
    recorded: &ReleaseRecord,
    found: &ReleaseRecord,
    store: &dyn BlobStore,
) -> Result<Vec<Finding>, ReleaseError> {
    let mut findings = Vec::new();
    let changed = |at: &str, expected: String, found: String| Finding {
        name: FindingName::ImageChanged,
        at: format!("images.{at}"),
        expected,
        found,
    };
    let inputs = [
        ("source", recorded.source.to_string(), found.source.to_string()),
        ("isa", recorded.isa.clone(), found.isa.clone()),
        ("locked", locks(&recorded.locked, |image| image.lock), locks(&found.locked, |image| image.lock)),
        ("frozen", locks(&recorded.frozen, |input| input.lock), locks(&found.frozen, |input| input.lock)),
    ];
    for (at, expected, is) in inputs {
        if expected != is {
            findings.push(changed(at, expected, is));
        }
    }
    for (name, old) in &recorded.images {
        match found.images.get(name) {
            Some(new) => findings.extend(entries(name, old, new, store)?),
            None => findings.push(changed(name.as_str(), "the image".to_owned(), "nothing".to_owned())),
        }
    }
    for name in found.images.keys().filter(|name| !recorded.images.contains_key(*name)) {
        findings.push(changed(name.as_str(), "nothing".to_owned(), "the image".to_owned()));
    }
    Ok(findings)
}

/// Lists what was locked, with the digest of each lock, which says all else.
fn locks<T>(locked: &BTreeMap<Name, T>, lock: impl Fn(&T) -> Digest) -> String {
    let locks: Vec<String> = locked.iter().map(|(name, entry)| format!("{name} {}", lock(entry))).collect();
    if locks.is_empty() { "none".to_owned() } else { locks.join(", ") }
}

fn entries(
    name: &Name,
    old: &BuiltEntry,
    new: &BuiltEntry,
    store: &dyn BlobStore,
) -> Result<Vec<Finding>, ReleaseError> {
    let mut findings = differences(name, FindingName::ImageChanged, old.parts, new.parts, store)?;
    let mut differ = |at: String, expected: String, is: String| {
        if expected != is {
            findings.push(finding(FindingName::ImageChanged, name, &at, expected, is));
        }
    };
    differ("runs".to_owned(), old.runs.len().to_string(), new.runs.len().to_string());
    differ("smoke".to_owned(), old.smoke.len().to_string(), new.smoke.len().to_string());
    for (index, (old, new)) in old.runs.iter().zip(&new.runs).enumerate() {
        let at = |what: &str| format!("runs.{index}.{what}");
        differ(at("exit-code"), of_exit_code(old.exit_code), of_exit_code(new.exit_code));
        differ(at("stdout"), old.stdout.to_string(), new.stdout.to_string());
        differ(at("stderr"), old.stderr.to_string(), new.stderr.to_string());
    }
    // A record of an older version says nothing of it.
    if let (Some(old), Some(new)) = (old.inspection, new.inspection) {
        differ("inspection".to_owned(), old.to_string(), new.to_string());
    }
    differ("platforms".to_owned(), listed(old.platforms.keys()), listed(new.platforms.keys()));
    for (old, new) in old.smoke.iter().zip(&new.smoke) {
        let at = |what: &str| format!("{}.{what}", old.id);
        differ(at("id"), old.id.to_string(), new.id.to_string());
        differ(at("action"), old.action.to_string(), new.action.to_string());
        differ(at("exit-code"), of_exit_code(old.exit_code), of_exit_code(new.exit_code));
        differ(at("stdout"), old.stdout.to_string(), new.stdout.to_string());
        differ(at("stderr"), old.stderr.to_string(), new.stderr.to_string());
        // A record of an older version says nothing of it.
        if let (Some(old), Some(new)) = (old.stopped, new.stopped) {
            differ(at("stopped"), old.to_string(), new.to_string());
        }
    }
    for (platform, old) in &old.platforms {
        let Some(new) = new.platforms.get(platform) else { continue };
        let differing = differences(name, FindingName::ImageChanged, old.parts, new.parts, store)?.into_iter();
        findings.extend(differing.map(|found| Finding { at: within(&found.at, name, platform), ..found }));
    }
    Ok(findings)
}

fn listed<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<&str> = names.map(String::as_str).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
