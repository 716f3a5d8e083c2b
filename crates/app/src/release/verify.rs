//! `rcrepro verify` of what was recorded of a release's images: by the evidence beside it alone, as for the packet's commands.
//! Nothing of an image travels but its directories; those are enough to derive the smoke commands' actions again.

#![warn(clippy::expect_used)]

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use super::buildkit::{FIRST_OF_BATCHES, batches, recorded_command};
use super::error::ReleaseError;
use super::judge::judge;
use super::step::{finding, record_path};
use super::trial::smoke_action;
use crate::evidence::evidence_folder::EvidenceFolder;
use crate::evidence::record_file::RecordFile;
use crate::evidence::recorded;
use crate::run::actions::Resolved;
use rcrepro_format::records::release_json::{self, ReleaseRecordError};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::content::tree::{Directory, TreeNode};
use rcrepro_model::evidence::finding::{EvidenceCount, Finding, FindingName, Note};
use rcrepro_model::evidence::manifest::ReproManifest;
use rcrepro_model::evidence::release_record::{BuiltEntry, OLDEST_RELEASE_RECORD_VERSION, ReleaseRecord, result_of};
use rcrepro_model::execution::action::Action;
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::plan::Plan;
use rcrepro_model::plan::release_image::{BuildkitImage, ReleaseImage};
use rcrepro_store::BlobStore;
use rcrepro_store::stacked::Stacked;

/// The place of the record's evidence in findings.
const EVIDENCE: &str = "images.evidence";

/// The result of verifying the record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifiedImages {
    /// How many blobs the record names, and how many of them are there.
    pub evidence: EvidenceCount,
    /// Everything that is wrong.
    pub findings: Vec<Finding>,
    /// What a reader should know beside that.
    pub notes: Vec<Note>,
    /// Statements of the record that nothing in its evidence can confirm.
    pub untied: Vec<Note>,
}

/// Judges the record that belongs to a manifest file; nothing where the packet names no image. `manifest` is what the file holds,
/// `evidence` its blobs, and `store` the folder of the user's store.
///
/// # Errors
/// [`ReleaseError`] when files cannot be read.
pub fn verify(
    path: &Path,
    manifest: &ReproManifest,
    evidence: &dyn BlobStore,
    store: Option<&Path>,
) -> Result<VerifiedImages, ReleaseError> {
    // A plan that cannot be read is a finding of the manifest's.
    let Some(plan) = recorded::plan(manifest, evidence) else { return Ok(VerifiedImages::default()) };
    let wanted = wanted(&plan, manifest);
    let at = record_path(path);
    let record = match RecordFile::open(&at, store) {
        Ok(record) => record,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let lacks = |(name, _): (&Name, _)| {
                finding(FindingName::ImageUndecided, name, "", "a record", format!("none at `{}`", at.display()))
            };
            return Ok(VerifiedImages {
                findings: wanted.into_iter().map(lacks).collect(),
                ..VerifiedImages::default()
            });
        }
        Err(source) => return Err(ReleaseError::Read { path: at, source }),
    };
    Ok(judge_record(record.bytes(), &record.examine_folder()?, &plan, manifest, evidence, record.blobs()))
}

fn wanted<'a>(plan: &'a Plan, manifest: &ReproManifest) -> Vec<(&'a Name, &'a ReleaseImage)> {
    plan.packets.get(&manifest.packet).map(|packet| plan.released(packet).collect()).unwrap_or_default()
}

