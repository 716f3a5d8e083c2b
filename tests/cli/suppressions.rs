//! The ledger of suppressions: recorded, verified, and compared with the release before.

use crate::scene::{Scene, command};
use rcrepro_format::records::{manifest_json, suppressions_json};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::suppression::SuppressionLedger;

/// A release with one linter behind a script, whose code has one comment.
fn linted() -> Scene {
    let scene = Scene::new(&command("lint", "sh lint.sh", ""));
    scene.replace(
        "rcrepro.toml",
        "sets = [\"all\"]",
        "sets = [\"all\"]\nexit = [{ says = \"It is clean.\", rests-on = [\"commands\"] }]",
    );
    scene.write("lint.sh", b"echo linted\n");
    scene.write("a.go", b"package a\n\nvar a = f() //nolint:errcheck // it never fails\n");
    scene.commit("linted");
    scene
}

fn record(scene: &Scene) {
    scene.ok(&["run", "RC-05"]);
    scene.commit("evidence");
}

fn has(scene: &Scene, arguments: &[&str], code: i32, expected: &str) {
    let ended = scene.run(arguments);
    assert_eq!(ended.code, code, "{arguments:?}: {}\n{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains(expected), "{arguments:?}: `{expected}` in\n{}", ended.stdout);
}

#[test]
fn what_is_new_since_the_last_release_is_a_condition_until_somebody_accepts_it() {
    let scene = linted();
    record(&scene);
    let first = "condition: suppressions/first-release: the first release: 1 suppression that no earlier one is compared with: 1 nolint";
    has(&scene, &["verdict"], 1, first);
    has(&scene, &["status"], 0, first);
    has(&scene, &["suppressions"], 0, "nolint                 errcheck\n    because: it never fails\n    a.go:3\n");
    scene.git(&["tag", "v1"]);

    // The next release has moved the old one, and has a second.
    scene.write("a.go", b"package a\n\n\nvar a = f() //nolint:errcheck // it never fails\n");
    scene.commit("moved");
    record(&scene);
    has(&scene, &["verdict"], 0, "verdict: GO\n");
    scene.write("b.go", b"package a\n\nvar b = g() //nolint:gosec\n");
    scene.commit("a second");
    record(&scene);
    let new = "condition: suppressions/nolint:b.go:gosec: `gosec` is new since v1: b.go:3; no reason is written\n";
    has(&scene, &["verdict"], 1, new);
    has(&scene, &["verdict"], 1, "verdict: GO_WITH_CONDITIONS\n");
    has(&scene, &["suppressions"], 1, "new since v1: suppressions/nolint:b.go:gosec (b.go:3)\n");
    has(&scene, &["suppressions", "--since", "HEAD"], 0, "since HEAD: 0 new, 0 gone\n");

    let plan = scene.read("rcrepro.toml");
    let waiver = "[[waivers]]\nfinding = \"suppressions/nolint:b.go:*\"\nreason = \"no key\"\nowner = \"ada\"\nexpires = 9999-12-30\n";
    scene.write("rcrepro.toml", format!("{plan}\n{waiver}").as_bytes());
    scene.commit("accepted");
    record(&scene);
    has(&scene, &["verdict"], 0, "waived: suppressions/nolint:b.go:gosec");
    has(&scene, &["verdict"], 0, "note: waiver of `suppressions/nolint:b.go:*` is new since v1\n");
    has(&scene, &["verdict"], 0, "verdict: GO\n");
}

#[test]
fn what_silences_nothing_any_more_is_a_condition() {
    let scene = linted();
    scene.write(".gitleaksignore", b"a.go:private-key:1\n");
    scene.commit("an entry");
    record(&scene);
    scene.git(&["tag", "v1"]);
    scene.write(".gitleaksignore", b"a.go:private-key:1\ngone.txt:private-key:1\n");
    scene.commit("an entry for a file that is not there");
    record(&scene);
    let orphaned = "condition: suppressions/orphaned:gitleaks-ignored:.gitleaksignore:gone.txt:private-key:1: \
                    `gone.txt:private-key:1` silences nothing any more: .gitleaksignore:2";
    has(&scene, &["verdict"], 1, orphaned);
    has(&scene, &["status"], 0, orphaned);
    has(&scene, &["suppressions"], 1, "gone.txt:private-key:1  (silences nothing any more)\n");
}

#[test]
fn a_forged_ledger_is_tampering_and_one_that_was_taken_out_claims_nothing() {
    let scene = linted();
    record(&scene);
    has(&scene, &["verify", "manifests/RC-05.json"], 0, "stands");
    let manifest = manifest_json::decode(scene.read("manifests/RC-05.json").as_bytes()).expect("a manifest");
    let digest = manifest.suppressions.expect("it has a ledger");
    let file = |digest: Digest| format!("manifests/RC-05.evidence/{}", digest.hash);
    let ledger = suppressions_json::decode(scene.read(&file(digest)).as_bytes()).expect("a ledger");
    assert_eq!(ledger.entries.iter().map(|entry| entry.place()).collect::<Vec<_>>(), ["a.go:3"]);

    let mut invented = ledger.entries.clone();
    invented[0].silences = "staticcheck".to_owned();
    for (entries, id) in [(Vec::new(), "nolint:a.go:errcheck"), (invented, "nolint:a.go:staticcheck")] {
        let (bytes, forged) = suppressions_json::encode(&SuppressionLedger::new(entries));
        scene.write(&file(forged), &bytes);
        let mut other = manifest.clone();
        other.suppressions = Some(forged);
        scene.write("manifests/RC-05.json", &manifest_json::encode(&other).0);
        std::fs::remove_file(scene.path(&file(digest))).ok();
        has(&scene, &["verify", "manifests/RC-05.json"], 6, &format!("suppressions/{id}"));
        // A stranger's store has nothing of the source, but the checkout has.
        let nowhere = scene.path("nowhere").display().to_string();
        has(&scene, &["--store", &nowhere, "verify", "manifests/RC-05.json"], 6, "suppressions-differ");
        assert_eq!(scene.run(&["status"]).code, 6);
        assert_eq!(scene.run(&["replay", "RC-05"]).code, 6);
    }
    // Without the commit, the streams, lines and plan are what can be compared.
    let mut bare = manifest.clone();
    bare.suppressions = None;
    scene.write("manifests/RC-05.json", &manifest_json::encode(&bare).0);
    has(&scene, &["verify", "manifests/RC-05.json"], 0, "stands");
    has(&scene, &["verdict"], 0, "verdict: GO\n");
}

#[test]
fn a_replay_compares_with_the_ledger_that_was_recorded() {
    let scene = linted();
    record(&scene);
    has(&scene, &["replay", "RC-05"], 0, "reproduced");
    let (_, document) = scene.judged(&["suppressions"]);
    assert_eq!(document["entries"][0]["id"], "suppressions/nolint:a.go:errcheck");
    assert_eq!(document["since"], serde_json::Value::Null);
}
