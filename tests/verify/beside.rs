//! What lies beside a manifest: strays, gaps, line ends, folders and links, and no folder at all.

use std::path::{Path, PathBuf};
use std::process::Command;

use rcrepro_app::evidence::evidence_set::EvidenceSet;
use rcrepro_app::evidence::verify;
use rcrepro_format::records::manifest_json;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::finding::FindingName;
use rcrepro_model::standing::Standing;

use super::{example, read, today};

/// A copy of the example's RC-05 in a folder of its own.
struct Copy(tempfile::TempDir);

impl Copy {
    fn new() -> Self {
        let copy = Self(tempfile::tempdir().expect("a folder"));
        std::fs::write(copy.manifest(), read("manifests/RC-05.json")).expect("written");
        std::fs::create_dir(copy.folder()).expect("made");
        for entry in std::fs::read_dir(example("manifests/RC-05.evidence")).expect("listed") {
            let path = entry.expect("an entry").path();
            std::fs::copy(&path, copy.folder().join(path.file_name().expect("a name"))).expect("copied");
        }
        copy
    }

    fn manifest(&self) -> PathBuf {
        self.0.path().join("RC-05.json")
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("RC-05.evidence")
    }

    fn blob(&self, digest: Digest) -> PathBuf {
        self.folder().join(digest.hash.to_string())
    }

    fn judge(&self) -> verify::Verification {
        let set = EvidenceSet::open(&self.manifest(), None).expect("opened");
        set.verify(today()).expect("looked at")
    }

    fn names(&self) -> Vec<FindingName> {
        self.judge().findings.iter().map(|finding| finding.name).collect()
    }

    /// Runs the program with a store at this path.
    fn run(&self, store: &Path, arguments: &[&str]) -> (i32, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_rcrepro"))
            .env_clear()
            .env("RCREPRO_STORE", store)
            .env("HOME", self.0.path())
            .args(arguments)
            .arg("verify")
            .arg(self.manifest())
            .output()
            .expect("the program starts");
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code().unwrap_or(-1), text)
    }
}

#[test]
fn a_stray_is_a_note_and_a_name_that_promises_bytes_is_held_to_it() {
    let copy = Copy::new();
    std::fs::write(copy.folder().join(".DS_Store"), b"\0\0\0\x01Bud1").expect("written");
    std::fs::write(copy.folder().join("README"), b"what lies here").expect("written");
    std::fs::create_dir(copy.folder().join("sub")).expect("made");
    std::os::unix::fs::symlink("nowhere", copy.folder().join("zz")).expect("linked");
    let verification = copy.judge();
    assert_eq!(verification.findings, []);
    assert_eq!(verification.notes[0].says, "`.DS_Store`, `README`, `sub` and 1 more are not blobs and were not read");
    let (zero, one) = ("0".repeat(64), "1".repeat(64));
    std::fs::create_dir(copy.folder().join(&zero)).expect("made");
    std::os::unix::fs::symlink("nowhere", copy.folder().join(&one)).expect("linked");
    let plan = manifest_json::decode(&read("manifests/RC-05.json")).expect("a manifest").plan;
    std::fs::write(copy.blob(plan), b"version = 1").expect("damaged");
    let findings = copy.judge().findings;
    let damaged = findings.iter().filter(|finding| finding.name == FindingName::EvidenceDamaged);
    let found: Vec<&str> = damaged.map(|finding| finding.found.as_str()).collect();
    assert!(found[0].ends_with("found a folder") && found[1].ends_with("found a link to `nowhere`"), "{findings:?}");
    assert_eq!(found.len(), 3, "the others are listed, too: {findings:?}");
}

#[test]
fn a_gap_is_counted_even_where_it_can_be_closed() {
    let copy = Copy::new();
    let manifest = manifest_json::decode(&read("manifests/RC-05.json")).expect("a manifest");
    let whole = copy.judge().evidence;
    assert_eq!((whole.named, whole.derived), (whole.present, 0));
    let store = copy.0.path().join("store");
    let (code, text) = copy.run(&store, &[]);
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains(&format!(" stands; {} blobs of evidence checked, nothing was executed", whole.named)),
        "{text}"
    );
    for command in &manifest.commands {
        for digest in [command.action, command.command] {
            let _ = std::fs::remove_file(copy.blob(digest));
        }
    }
    let verification = copy.judge();
    let (count, gone) = (verification.evidence, whole.present - verification.evidence.present);
    let left: Vec<FindingName> = verification.findings.iter().map(|finding| finding.name).collect();
    assert!(gone > 15 && count.named == whole.named, "{count:?}");
    assert_eq!(left, [], "what follows from the rest is derived");
    assert_eq!(count.derived, gone, "{count:?}");
    let (code, text) = copy.run(&store, &[]);
    assert_eq!(code, 0, "{text}");
    let expected = format!("{} of {} blobs of evidence present, {gone} derived from them", count.present, count.named);
    assert!(text.contains(&expected), "{text}");
    assert!(!store.exists(), "a store that is not there is not made");
}

