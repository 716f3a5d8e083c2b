//! `rcrepro verify` over the committed manifest of the example, with one thing changed at a time.

use std::path::{Path, PathBuf};

use rcrepro_app::evidence;
use rcrepro_app::evidence::evidence_set::EvidenceSet;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::finding::{Finding, FindingName};

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/beacon/manifests/RC-05.json")
}

/// A manifest in a folder of its own, with the committed evidence beside it.
struct Copied(tempfile::TempDir);

impl Copied {
    fn new() -> Self {
        let copied = Self(tempfile::tempdir().expect("a temporary folder"));
        std::fs::create_dir(copied.folder()).expect("made");
        for entry in std::fs::read_dir(evidence::folder_of(&committed())).expect("listed") {
            let path = entry.expect("an entry").path();
            std::fs::copy(&path, copied.folder().join(path.file_name().expect("a name"))).expect("copied");
        }
        copied
    }

    fn manifest(&self) -> PathBuf {
        self.0.path().join("RC-05.json")
    }

    fn folder(&self) -> PathBuf {
        evidence::folder_of(&self.manifest())
    }

    /// Judges these bytes as the manifest.
    fn judge(&self, bytes: &[u8]) -> Vec<Finding> {
        std::fs::write(self.manifest(), bytes).expect("our own file");
        judge(&self.manifest())
    }
}

fn judge(manifest: &Path) -> Vec<Finding> {
    let set = EvidenceSet::open(manifest, None).expect("the manifest can be read");
    set.verify("2026-11-28".parse().expect("a day")).expect("the evidence can be read").findings
}

#[test]
fn the_committed_manifest_stands_on_its_committed_evidence_alone() {
    assert_eq!(judge(&committed()), []);
}

#[test]
fn a_manifest_that_passed_is_no_record_of_a_failure() {
    let copied = Copied::new();
    let (record, bytes) = (copied.0.path().join("RC-05.failed.json"), std::fs::read(committed()).expect("committed"));
    std::fs::rename(copied.folder(), evidence::folder_of(&record)).expect("our own folder");
    std::fs::write(&record, bytes).expect("our own file");
    let names: Vec<FindingName> = judge(&record).into_iter().map(|finding| finding.name).collect();
    assert_eq!(names, [FindingName::NothingFailed]);
}

#[test]
fn every_one_of_sixty_flipped_hex_digits_is_caught_by_name() {
    let bytes = std::fs::read(committed()).expect("the manifest is committed");
    let copied = Copied::new();
    let digits: Vec<usize> = hex_digits(&bytes);
    for round in 0..60 {
        // Positions that look random and are the same in every run, so that a failure can be looked at.
        let random = Digest::of(format!("flip {round}").as_bytes()).hash.to_string();
        let at = digits[usize::from_str_radix(&random[..8], 16).expect("hex") % digits.len()];
        let mut changed = bytes.clone();
        changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
        let findings = copied.judge(&changed);
        assert!(!findings.is_empty(), "byte {at} is not caught");
        assert!(findings.iter().all(|finding| !finding.at.is_empty()), "byte {at}: {findings:?}");
    }
}

/// Where the digits of digests stand: runs of 64 hex digits.
fn hex_digits(bytes: &[u8]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut start = 0;
    for at in 0..=bytes.len() {
        let digit = bytes.get(at).is_some_and(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(b));
        if !digit {
            if at - start >= 64 {
                found.extend(start..start + 64);
            }
            start = at + 1;
        }
    }
    found
}

