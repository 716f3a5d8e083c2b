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
    scene.write("go.mod", b"module example.test/fixture\n");
    for package in ["alpha", "beta", "gamma"] {
        scene.write(&format!("{package}/all_test.go"), format!("package {package}\n").as_bytes());
    }
    scene.commit("the tests");
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
    undecided(&ended, "undecided  audit  the exit code is not a verdict: npm gave no report: npm error audit endpoint");
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

#[test]
fn an_ok_counts_with_the_test_files_and_they_travel_with_the_evidence() {
    let scene = scene("tests", "go test ./a ./b ./c ./d -count=1", "go", "1", "proof/go-test-main.txt", "");
    scene.write("go.mod", b"module m\n");
    for package in ["a", "b", "c", "d"] {
        scene.write(&format!("{package}/x_test.go"), format!("package {package}\n").as_bytes());
    }
    let main = |body: &str| {
        scene.write(
            "c/main_test.go",
            format!("package c\n\nimport \"os\"\n\nfunc TestMain(m *testing.M) {{\n\t{body}\n}}\n").as_bytes(),
        );
        scene.commit(body);
    };
    main("m.Run()\n\tos.Exit(0)");
    let ended = scene.run(&["run", "RC-05"]);
    undecided(
        &ended,
        "undecided  tests  hollow pass: package `m/c` has a `TestMain` of its own, which can end without running tests (`main_test.go`)",
    );
    assert!(ended.stderr.contains("ran  tests ("), "{}", ended.stderr);
    main("os.Exit(m.Run())");
    let ended = scene.ok(&["run", "RC-05"]);
    assert!(ended.stdout.contains("\n            4 packages tested\n"), "{}", ended.stdout);
    // A stranger has the manifest and its evidence, and neither the source nor this store.
    let nowhere = scene.path("nowhere").display().to_string();
    let verify = || scene.run(&["--store", &nowhere, "verify", "manifests/RC-05.json"]);
    let ended = verify();
    assert!(ended.code == 0 && ended.stdout.contains("4 packages tested"), "{}", ended.stdout);
    // Whoever leaves a test file out proves nothing any more.
    let hash = rcrepro_model::content::digest::Digest::of(scene.read("c/main_test.go").as_bytes()).hash.to_string();
    std::fs::remove_file(scene.path("manifests/RC-05.evidence").join(hash)).expect("it is in the evidence");
    undecided(&verify(), "package `m/c` says `ok`, and its test files cannot be looked at here");
}

/// A packet with a scan of gitleaks that passes, and criteria.
fn scanned(more: &str) -> Scene {
    let line = "gitleaks detect --no-git --source .";
    let scene = scene("leaks", line, "gitleaks", "2", "normalize/gitleaks-log/clean.1.txt", "");
    let exit = "sets = [\"all\"]\nexit = [{ says = \"It is clean.\", rests-on = [\"commands\", \"findings\"] }]";
    scene.replace("rcrepro.toml", "sets = [\"all\"]", exit);
    let plan = scene.read("rcrepro.toml");
    scene.write("rcrepro.toml", format!("{plan}\n{more}").as_bytes());
    scene
}