#[test]
fn every_blob_that_cannot_be_derived_is_missed() {
    let copy = Copy::new();
    let mut derived = 0;
    for entry in std::fs::read_dir(example("manifests/RC-05.evidence")).expect("listed") {
        let path = entry.expect("an entry").path();
        let blob = copy.folder().join(path.file_name().expect("a name"));
        std::fs::remove_file(&blob).expect("removed");
        let verification = copy.judge();
        if verification.findings.is_empty() {
            let count = verification.evidence;
            assert_eq!(count.present + 1, count.named, "{} is missed by nobody", blob.display());
            let is_told = verification.untied.iter().any(|note| note.at.ends_with(".proof"));
            assert!(count.derived == 1 || is_told, "{} is missed by nobody", blob.display());
            derived += 1;
        }
        std::fs::copy(&path, &blob).expect("copied");
    }
    assert!(derived > 20, "{derived}");
}

#[test]
fn other_line_ends_are_recognised_and_are_no_tampering() {
    let copy = Copy::new();
    let mut changed = 0;
    for entry in std::fs::read_dir(copy.folder()).expect("listed") {
        let path = entry.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("read");
        // As git does: what holds a NUL is no text.
        if bytes.contains(&b'\n') && !bytes.contains(&0) && !bytes.contains(&b'\r') {
            let both = |byte: &u8| if *byte == b'\n' { vec![b'\r', b'\n'] } else { vec![*byte] };
            std::fs::write(&path, bytes.iter().flat_map(both).collect::<Vec<u8>>()).expect("written");
            changed += 1;
        }
    }
    assert!(changed > 10, "{changed}");
    let verification = copy.judge();
    assert_eq!(copy.names(), [FindingName::LineEndsChanged], "{:?}", verification.findings);
    assert_eq!(verification.standing(), Standing::Undecided);
    assert!(verification.findings[0].found.starts_with(&format!("{changed} blobs with CR LF where LF was: ")));
    let (code, text) = copy.run(Path::new("/nowhere"), &[]);
    assert_eq!(code, 5, "{text}");
    assert!(text.contains("git add --renormalize ."), "{text}");
}

#[test]
fn a_manifest_without_its_folder_says_so_once() {
    let copy = Copy::new();
    std::fs::remove_dir_all(copy.folder()).expect("removed");
    let findings = copy.judge().findings;
    let told: Vec<&str> = findings.iter().map(|finding| finding.found.as_str()).collect();
    assert_eq!(told, [format!("no folder `{}`", copy.folder().display())], "{findings:?}");
    let (code, text) = copy.run(Path::new("/nowhere"), &[]);
    assert_eq!(code, 5, "{text}");
    assert!(text.contains("has 1 finding; 0 of ") && text.contains(" blobs of evidence present, nothing"), "{text}");
}

#[test]
fn a_store_that_takes_nothing_does_not_matter() {
    let copy = Copy::new();
    let store = copy.0.path().join("store");
    std::fs::create_dir_all(store.join("blobs/sha256")).expect("made");
    // A file where the folder of sessions should be: nobody can begin one, whoever they are.
    std::fs::write(store.join("tmp"), b"").expect("written");
    let (code, text) = copy.run(&store, &["--json"]);
    assert_eq!(code, 0, "{text}");
    let document: serde_json::Value = serde_json::from_str(&text).expect("one document");
    assert_eq!(document["findings"], serde_json::json!([]));
    assert!(document["unconfirmed"].as_array().is_some_and(|notes| notes.len() > 3), "{text}");
    assert_eq!(document["evidence"]["derived"], 0);
}

#[test]
fn numbers_beyond_their_range_are_findings() {
    let copy = Copy::new();
    let text = String::from_utf8(read("manifests/RC-05.json")).expect("text");
    let epoch = text.split("\"date_epoch\":").nth(1).and_then(|rest| rest.split(',').next()).expect("an epoch");
    for wrong in ["9007199254740992", "-9223372036854775808", "18446744073709551616", "9007199254740991"] {
        std::fs::write(copy.manifest(), text.replace(epoch, wrong)).expect("written");
        let (code, said) = copy.run(Path::new("/nowhere"), &[]);
        assert_eq!(code, 6, "{wrong}: {said}");
    }
}