/// Every field, changed in a way that keeps the manifest's shape, and the finding that must name it.
#[test]
fn every_field_has_a_finding_that_names_it() {
    let text = std::fs::read_to_string(committed()).expect("the manifest is committed");
    let copied = Copied::new();
    let cases: [(&str, &str, FindingName); 20] = [
        (",\"version\":3}", ",\"version\":1}", FindingName::UnknownVersion),
        // Version 2 has other words for clocks.
        (",\"version\":3}", ",\"version\":2}", FindingName::Malformed),
        ("\"clock\":\"starts\"", "\"clock\":\"pinned\"", FindingName::Malformed),
        ("\"clock\":\"starts\"", "\"clock\":\"stands\"", FindingName::PlanDiffers),
        ("\"clock\":\"stands\"", "\"clock\":\"starts\"", FindingName::PlanDiffers),
        ("\"require\":\"canonical\"", "\"require\":\"bitwise\"", FindingName::PlanDiffers),
        ("\"exit_code\":0", "\"exit_code\":1", FindingName::ResultDiffers),
        ("\"ending\":\"exited\"", "\"ending\":\"signaled\"", FindingName::EndingDiffers),
        ("\"ending\":\"exited\"", "\"ending\":\"burnt\"", FindingName::Malformed),
        ("\"line\":\"go build ./...\"", "\"line\":\"true ./...\"", FindingName::PlanDiffers),
        ("\"image\":\"go\"", "\"image\":\"node\"", FindingName::PlanDiffers),
        ("\"frozen\":[\"gomod\",\"gostd\"]", "\"frozen\":[\"gomod\"]", FindingName::PlanDiffers),
        ("\"needs\":[\"npm-ci\"]", "\"needs\":[]", FindingName::PlanDiffers),
        ("\"normalizers\":[\"go-test\"]", "\"normalizers\":[]", FindingName::PlanDiffers),
        ("\"id\":\"go-test\"", "\"id\":\"go-tset\"", FindingName::PlanDiffers),
        ("\"packet\":\"RC-05\"", "\"packet\":\"RC-04\"", FindingName::PlanDiffers),
        ("\"os\":\"linux\"", "\"os\":\"plan9\"", FindingName::PlatformDiffers),
        ("\"isa\":\"x86-64\"", "\"isa\":\"arm-a64\"", FindingName::CommandDiffers),
        ("\"dirty\":false", "\"dirty\":true", FindingName::SourceDirty),
        ("{\"commands\"", "{ \"commands\"", FindingName::NotCanonical),
    ];
    for (from, to, expected) in cases {
        assert!(text.contains(from), "`{from}` is in the manifest");
        let findings = copied.judge(text.replacen(from, to, 1).as_bytes());
        assert!(findings.iter().any(|finding| finding.name == expected), "{to}: {findings:?}");
    }
    let epoch = text.split("\"date_epoch\":").nth(1).and_then(|rest| rest.split(',').next()).expect("an epoch");
    let changed = text.replacen(&format!("\"date_epoch\":{epoch}"), "\"date_epoch\":1", 1);
    assert!(copied.judge(changed.as_bytes()).iter().any(|finding| finding.name == FindingName::CommandDiffers));
}

/// What another rcrepro recorded was changed by no one, and cannot be derived here.
#[test]
fn another_version_of_a_normalizer_leaves_undecided_and_other_rules_contradict() {
    let text = std::fs::read_to_string(committed()).expect("the manifest is committed");
    let copied = Copied::new();
    let names = |from: &str, to: &str| -> Vec<FindingName> {
        assert_eq!(text.matches(from).count(), 1, "`{from}`");
        copied.judge(text.replace(from, to).as_bytes()).iter().map(|finding| finding.name).collect()
    };
    let version = "\"version\":2}},\"packet\"";
    for other in ["1", "3"] {
        assert_eq!(names(version, &version.replace('2', other)), [FindingName::UnknownVersion]);
    }
    let rules = "\"vitest\":{\"rules\":\"sha256:e";
    assert_eq!(names(rules, &rules.replace(":e", ":f")), [FindingName::NormalizerDiffers]);
}

#[test]
fn missing_and_damaged_evidence_are_told_apart() {
    let bytes = std::fs::read(committed()).expect("the manifest is committed");
    let copied = Copied::new();
    let judge = || copied.judge(&bytes);
    assert_eq!(judge(), []);
    let plan = rcrepro_format::records::manifest_json::decode(&bytes).expect("a manifest").plan;
    let blob = copied.folder().join(plan.hash.to_string());
    std::fs::write(&blob, b"version = 1").expect("damaged");
    let names: Vec<FindingName> = judge().iter().map(|finding| finding.name).collect();
    assert!(
        names.contains(&FindingName::EvidenceDamaged) && names.contains(&FindingName::EvidenceMissing),
        "{names:?}"
    );
    std::fs::remove_file(&blob).expect("removed");
    let names: Vec<FindingName> = judge().iter().map(|finding| finding.name).collect();
    assert_eq!(names, [FindingName::EvidenceMissing]);
}
