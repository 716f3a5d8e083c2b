//! Every leaf of every committed record, changed, deleted and doubled. What passes without a finding is listed here, each with its
//! reason, and whatever passes beside that fails the test.

use std::collections::BTreeSet;
use std::sync::Mutex;

use rayon::prelude::*;
use rcrepro_app::evidence::evidence_folder::EvidenceFolder;
use rcrepro_app::mutants::record::{RecordJudgement, judge as judge_gates};
use rcrepro_app::release::verify::judge_record;
use rcrepro_format::plan::plan_toml;
use rcrepro_format::records::{gates_json, manifest_json, release_json};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::finding::Finding;
use rcrepro_model::plan::Plan;
use rcrepro_model::plan::mutant::MutantOutcome;
use rcrepro_normalize as normalize;
use rcrepro_store::BlobStore as _;
use rcrepro_store::memory::MemoryStore;
use rcrepro_store::stacked::Stacked;
use serde_json::Value;

use super::edits::{Edit, edited, edits, leaves};
use super::{evidence, judge, read};

/// A change that passes: where, with `*` for any one name or index, and what it becomes, with `*` for anything.
type Passes<'a> = (&'a str, &'a str);

/// Makes every change and gives those that `is_caught` does not catch and that `allowed` does not list.
fn uncaught(
    bytes: &[u8],
    digests: &[String],
    allowed: &[Passes<'_>],
    is_caught: impl Fn(&[u8]) -> bool + Sync,
) -> (usize, Vec<String>) {
    let value: Value = serde_json::from_slice(bytes).expect("JSON");
    assert_eq!(edited(&value, &[], &Edit::Gone), bytes, "an edit of nothing changes nothing");
    assert!(!is_caught(bytes), "the committed record stands");
    let all: Vec<_> = leaves(&value)
        .into_iter()
        .flat_map(|(place, leaf)| edits(&leaf, digests).into_iter().map(move |edit| (place.clone(), edit)))
        .collect();
    let used = Mutex::new(BTreeSet::new());
    let passed =
        all.par_iter().filter(|(place, edit)| !is_caught(&edited(&value, place, edit))).filter_map(|(place, edit)| {
            let found = allowed.iter().position(|allowed| meets(allowed, place, edit));
            match found {
                Some(index) => drop(used.lock().expect("no panic").insert(index)),
                None => return Some(format!("{} {edit:?}", place.join("."))),
            }
            None
        });
    let passed: Vec<String> = passed.collect();
    let used = used.into_inner().expect("no panic");
    assert_eq!(used.len(), allowed.len(), "each exception is one: {used:?} of {allowed:?}");
    (all.len(), passed)
}

fn meets((at, becomes): &Passes<'_>, place: &[String], edit: &Edit) -> bool {
    let segments: Vec<&str> = at.split('.').collect();
    let same = |(wanted, found): (&&str, &String)| *wanted == "*" || wanted == found;
    let what = match edit {
        Edit::Gone => "gone",
        Edit::Twice => "twice",
        Edit::Other(text) => text.trim_matches('"'),
    };
    segments.len() == place.len() && segments.iter().zip(place).all(same) && (*becomes == "*" || *becomes == what)
}

fn digests(store: &MemoryStore, named: impl IntoIterator<Item = Digest>) -> Vec<String> {
    let there = named.into_iter().filter(|digest| store.contains(*digest).expect("looked"));
    there.map(|digest| digest.to_string()).collect()
}

fn has_places(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| !finding.at.is_empty() && finding.expected != finding.found)
}

/// A machine that cannot make the clock gives its own, which the manifest says and `verify` tells: it is untied.
const CLOCK: Passes<'_> = ("commands.*.clock", "real");
/// The ledger is judged by what reads the source's texts, too, and has its tests beside it: `suppressions/verify.rs`.
const LEDGER: Passes<'_> = ("suppressions", "*");