/// Judges a record's bytes. `evidence` holds the manifest's blobs, `blobs` those of the record and takes what is derived.
#[must_use]
pub fn judge_record(
    bytes: &[u8],
    beside: &EvidenceFolder,
    plan: &Plan,
    manifest: &ReproManifest,
    evidence: &dyn BlobStore,
    blobs: &dyn BlobStore,
) -> VerifiedImages {
    let mut judged = VerifiedImages {
        findings: beside.findings(EVIDENCE),
        notes: beside.notes(EVIDENCE),
        ..VerifiedImages::default()
    };
    let record = match release_json::decode(bytes) {
        Ok(record) => record,
        Err(error) => {
            judged.findings.push(unreadable(&error));
            return judged;
        }
    };
    // A store that takes nothing leaves these blobs missing, which is a finding below.
    let _ = beside.restore(blobs);
    let stacked = Stacked::new(blobs, evidence);
    let wanted = wanted(plan, manifest);
    judged.findings.extend(contradictions(&record, manifest, &wanted));
    let (count, missing) = whole(&record, &stacked);
    judged.evidence = count;
    let is_whole = missing.is_empty();
    match (beside.missing, is_whole) {
        (true, false) => judged.findings.push(no_folder(beside)),
        _ => judged.findings.extend(missing),
    }
    for (name, image) in &wanted {
        match record.images.get(*name) {
            Some(entry) if is_whole => match judge(name, image, entry, &stacked) {
                Ok(found) => judged.findings.extend(found),
                Err(error) => {
                    let found =
                        finding(FindingName::ImageUndecided, name, "", "evidence that can be read", told(&error));
                    judged.findings.push(found);
                }
            },
            Some(_) => {}
            None => {
                judged.findings.push(finding(FindingName::ImageUndecided, name, "", "an entry in the record", "none"))
            }
        }
        if let Some(entry) = record.images.get(*name) {
            judged.findings.extend(actions(name, image, entry, plan, manifest, &stacked));
            judged.findings.extend(results(name, entry));
        }
    }
    if is_whole {
        judged.findings.extend(builds(&wanted, &record, manifest, &stacked));
    }
    untied(&record, &mut judged.untied);
    judged
}

fn no_folder(beside: &EvidenceFolder) -> Finding {
    Finding {
        name: FindingName::EvidenceMissing,
        at: EVIDENCE.to_owned(),
        expected: "the folder of evidence that travels with the record".to_owned(),
        found: format!("no folder `{}`", beside.path.display()),
    }
}

fn unreadable(error: &ReleaseRecordError) -> Finding {
    let name = match error {
        ReleaseRecordError::Version { .. } => FindingName::UnknownVersion,
        ReleaseRecordError::NotCanonical { .. } => FindingName::NotCanonical,
        ReleaseRecordError::Malformed(_)
        | ReleaseRecordError::Results { .. }
        | ReleaseRecordError::Manifests { .. }
        | ReleaseRecordError::Ends { .. }
        | ReleaseRecordError::Inspections { .. }
        | ReleaseRecordError::TooLarge { .. } => FindingName::Malformed,
    };
    let expected = "a record of release images".to_owned();
    Finding { name, at: "images".to_owned(), expected, found: error.to_string() }
}