fn has(scene: &Scene, arguments: &[&str], code: i32, expected: &str) {
    let ended = scene.run(arguments);
    assert_eq!(ended.code, code, "{arguments:?}: {}\n{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains(expected), "{arguments:?}: `{expected}` in\n{}", ended.stdout);
}

#[test]
fn what_silences_a_scanner_is_a_condition_everywhere_until_somebody_accepts_it() {
    let scene = scanned("");
    scene.write("config/dev.txt", b"a\ntoken = \"x\" # gitleaks:allow\n");
    scene.commit("a comment that silences");
    let says = "condition: `gitleaks:allow` silences gitleaks on 1 line of `config/dev.txt` (conditions/gitleaks-allow-comment:config/dev.txt)";
    has(&scene, &["run", "RC-05"], 0, says);
    scene.commit("its evidence");
    has(&scene, &["replay", "RC-05"], 0, says);
    has(&scene, &["verify", "manifests/RC-05.json"], 0, says);
    has(&scene, &["findings"], 0, says);
    let held = "condition: RC-05 leaks: conditions/gitleaks-allow-comment:config/dev.txt: `gitleaks:allow` silences";
    has(&scene, &["status"], 0, held);
    has(&scene, &["verdict"], 1, held);
    has(&scene, &["verdict"], 1, "verdict: GO_WITH_CONDITIONS\n");
    // A stranger has the file that holds the comment, and is told that there are others.
    let nowhere = scene.path("nowhere").display().to_string();
    let verify = ["--store", &nowhere, "verify", "manifests/RC-05.json"];
    has(&scene, &verify, 0, says);
    has(
        &scene,
        &verify,
        0,
        "of the scanned tree cannot be looked into here for `gitleaks:allow` (conditions/gitleaks-unseen)",
    );

    let accepted = waiver("conditions/gitleaks-allow-comment:config/*", "9999-12-30");
    let plan = scene.read("rcrepro.toml");
    scene.write("rcrepro.toml", format!("{plan}\n{accepted}").as_bytes());
    scene.commit("somebody accepts it");
    scene.ok(&["run", "RC-05"]);
    has(&scene, &["verdict"], 0, "waived: RC-05 leaks: conditions/gitleaks-allow-comment:config/dev.txt");
    has(&scene, &["verdict"], 0, "verdict: GO\n");
}

fn waiver(finding: &str, expires: &str) -> String {
    format!("[[waivers]]\nfinding = \"{finding}\"\nreason = \"known\"\nowner = \"ada\"\nexpires = {expires}\n")
}

#[test]
fn exceptions_that_do_nothing_are_named() {
    let quarantine = "[[quarantine]]\ncommand = \"leaks\"\nreason = \"races\"\nowner = \"ada\"\nexpires = 2020-01-31\n";
    let waivers = [
        waiver("pins/floating:gone.yml:*", "9999-12-30"),
        waiver("gitleaks/gone.txt:*", "9999-12-30"),
        waiver("govulncheck/GO-2020-0001", "2020-01-31"),
    ];
    let scene = scanned(&format!("{quarantine}{}", waivers.concat()));
    scene.write(".gitleaksignore", b"gone.txt:private-key:1\n");
    scene.commit("exceptions");
    let orphaned = |pattern: &str| {
        format!("the waiver of `{pattern}` (ada, until 9999-12-30) is orphaned: nothing is found that it matches")
    };
    let (pins, leak) = (orphaned("pins/floating:gone.yml:*"), orphaned("gitleaks/gone.txt:*"));
    let expired = "the waiver of `govulncheck/GO-2020-0001` (ada) expired on 2020-01-31 and no longer counts";
    let quarantined = "the quarantine of `leaks` (ada) expired on 2020-01-31 and no longer counts";
    let entry = "note: `.gitleaksignore` silences `gone.txt:private-key:1`: orphaned, for `gone.txt` is gone";
    for says in [quarantined, &pins, expired] {
        has(&scene, &["check"], 0, says);
    }
    assert!(!scene.ok(&["check"]).stdout.contains(&leak), "no scan has said anything yet");
    has(&scene, &["run", "RC-05"], 0, entry);
    scene.commit("evidence");
    has(&scene, &["findings"], 0, &leak);
    has(&scene, &["findings"], 0, expired);
    let entry = "`gone.txt:private-key:1` silences nothing any more: .gitleaksignore:1";
    for (command, code) in [("status", 0), ("verdict", 1)] {
        for says in [quarantined, &pins, &leak, expired, entry] {
            has(&scene, &[command], code, says);
        }
    }
    has(&scene, &["verdict"], 1, "condition: suppressions/orphaned:quarantine:leaks: ");
    has(&scene, &["verdict"], 1, "verdict: GO_WITH_CONDITIONS\n");
}
