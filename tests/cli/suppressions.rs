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
fn a_forged_ledger_is_tampering_and_one_that_was_taken_out_is_missed() {
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
    // One that was taken out claims nothing. A commit before has one, so that its conditions stay conditions.
    let mut bare = manifest.clone();
    bare.suppressions = None;
    scene.write("manifests/RC-05.json", &manifest_json::encode(&bare).0);
    let unclaimed = "that nothing is kept from its checks: the manifest has no ledger of suppressions, and 1 suppression would be in one";
    has(&scene, &["verify", "manifests/RC-05.json"], 0, unclaimed);
    has(&scene, &["verify", "manifests/RC-05.json"], 0, "stands");
    has(&scene, &["verdict"], 1, "condition: suppressions/first-release: the first release: 1 suppression");
    has(&scene, &["verdict"], 1, "note: RC-05: the manifest has no ledger of suppressions");
    // Without a history nobody can tell it from a manifest from before there were ledgers.
    scene.git(&["checkout", "-q", "--orphan", "anew"]);
    scene.commit("no history");
    has(&scene, &["verdict"], 0, "note: RC-05: the manifest has no ledger of suppressions");
}

#[test]
fn what_cannot_be_read_is_a_condition_and_links_are_followed() {
    let scene = linted();
    scene.write("docs/fingerprints", b"gone.txt:jwt:1\n");
    scene.write("docs/skipped.txt", b"it.skip('adds', f);\n");
    for (target, link) in [("docs/fingerprints", ".gitleaksignore"), ("/etc/hostname", ".eslintignore")] {
        std::os::unix::fs::symlink(target, scene.path(link)).expect("linked");
    }
    std::os::unix::fs::symlink("docs/skipped.txt", scene.path("a.test.ts")).expect("linked");
    scene.write(".golangci.toml", b"[linters]\ndisable = [\n");
    scene.commit("links");
    let lost =
        ".eslintignore cannot be read: a link to `/etc/hostname`, which is not a tracked file; commit the file itself";
    has(
        &scene,
        &["suppressions"],
        1,
        "gitleaks-ignored       gone.txt:jwt:1  (silences nothing any more)\n    .gitleaksignore:1\n",
    );
    has(&scene, &["suppressions"], 1, "js-test-skip           it.skip adds\n    a.test.ts:1\n");
    has(&scene, &["suppressions"], 1, "undecided: 2 cannot be read, and what they suppress is not known\n");
    std::fs::remove_file(scene.path(".gitleaksignore")).expect("removed");
    scene.commit("nothing idle");
    has(&scene, &["suppressions"], 5, ".golangci.toml:2\n");
    record(&scene);
    has(&scene, &["verify", "manifests/RC-05.json"], 0, "stands");
    has(&scene, &["verdict"], 1, &format!("condition: suppressions/eslint-ignored:.eslintignore:{}", &lost[14..]));
    scene.git(&["tag", "v1"]);
    scene.commit("the next");
    has(&scene, &["suppressions"], 5, "since v1: 0 new, 0 gone\n");
    has(&scene, &["verdict"], 1, &format!("{lost}: what it suppresses is not known\n"));
}

#[test]
fn a_shallow_clone_cannot_say_what_is_new() {
    let scene = linted();
    record(&scene);
    scene.git(&["tag", "v1"]);
    scene.commit("the next");
    let from = format!("file://{}", scene.path("").display());
    scene.git(&["clone", "-q", "--depth", "1", &from, "shallow"]);
    let ended = scene.run(&["-C", "shallow", "suppressions"]);
    assert_eq!(ended.code, 5, "{}", ended.stdout);
    for said in ["is a shallow clone", "hint: git -C shallow fetch --unshallow --tags"] {
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
    }
    has(&scene, &["-C", "shallow", "verdict"], 1, "condition: suppressions/shallow-clone: the git repository");
    has(&scene, &["-C", "shallow", "suppressions", "--since", "HEAD"], 0, "since HEAD: 0 new");
    std::process::Command::new("git")
        .args(["-C", "shallow", "fetch", "-q", "--unshallow", "--tags"])
        .current_dir(scene.path(""))
        .status()
        .expect("git is installed");
    has(&scene, &["-C", "shallow", "suppressions"], 0, "since v1: 0 new, 0 gone\n");
}

#[test]
fn a_waiver_of_a_kind_that_there_is_not_is_named() {
    let scene = linted();
    let plan = scene.read("rcrepro.toml");
    let waiver = "[[waivers]]\nfinding = \"suppressions/nolnt:a.go:*\"\nreason = \"no key\"\nowner = \"ada\"\nexpires = 9999-12-30\n";
    scene.write("rcrepro.toml", format!("{plan}\n{waiver}").as_bytes());
    scene.commit("a slip");
    let said = "rcrepro has no kind of suppressions `nolnt`; did you mean `nolint`?";
    let ended = scene.run(&["check"]);
    assert!(format!("{}{}", ended.stdout, ended.stderr).contains(said), "{}{}", ended.stdout, ended.stderr);
    let ended = scene.run(&["verdict"]);
    assert!(ended.stdout.contains(said), "{}", ended.stdout);
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
