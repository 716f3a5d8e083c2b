//! Hollow passes: commands that exit 0 having checked nothing.
//!
//! The tools themselves are in `hollow_tools`; here stand-ins say what the real ones said when they were recorded, so that
//! the base image is enough.

use std::path::Path;

use crate::scene::{Ended, Scene, command};

/// A scene whose source has stand-ins in `bin/`: each prints a recorded stream, whatever it is asked.
fn scene(id: &str, line: &str, stand_in: &str, stream: &str, recorded: &str, more: &str) -> Scene {
    let more = format!("env = {{ PATH = \"/work/bin:/usr/bin:/bin\" }}\n{more}");
    let scene = Scene::new(&command(id, line, &more));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(recorded);
    scene.write("recorded", &std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())));
    let tool = scene.path("bin").join(stand_in);
    scene.write(&format!("bin/{stand_in}"), format!("#!/bin/sh\ncat /work/recorded >&{stream}\n").as_bytes());
    std::fs::set_permissions(tool, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("set");
    scene.commit("a stand-in");
    scene
}

fn undecided(ended: &Ended, expected: &str) {
    assert_eq!(ended.code, 5, "{}\n{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains(expected), "`{expected}` in\n{}", ended.stdout);
}

/// Puts the manifest of a run where a passed one would stand, as somebody would who hides that nothing ran.
fn forge(scene: &Scene) {
    let said = scene.run(&["--json", "run", "RC-05"]).stdout;
    let document: serde_json::Value = serde_json::from_str(&said).expect("one document");
    let (hash, _) = document[0]["manifest"].as_str().and_then(|digest| digest.split_once('/')).expect("HEX/SIZE");
    let found = find(&crate::scene::shared_store().join("blobs"), hash).expect("the manifest is in the store");
    scene.write("manifests/RC-05.json", &std::fs::read(found).expect("read"));
}

fn find(folder: &Path, name: &str) -> Option<std::path::PathBuf> {
    std::fs::read_dir(folder).expect("a folder").find_map(|entry| {
        let path = entry.expect("an entry").path();
        if path.is_dir() { find(&path, name) } else { path.ends_with(name).then_some(path) }
    })
}

#[test]
fn a_hollow_pass_is_undecided_for_run_replay_and_verify() {
    let line = "go test ./... -run NoSuch -count=1";
    let scene = scene("none", line, "go", "1", "normalize/go-test/norun.1.txt", "");
    let expected = "undecided  none  hollow pass: no tests to run in 3 of 3 packages with test files";
    let ended = scene.run(&["run", "RC-05"]);
    undecided(&ended, expected);
    undecided(&ended, "RC-05 NOT recorded: not every command shows that it did its work");
    assert!(!scene.path("manifests/RC-05.json").exists(), "a hollow pass is not the packet's manifest");
    forge(&scene);
    undecided(&scene.run(&["verify", "manifests/RC-05.json"]), "hollow-pass  commands.none.proof");
    let ended = scene.run(&["replay", "RC-05"]);
    undecided(&ended, "undecided  none");
    undecided(&ended, "hollow pass: no tests to run in 3 of 3 packages");
}

#[test]
fn every_report_says_what_is_proven() {
    let scene = scene("tests", "go test ./... -count=1", "go", "1", "normalize/go-test/pass.1.txt", "");
    let ended = scene.ok(&["run", "RC-05"]);
    assert!(ended.stdout.contains("ok  tests  exit code 0"), "{}", ended.stdout);
    assert!(ended.stdout.contains("\n            3 packages tested\n"), "{}", ended.stdout);
    let ended = scene.ok(&["replay", "RC-05"]);
    assert!(ended.stdout.contains("bitwise  tests  3 packages tested"), "{}", ended.stdout);
    let ended = scene.ok(&["verify", "manifests/RC-05.json"]);
    assert!(ended.stdout.contains("proven  tests  3 packages tested"), "{}", ended.stdout);
    let work = serde_json::json!([{ "tool": "go-test", "count": 3, "what": "packages tested" }]);
    for (arguments, at) in [
        (&["--json", "run", "RC-05"][..], "/0/commands/0/proof"),
        (&["--json", "replay", "RC-05"], "/commands/0/proof"),
        (&["--json", "verify", "manifests/RC-05.json"], "/proofs/tests"),
    ] {
        let document: serde_json::Value = serde_json::from_str(&scene.ok(arguments).stdout).expect("JSON");
        let proof = document.pointer(at).unwrap_or_else(|| panic!("{at} in {document:#}"));
        assert_eq!((&proof["kind"], &proof["work"]), (&"proven".into(), &work), "{arguments:?}");
    }
}

#[test]
fn an_exit_code_of_0_does_not_outweigh_findings() {
    let line = "govulncheck -format json ./...";
    let scene = scene("scan", line, "govulncheck", "1", "normalize/govulncheck-json/findings.1.txt", "");
    let ended = scene.run(&["run", "RC-05"]);
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    assert!(ended.stdout.contains("failed  scan  exit code 0"), "{}", ended.stdout);
    assert!(ended.stdout.contains("the exit code is 0, and the output says otherwise: "), "{}", ended.stdout);
    forge(&scene);
    let ended = scene.run(&["verify", "manifests/RC-05.json"]);
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    assert!(ended.stdout.contains("proof-contradicted  commands.scan.proof"), "{}", ended.stdout);
}

#[test]
fn an_exit_code_that_is_no_verdict_decides_nothing() {
    // The stand-in ends with 0 and the real one with 1: `false` makes up for it.
    let scene = scene("audit", "npm audit --omit=dev && false", "npm", "2", "normalize/npm-error/audit.1.txt", "");
    let ended = scene.run(&["run", "RC-05"]);
    undecided(&ended, "undecided  audit  the exit code is no verdict: npm gave no report: npm error audit endpoint");
    forge(&scene);
    undecided(&scene.run(&["verify", "manifests/RC-05.json"]), "no-verdict  commands.audit.proof");
}

#[test]
fn a_plan_may_say_what_the_streams_are_or_that_the_exit_code_is_all() {
    let forced = "proof = \"go-test\"";
    let made = scene("make", "make test", "make", "1", "normalize/go-test/norun.1.txt", forced);
    undecided(&made.run(&["run", "RC-05"]), "undecided  make  hollow pass: no tests to run");
    let exit_code = "proof = \"exit-code\"";
    let made = scene("make", "go test -run NoSuch ./...", "go", "1", "normalize/go-test/norun.1.txt", exit_code);
    let ended = made.ok(&["run", "RC-05"]);
    assert!(ended.stdout.contains("unproven: the plan takes the exit code for all the proof"), "{}", ended.stdout);
}

#[test]
fn what_no_rule_knows_is_unproven_and_recorded() {
    let scene = Scene::new(&command("greet", "cat greeting.txt", ""));
    let ended = scene.ok(&["run", "RC-05"]);
    assert!(ended.stdout.contains("unproven: the exit code is all there is"), "{}", ended.stdout);
}

#[test]
fn a_database_that_is_no_input_or_has_no_entries_proves_no_scan() {
    let clean = "proof/govulncheck-empty.txt";
    let line = "govulncheck -db file:///work/db ./...";
    let scene = scene("scan", line, "govulncheck", "1", clean, "");
    undecided(&scene.run(&["run", "RC-05"]), "hollow pass: the database `file:///work/db` cannot be looked at here");
    scene.write("db/index/modules.json", b"[]");
    scene.write("db/index/db.json", b"{\"modified\":\"2026-08-01T00:00:00Z\"}");
    scene.commit("an empty database");
    undecided(&scene.run(&["run", "RC-05"]), "hollow pass: the database has no entries");
    scene.write("db/index/modules.json", b"[{\"path\":\"a\",\"vulns\":[{\"id\":\"GO-1\"}]}]");
    scene.commit("a database");
    let ended = scene.ok(&["run", "RC-05"]);
    assert!(ended.stdout.contains("1 database entry of 2026-08-01"), "{}", ended.stdout);
    // A stranger has the manifest and its evidence, and neither the source nor this store.
    let nowhere = scene.path("nowhere").display().to_string();
    let ended = scene.ok(&["--store", &nowhere, "verify", "manifests/RC-05.json"]);
    assert!(ended.stdout.contains("1 database entry of 2026-08-01"), "{}", ended.stdout);
}