/// Counts the record's blobs and finds those that are missing or damaged.
fn whole(record: &ReleaseRecord, blobs: &dyn BlobStore) -> (EvidenceCount, Vec<Finding>) {
    let mut named: BTreeSet<Digest> = record.blobs().collect();
    let trees = record.images.values().flat_map(BuiltEntry::all_parts).map(|(_, parts)| parts.tree);
    named.extend(directories(trees.collect(), blobs));
    let mut missing = Vec::new();
    for digest in &named {
        let read = blobs.reader(*digest).map(|mut reader| io::copy(&mut reader, &mut io::sink()));
        let why = match read {
            Ok(Ok(_)) => continue,
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        let (name, at) = (FindingName::EvidenceMissing, EVIDENCE.to_owned());
        missing.push(Finding { name, at, expected: digest.to_string(), found: why });
    }
    let count = EvidenceCount { named: named.len(), present: named.len() - missing.len(), derived: 0 };
    (count, missing)
}

/// Names the directories of trees, also those that are missing; that a blob is not a directory is found when it is judged.
fn directories(mut open: Vec<Digest>, blobs: &dyn BlobStore) -> BTreeSet<Digest> {
    let mut seen = BTreeSet::new();
    while let Some(at) = open.pop() {
        if !seen.insert(at) {
            continue;
        }
        let directory = blobs.get(at).ok().and_then(|bytes| Directory::decode(&bytes).ok()).unwrap_or_default();
        open.extend(directory.entries.into_values().filter_map(|node| match node {
            TreeNode::Directory { digest } => Some(digest),
            _ => None,
        }));
    }
    seen
}

/// Holds what record, manifest and plan all say against each other.
fn contradictions(record: &ReleaseRecord, manifest: &ReproManifest, wanted: &[(&Name, &ReleaseImage)]) -> Vec<Finding> {
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
    same(FindingName::PlatformDiffers, "isa".into(), manifest.platform.isa.clone(), record.isa.clone());
    let (locked, frozen) = used(wanted);
    same(differs, "locked".into(), names(&locked), names(&record.locked.keys().cloned().collect()));
    same(differs, "frozen".into(), names(&frozen), names(&record.frozen.keys().cloned().collect()));
    let images: BTreeSet<Name> = wanted.iter().map(|(name, _)| (*name).clone()).collect();
    let more: BTreeSet<Name> = record.images.keys().filter(|name| !images.contains(*name)).cloned().collect();
    same(
        differs,
        "images".into(),
        "no image beside those of the packet".into(),
        match more.is_empty() {
            true => "no image beside those of the packet".into(),
            false => names(&more),
        },
    );
    for (name, image) in &record.locked {
        let of_manifest = manifest.images.get(name);
        if of_manifest != Some(image) {
            let lock = |lock: Digest| format!("an image of lock {lock}");
            let expected = of_manifest.map_or_else(|| "an image of the manifest".to_owned(), |entry| lock(entry.lock));
            let is = format!("another one, of lock {}", image.lock);
            same(FindingName::ImageDiffers, format!("locked.{name}"), expected, is);
        }
    }
    for (name, input) in &record.frozen {
        let of_manifest = manifest.frozen.get(name);
        if of_manifest != Some(input) {
            let tree = |lock: Digest, root: Digest| format!("lock {lock}, tree {root}");
            let expected =
                of_manifest.map_or_else(|| "an input of the manifest".to_owned(), |entry| tree(entry.lock, entry.root));
            same(FindingName::FrozenDiffers, format!("frozen.{name}"), expected, tree(input.lock, input.root));
        }
    }
    found
}

/// Lists the locked images and frozen inputs that the packet's own images are built and tried with.
fn used(wanted: &[(&Name, &ReleaseImage)]) -> (BTreeSet<Name>, BTreeSet<Name>) {
    let (mut locked, mut frozen) = (BTreeSet::new(), BTreeSet::new());
    for (_, image) in wanted {
        locked.extend(image.builders.values().cloned());
        locked.extend(image.buildkit.iter().flat_map(BuildkitImage::images).cloned());
        locked.extend(image.smoke.iter().map(|spec| spec.image.clone()));
        frozen.extend(image.frozen.iter().cloned());
        frozen.extend(image.smoke.iter().flat_map(|spec| spec.frozen.iter().cloned()));
    }
    (locked, frozen)
}

fn names(names: &BTreeSet<Name>) -> String {
    let names: Vec<&str> = names.iter().map(Name::as_str).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Derives the actions of the commands beside an image again.
fn actions(
    name: &Name,
    image: &ReleaseImage,
    entry: &BuiltEntry,
    plan: &Plan,
    manifest: &ReproManifest,
    store: &dyn BlobStore,
) -> Vec<Finding> {
    let resolved = Resolved::recorded(manifest);
    let results = manifest.results();
    let mut found = Vec::new();
    for (spec, smoke) in image.smoke.iter().zip(&entry.smoke) {
        let at = format!("{}.action", spec.id);
        match smoke_action(plan, spec, &resolved, &results, entry.parts.tree, store) {
            Ok(action) if action.digest() == smoke.action => {}
            Ok(action) => {
                let (expected, is) = (action.digest().to_string(), smoke.action.to_string());
                found.push(finding(FindingName::ActionDiffers, name, &at, expected, is));
            }
            Err(error) => {
                found.push(finding(
                    FindingName::ImageUndecided,
                    name,
                    &at,
                    "an action that can be derived",
                    told(&error),
                ));
            }
        }
    }
    found
}

/// Derives the lines of each builder again, and holds them against the action that is recorded. What the action's input root holds does
/// not travel.
fn builds(
    images: &[(&Name, &ReleaseImage)],
    record: &ReleaseRecord,
    manifest: &ReproManifest,
    store: &dyn BlobStore,
) -> Vec<Finding> {
    let resolved = Resolved::recorded(manifest);
    let Some(machine) = ImagePlatform::of_isa(&resolved.isa) else { return Vec::new() };
    let mut found = Vec::new();
    for batch in batches(images.iter().copied(), machine) {
        for target in &batch {
            let Some(entry) = record.images.get(target.name) else { continue };
            let Some(builder) = &entry.builder else { continue };
            let (at, action, command) = if target.platform == machine {
                // A record of version 3 has no line.
                let Some(command) = builder.command else { continue };
                ("builder".to_owned(), builder.action, command)
            } else {
                let Some(one) = entry.platforms.get(&target.platform.to_string()) else { continue };
                (format!("platforms.{}", target.platform), one.action, one.command)
            };
            let own = [*target];
            let together = if record.version < FIRST_OF_BATCHES { &own[..] } else { &batch[..] };
            let line = recorded_command(together, &builder.secrets, (record.version, &resolved));
            let root = store.get(action).ok().and_then(|bytes| Action::input_root_of(&bytes));
            let whole = root.map(|input_root| Action { command: line.clone(), input_root, timeout: None }.digest());
            let derived = [("command", Some(Digest::of(&line.encode())), command), ("action", whole, action)];
            for (what, derived, is) in derived.into_iter().filter(|(_, derived, is)| *derived != Some(*is)) {
                let expected = derived.map_or_else(|| "an action".to_owned(), |derived| derived.to_string());
                let at = format!("{at}.{what}");
                found.push(finding(FindingName::ActionDiffers, target.name, &at, expected, is.to_string()));
            }
        }
    }
    found
}

/// Derives the results that tie exit codes to streams again; those of a record of version 1 are not there.
fn results(name: &Name, entry: &BuiltEntry) -> Vec<Finding> {
    let runs = entry.runs.iter().enumerate().map(|(index, run)| {
        (format!("runs.{index}.result"), run.result, result_of(run.exit_code, run.stdout, run.stderr))
    });
    let smoke = entry.smoke.iter().map(|smoke| {
        (format!("{}.result", smoke.id), smoke.result, result_of(smoke.exit_code, smoke.stdout, smoke.stderr))
    });
    let differing = runs.chain(smoke).filter_map(|(at, stated, result)| {
        let (stated, found) = (stated?, Digest::of(&result.encode()));
        (stated != found).then(|| finding(FindingName::ResultDiffers, name, &at, found.to_string(), stated.to_string()))
    });
    differing.collect()
}

/// Says what a record of this version cannot confirm.
fn untied(record: &ReleaseRecord, untied: &mut Vec<Note>) {
    if record.version == OLDEST_RELEASE_RECORD_VERSION {
        let says = "what the images and the commands beside them wrote: a record of version 1 ties no stream to a result, \
                    one that is recorded anew does";
        untied.push(Note { at: "images.version".to_owned(), says: says.to_owned() });
    }
    let says = match record.version {
        0..=4 => {
            "what the images' files hold, set-id files among it: a record before version 5 says nothing of it, one that is \
                  recorded anew does"
        }
        _ => "what was read in the images' files, which do not travel: `rcrepro replay` reads them again",
    };
    untied.push(Note { at: "images.inspection".to_owned(), says: says.to_owned() });
    let says = "that the images were built, twice, and run: `rcrepro replay` builds them again";
    untied.push(Note { at: "images".to_owned(), says: says.to_owned() });
}

/// Writes an error with its causes.
fn told(error: &ReleaseError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
