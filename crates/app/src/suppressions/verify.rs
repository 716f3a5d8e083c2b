//! The recorded ledger of a manifest, made again from what it follows from.

use std::rc::Rc;

use super::ledger::of_manifest;
use super::reading::TreeReading;
use rcrepro_format::plan::plan_toml;
use rcrepro_format::records::suppressions_json::{self, LedgerError};
use rcrepro_model::evidence::finding::{Finding, FindingName, Note};
use rcrepro_model::evidence::manifest::ReproManifest;
use rcrepro_model::evidence::suppression::{Silenced, Suppression, SuppressionSource, changes};
use rcrepro_model::text::plural::counted;
use rcrepro_normalize as normalize;
use rcrepro_store::BlobStore;

/// The place of the ledger in a manifest.
const AT: &str = "suppressions";

/// Compares the ledger of a manifest with what source, plan, lines and streams say, as far as they are there. `tree` reads the source.
/// A manifest without a ledger has neither findings nor notes; blobs that are missing are findings elsewhere.
pub(crate) fn verify(
    manifest: &ReproManifest,
    blobs: &dyn BlobStore,
    tree: &dyn Fn() -> Option<Rc<TreeReading>>,
) -> (Vec<Finding>, Vec<Note>) {
    let Some(digest) = manifest.suppressions else { return (Vec::new(), Vec::new()) };
    let Ok(bytes) = blobs.get(digest) else { return missing(digest.to_string()) };
    let untied = |says: String| (Vec::new(), vec![Note { at: AT.to_owned(), says }]);
    let recorded = match suppressions_json::decode(&bytes) {
        Ok(ledger) => ledger.entries,
        Err(error @ LedgerError::Version { .. }) => {
            return untied(format!("that it is the whole ledger: {error}, and other readers find something else"));
        }
        Err(error) => {
            let finding = differs(AT.to_owned(), "a ledger of suppressions".to_owned(), error.to_string());
            return (vec![finding], Vec::new());
        }
    };
    let names: Vec<&str> = normalize::all().iter().map(normalize::Normalizer::name).collect();
    let plan = blobs.get(manifest.plan).ok().map(|plan| plan_toml::parse(&String::from_utf8_lossy(&plan), &names));
    let (Some(Ok(plan)), Some(tree)) = (plan, tree()) else {
        return untied("that it is the whole ledger: the plan or a folder of the source is not there".to_owned());
    };
    let derived = of_manifest(&plan, manifest, &tree, blobs);
    let has_streams = |entry: &Suppression| {
        let command = manifest.commands.iter().find(|command| format!("commands.{}", command.id) == entry.at);
        command.is_none_or(|command| [command.stdout.raw, command.stderr.raw].iter().all(|raw| blobs.get(*raw).is_ok()))
    };
    // Whether an entry silences anything may depend on a file that is not there.
    let is_whole = tree.unread.is_empty();
    let comparable = |entries: Vec<Suppression>| -> Vec<Suppression> {
        let known = |entry: &Suppression| match entry.source {
            SuppressionSource::Tree => !tree.unread.contains_key(&entry.at),
            SuppressionSource::Evidence => has_streams(entry),
            SuppressionSource::Line | SuppressionSource::Plan => true,
        };
        let kept = entries.into_iter().filter(known);
        let same =
            |entry: Suppression| if is_whole { entry } else { Suppression { silenced: Silenced::Undecided, ..entry } };
        kept.map(same).collect()
    };
    let findings = compare(&comparable(recorded), &comparable(derived));
    if is_whole {
        return (findings, Vec::new());
    }
    let says =
        format!("that {} of the source suppress nothing else: they are not here", counted(tree.unread.len(), "file"));
    (findings, vec![Note { at: AT.to_owned(), says }])
}

fn missing(digest: String) -> (Vec<Finding>, Vec<Note>) {
    let (name, at, found) = (FindingName::EvidenceMissing, AT.to_owned(), "nothing".to_owned());
    (vec![Finding { name, at, expected: digest, found }], Vec::new())
}

/// Lists the entries that one of the two does not have as the other has them.
fn compare(recorded: &[Suppression], derived: &[Suppression]) -> Vec<Finding> {
    if recorded == derived {
        return Vec::new();
    }
    let changed = changes(recorded, derived);
    let mut findings: Vec<Finding> =
        changed.new.iter().map(|entry| differs(at(entry), entry.id(), "no such entry".to_owned())).collect();
    findings.extend(changed.gone.iter().map(|entry| differs(at(entry), "no such entry".to_owned(), entry.id())));
    if findings.is_empty() {
        let pairs = recorded.iter().zip(derived).filter(|(recorded, derived)| recorded != derived);
        findings.extend(pairs.map(|(recorded, derived)| differs(at(derived), words(derived), words(recorded))));
    }
    findings
}

fn at(entry: &Suppression) -> String {
    format!("{AT}.{}", entry.place())
}

fn words(entry: &Suppression) -> String {
    let reason = entry.reason.as_deref().unwrap_or("no reason");
    format!("{} at {}: {reason}, silences {}", entry.id(), entry.place(), entry.silenced.as_str())
}

const fn differs(at: String, expected: String, found: String) -> Finding {
    Finding { name: FindingName::SuppressionsDiffer, at, expected, found }
}