#[test]
fn no_leaf_of_a_manifest_can_be_another() {
    for packet in ["RC-05", "RC-06"] {
        let store = evidence(&[&format!("manifests/{packet}.evidence")]);
        let bytes = read(&format!("manifests/{packet}.json"));
        let manifest = manifest_json::decode(&bytes).expect("a manifest");
        let there = digests(&store, rcrepro_app::evidence::named_blobs(&manifest));
        let (tried, passed) = uncaught(&bytes, &there, &[CLOCK, LEDGER], |bytes| {
            let verification = judge(bytes, &store);
            assert!(has_places(&verification.findings), "{:?}", verification.findings);
            let ledger = |bytes: &[u8]| manifest_json::decode(bytes).expect("no finding").suppressions;
            let is_changed = bytes != read(&format!("manifests/{packet}.json"));
            if verification.findings.is_empty() && is_changed && ledger(bytes) == manifest.suppressions {
                let told = verification.untied.iter().filter(|note| note.at.ends_with(".clock")).count();
                assert_eq!(told, 1, "a clock that is not the plan's is told");
            }
            !verification.findings.is_empty()
        });
        assert!(tried > 400, "{packet}: only {tried} changes were tried");
        assert_eq!(passed, Vec::<String>::new(), "{packet}");
    }
}

fn plan() -> Plan {
    let names: Vec<&str> = normalize::all().iter().map(normalize::Normalizer::name).collect();
    plan_toml::parse(&String::from_utf8(read("rcrepro.toml")).expect("text"), &names).expect("a plan")
}

