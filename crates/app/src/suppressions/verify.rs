//! The recorded ledger of a manifest, made again from what it follows from.

use std::rc::Rc;

use super::ledger::of_manifest;
use super::reading::TreeReading;
use rcrepro_format::plan::plan_toml;
use rcrepro_format::records::suppressions_json::{self, LedgerError};
use rcrepro_model::evidence::finding::{Finding, FindingName, Note};
use rcrepro_model::evidence::manifest::ReproManifest;
use rcrepro_model::evidence::suppression::{LEDGER_VERSION, Silenced, Suppression, SuppressionSource, changes};
use rcrepro_model::plan::Plan;
use rcrepro_model::text::plural::counted;
use rcrepro_normalize as normalize;
use rcrepro_store::BlobStore;

/// The place of the ledger in a manifest.
const AT: &str = "suppressions";

/// Compares the ledger of a manifest with what source, plan, lines and streams say, as far as they are there. `tree` reads the source.
/// A manifest without a ledger claims nothing; what it might have had one of is a note. Blobs that are missing are findings elsewhere.
pub(crate) fn verify(
    manifest: &ReproManifest,
    blobs: &dyn BlobStore,
    tree: &dyn Fn() -> Option<Rc<TreeReading>>,
) -> (Vec<Finding>, Vec<Note>) {
    let Some(digest) = manifest.suppressions else { return (Vec::new(), unclaimed(manifest, blobs, tree)) };
    let Ok(bytes) = blobs.get(digest) else { return missing(digest.to_string()) };
    let untied = |says: String| (Vec::new(), vec![Note { at: AT.to_owned(), says }]);
    let recorded = match suppressions_json::decode(&bytes) {
        Ok(ledger) => ledger.entries,
        Err(error) => return refused(&error),
    };
    let (Some(plan), Some(tree)) = (plan(manifest, blobs), tree()) else {
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

/// Reads the plan of a manifest, if it is there.
fn plan(manifest: &ReproManifest, blobs: &dyn BlobStore) -> Option<Plan> {
    let names: Vec<&str> = normalize::all().iter().map(normalize::Normalizer::name).collect();
    plan_toml::parse(&String::from_utf8_lossy(&blobs.get(manifest.plan).ok()?), &names).ok()
}

/// Counts what the ledger would hold if the manifest had one. Either it was recorded before there were ledgers, or somebody removed its ledger.
fn unclaimed(manifest: &ReproManifest, blobs: &dyn BlobStore, tree: &dyn Fn() -> Option<Rc<TreeReading>>) -> Vec<Note> {
    let Some(plan) = plan(manifest, blobs) else { return Vec::new() };
    // Lines and plan alone may tell, without the source.
    let tree = tree().unwrap_or_default();
    let count = of_manifest(&plan, manifest, &tree, blobs).len();
    let says = || {
        let found = counted(count, "suppression");
        format!(
            "that nothing is kept from its checks: the manifest has no ledger of suppressions, and {found} would be in one"
        )
    };
    (count > 0).then(|| Note { at: AT.to_owned(), says: says() }).into_iter().collect()
}

/// Judges bytes that this build does not read as a ledger. The readers of an earlier version found something else, which shows no fault; what
/// a later one means is for a later build to say.
fn refused(error: &LedgerError) -> (Vec<Finding>, Vec<Note>) {
    let finding = |name: FindingName, expected: String| {
        (vec![Finding { name, at: AT.to_owned(), expected, found: error.to_string() }], Vec::new())
    };
    let latest = u64::from(LEDGER_VERSION);
    match error {
        LedgerError::Version { found } if *found > latest => finding(
            FindingName::UnknownVersion,
            format!("a ledger of version 1 to {latest}; a later build may read it"),
        ),
        LedgerError::Version { found } if *found > 0 => {
            let says = format!("that it is the whole ledger: {error}, and other readers find something else");
            (Vec::new(), vec![Note { at: AT.to_owned(), says }])
        }
        _ => finding(FindingName::SuppressionsDiffer, "a ledger of suppressions".to_owned()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_model::standing::Standing;

    #[test]
    fn a_version_that_never_was_is_tampered_and_a_later_one_is_undecided() {
        let standing = |version: &str| {
            let bytes = format!("{{\"entries\":[],\"version\":{version}}}");
            let (findings, notes) = refused(&suppressions_json::decode(bytes.as_bytes()).expect_err(version));
            assert_eq!(notes, []);
            findings.iter().map(Standing::from).collect::<Vec<_>>()
        };
        for never in ["0", "-1", "1.5", "\"1\""] {
            assert_eq!(standing(never), [Standing::Tampered], "{never}");
        }
        for later in [u64::from(LEDGER_VERSION) + 1, u64::MAX] {
            assert_eq!(standing(&later.to_string()), [Standing::Undecided], "{later}");
        }
    }
}