/// Judges every change of a record of release images.
fn images(bytes: &[u8], plan: &Plan, store: &MemoryStore, allowed: &[Passes<'_>]) -> Vec<String> {
    let of_manifest = evidence(&["manifests/RC-06.evidence"]);
    let manifest = manifest_json::decode(&read("manifests/RC-06.json")).expect("a manifest");
    let there = digests(store, release_json::decode(bytes).expect("a record").blobs());
    let (tried, passed) = uncaught(bytes, &there, allowed, |bytes| {
        let above = MemoryStore::default();
        let blobs = Stacked::new(&above, store);
        let judged = judge_record(bytes, &EvidenceFolder::default(), plan, &manifest, &of_manifest, &blobs);
        assert!(has_places(&judged.findings), "{:?}", judged.findings);
        !judged.findings.is_empty()
    });
    assert!(tried > 100, "only {tried} changes were tried");
    passed
}

#[test]
fn no_leaf_of_a_record_of_release_images_can_be_another() {
    let store = evidence(&["manifests/RC-06.images.evidence"]);
    let bytes = read("manifests/RC-06.images.json");
    assert_eq!(images(&bytes, &plan(), &store, &[]), Vec::<String>::new());
    // A record of version 1 ties streams to nothing, which `verify` says.
    let untied = [("images.*.runs.*.stderr", "*")];
    assert_eq!(images(&of_version_1(&bytes), &simple_plan(), &store, &untied), Vec::<String>::new());
}

/// The plan with the one image that needs no BuildKit, as the first version could record it.
fn simple_plan() -> Plan {
    let mut plan = plan();
    for packet in plan.packets.values_mut() {
        packet.release_images.retain(|name| plan.release_images[name].buildkit.is_none());
    }
    plan
}

/// Makes a record as the first version had it: without BuildKit, and without the results that tie streams.
fn of_version_1(bytes: &[u8]) -> Vec<u8> {
    let mut record = release_json::decode(bytes).expect("a record");
    record.version = 1;
    record.images.retain(|_, image| image.builder.is_none());
    record.locked.retain(|name, _| name.as_str() == "go");
    record.frozen.retain(|name, _| name.as_str().starts_with("go"));
    for image in record.images.values_mut() {
        image.inspection = None;
        image.runs.iter_mut().for_each(|run| run.result = None);
        for smoke in &mut image.smoke {
            (smoke.result, smoke.stopped, smoke.health) = (None, None, None);
        }
    }
    release_json::encode(&record).0
}

#[test]
fn an_old_record_of_release_images_is_told_to_be_weaker() {
    let of_manifest = evidence(&["manifests/RC-06.evidence"]);
    let manifest = manifest_json::decode(&read("manifests/RC-06.json")).expect("a manifest");
    let store = evidence(&["manifests/RC-06.images.evidence"]);
    let bytes = read("manifests/RC-06.images.json");
    let judge = |bytes: &[u8], plan: &Plan| {
        judge_record(bytes, &EvidenceFolder::default(), plan, &manifest, &of_manifest, &store)
    };
    let old = judge(&of_version_1(&bytes), &simple_plan());
    assert_eq!(old.findings, []);
    assert!(old.untied.iter().any(|note| note.at == "images.version"), "{:?}", old.untied);
    let today = judge(&bytes, &plan());
    assert_eq!(today.findings, []);
    assert!(today.untied.iter().all(|note| note.at != "images.version"), "{:?}", today.untied);
}

#[test]
fn no_leaf_of_the_record_of_the_gates_can_be_another() {
    let store = evidence(&["gates/mutants.evidence"]);
    let bytes = read("gates/mutants.json");
    let record = gates_json::decode(&bytes).expect("a record");
    let there: BTreeSet<Digest> = record.mutants.iter().flat_map(|mutant| mutant.evidence.values().copied()).collect();
    let (plan, digest) = (plan(), Digest::of(&read("rcrepro.toml")));
    let allowed = [
        // Of two texts that show a built-in mutant, one is enough; which two there were follows from the seed alone.
        ("mutants.*.shows.*", "gone"),
        // Nothing ties the streams of a red gate to a result: the one that does not show the mutant may be any.
        ("mutants.*.evidence.stderr", "*"),
        ("mutants.*.evidence.stdout", "*"),
        ("mutants.*.evidence.findings", "*"),
    ];
    let (tried, passed) = uncaught(&bytes, &digests(&store, there), &allowed, |bytes| {
        match judge_gates(bytes, &plan, digest, record.source, &EvidenceFolder::default(), &store) {
            RecordJudgement::Counts(_, record) => {
                record.mutants.iter().any(|mutant| mutant.outcome != MutantOutcome::Caught)
            }
            RecordJudgement::Missing(why) | RecordJudgement::Wrong(why) => {
                assert!(!why.is_empty());
                true
            }
        }
    });
    assert!(tried > 500, "only {tried} changes were tried");
    assert_eq!(passed, Vec::<String>::new());
}

#[test]
fn each_blob_of_release_images_is_missed() {
    let (plan, of_manifest) = (plan(), MemoryStore::default());
    for entry in std::fs::read_dir(super::example("manifests/RC-06.evidence")).expect("listed") {
        of_manifest.put(&std::fs::read(entry.expect("an entry").path()).expect("read")).expect("stored");
    }
    let manifest = manifest_json::decode(&read("manifests/RC-06.json")).expect("a manifest");
    let bytes = read("manifests/RC-06.images.json");
    let all: Vec<_> = std::fs::read_dir(super::example("manifests/RC-06.images.evidence"))
        .expect("listed")
        .map(|entry| std::fs::read(entry.expect("an entry").path()).expect("read"))
        .collect();
    for gone in &all {
        let store = MemoryStore::default();
        for blob in all.iter().filter(|blob| *blob != gone) {
            store.put(blob).expect("stored");
        }
        let judged = judge_record(&bytes, &EvidenceFolder::default(), &plan, &manifest, &of_manifest, &store);
        let digest = Digest::of(gone);
        // The plan, the locks and the empty stream lie beside the manifest, too.
        let is_there = of_manifest.contains(digest).expect("looked");
        assert_eq!(judged.findings.is_empty(), is_there, "{digest}: {:?}", judged.findings);
        assert_eq!(judged.evidence.present == judged.evidence.named, is_there, "{digest}: {:?}", judged.evidence);
    }
}
