//! `rcrepro findings` and the packets that findings ask for. What the scanners say was recorded from real ones.

use std::path::Path;

use crate::scene::{Scene, command};

/// A packet with a scan that finds, one that does not, and a packet that rests on there being nothing.
pub fn scanned() -> Scene {
    let scan = command("vulnerabilities", "cat reports/govulncheck.txt; exit 3", "proof = \"govulncheck\"");
    let leaks = command("leaks", "cat reports/gitleaks.txt >&2", "proof = \"gitleaks\"");
    let scene = Scene::new(&format!("{scan}{leaks}"));
    let exit = "sets = [\"all\"]\nexit = [{ says = \"Both pass.\", rests-on = [\"commands\"] }]\n\n[packets.RC-07]\n\
                title = \"Verdict\"\nexit = [{ says = \"Nothing is open.\", rests-on = [\"findings\"] }]";
    scene.replace("rcrepro.toml", "sets = [\"all\"]", exit);
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/normalize");
    for (from, to) in [
        ("govulncheck-text/default.1.txt", "reports/govulncheck.txt"),
        ("gitleaks-log/clean.1.txt", "reports/gitleaks.txt"),
    ] {
        scene.write(to, &std::fs::read(recorded.join(from)).expect("a recorded output"));
    }
    // Evidence is known by its source, wherever that stands: the store that tests share may have that of an earlier one.
    scene.write("own.txt", scene.path("own.txt").to_string_lossy().as_bytes());
    scene.commit("two scans");
    scene
}

fn row(scene: &Scene, id: &str) -> (String, String) {
    let board: serde_json::Value = scene.board_document();
    let row = board["packets"].as_array().expect("packets").iter().find(|row| row["id"] == id).expect("the packet");
    (row["state"].as_str().expect("a state").to_owned(), row["reasons"].to_string())
}

#[test]
fn findings_are_read_from_evidence_in_three_forms_and_become_packets() {
    let scene = scanned();
    scene.run(&["findings"]).failed(5, &["not every scan says what it found: RC-05/vulnerabilities: no evidence"]);
    let (state, why) = row(&scene, "RC-07");
    assert!(state == "READY" && why.contains("rcrepro run RC-05"), "{state} {why}");
    assert_eq!(scene.run(&["run", "RC-05"]).code, 1, "a vulnerability fails the command");

    let first = scene.run(&["findings"]);
    assert_eq!(first.code, 1, "{}\n{}", first.stdout, first.stderr);
    let expected = "P1       govulncheck/GO-2021-0113  Out-of-bounds read in golang.org/x/text/language\n    golang.org/x/text v0.3.5, \
                    fixed in v0.3.7\n    internal/lang/lang.go:15, found by RC-05/vulnerabilities\n";
    assert!(first.stdout.starts_with(expected), "{}", first.stdout);
    assert!(
        first.stdout.contains("RC-05/leaks: clean (run ") && first.stdout.ends_with("\n6 findings\n"),
        "{}",
        first.stdout
    );
    let forms =
        |scene: &Scene| ["json", "sarif"].map(|form| scene.run(&["findings", "RC-05", "--format", form]).stdout);
    let [json, sarif] = forms(&scene);
    let log: serde_json::Value = serde_json::from_str(&sarif).expect("JSON");
    let results = |run: usize| log["runs"][run]["results"].as_array().expect("results").len();
    assert_eq!((results(0), results(1)), (0, 6), "gitleaks found nothing, and says so: {sarif}");
    let list: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(list["findings"][0]["finding"]["class"], "P1");
    // Another run of the same source, the same bytes.
    assert_eq!(scene.run(&["run", "RC-05"]).code, 1);
    assert_eq!(forms(&scene), [json, sarif]);

    let (state, why) = row(&scene, "RC-07");
    assert!(state == "FAILED" && why.contains("P1 govulncheck/GO-2021-0113"), "{state} {why}");
    let board = scene.board(1).stdout;
    let line = "  RC-08  Resolve GO-2021-0113 (golang.org/x/text v0.3.5) (P1)\n         must show: `cat reports/govulncheck.txt; exit 3` passes.\n";
    assert!(board.contains(line), "{board}");
    let packets = scene.ok(&["status", "--propose"]).stdout;
    assert_eq!(packets.matches("[packets.RC-").count(), 6, "{packets}");
    let plan = scene.read("rcrepro.toml");
    scene.write("rcrepro.toml", format!("{plan}\n{packets}").as_bytes());
    let checked = scene.ok(&["check"]).stdout;
    assert!(checked.contains("8 packets"), "{checked}");
    scene.commit("packets for what was found");
    // The plan is a part of the source: until the scans ran again, nothing is known, and nothing proposed.
    let ended = scene.run(&["status", "--propose"]);
    assert_eq!((ended.code, ended.stdout.contains("[packets")), (5, false), "{}", ended.stdout);
    assert!(ended.stdout.starts_with("# not known: RC-05/leaks: no evidence"), "{}", ended.stdout);
    assert_eq!(scene.run(&["run", "RC-05"]).code, 1);
    let board = scene.board(1).stdout;
    assert!(board.contains("RC-13") && !board.contains("no packet claims"), "{board}");
}

#[test]
fn waived_findings_are_shown_and_block_nothing_until_the_waiver_expires() {
    let scene = scanned();
    let waiver = |expires: &str| {
        let plan = scene.read("rcrepro.toml");
        let before = plan.split("\n[[waivers]]").next().unwrap_or_default().to_owned();
        let waiver = format!(
            "{before}\n[[waivers]]\nfinding = \"govulncheck/GO-*\"\nreason = \"known\"\nowner = \"ada\"\nexpires = {expires}\n"
        );
        scene.write("rcrepro.toml", waiver.as_bytes());
        scene.commit("a waiver");
        assert_eq!(scene.run(&["run", "RC-05"]).code, 1);
    };
    waiver("2999-12-31");
    let shown = scene.ok(&["findings"]).stdout;
    assert!(shown.contains("    waived by ada until 2999-12-31: known\n"), "{shown}");
    assert!(shown.ends_with("\n6 findings, 6 of them waived\n"), "{shown}");
    assert_eq!(row(&scene, "RC-07").0, "DONE");
    assert!(!scene.board(1).stdout.contains("no packet claims"));
    waiver("2026-01-01");
    assert_eq!(scene.run(&["findings"]).code, 1);
    assert_eq!(row(&scene, "RC-07").0, "FAILED");
}

#[test]
fn a_scan_that_did_not_do_its_work_is_no_clean_one() {
    let scene = Scene::new(&command(
        "leaks",
        "echo '12:00AM INF scanned ~0 bytes (0) in 1ms'; echo 'INF no leaks found'",
        "proof = \"gitleaks\"",
    ));
    assert_eq!(scene.run(&["run", "RC-05"]).code, 5);
    let ended = scene.run(&["findings"]);
    ended.failed(5, &["not every scan says what it found: RC-05/leaks: hollow pass"]);
    assert!(ended.stdout.contains("RC-05/leaks: undecided: hollow pass"), "{}", ended.stdout);
    let none = Scene::new(&command("greet", "cat greeting.txt", ""));
    none.run(&["findings"]).failed(5, &["the plan has no scan"]);
}

/// Normalized outputs are handed on in canonical form, so that the actions that use them are the same every time.
#[test]
fn what_is_normalized_is_handed_on_normalized() {
    let messages = "printf '{\"osv\":{\"id\":\"b\"}}\\n{\"config\":{\"x\":\"%s\"}}\\n' x > m.json";
    let shuffled =
        format!("{messages}; if [ $(($(date +%s%N) % 2)) = 0 ]; then tac m.json > n.json; mv n.json m.json; fi");
    let outputs =
        "outputs = [\"m.json\"]\nclock = \"real\"\nnormalize.outputs = { \"m.json\" = [\"govulncheck-json\"] }";
    let scene = Scene::new(&format!(
        "{}{}",
        command("messages", &shuffled, outputs),
        command("convert", "cat m.json", "needs = [\"messages\"]\nrequire = \"bitwise\"")
    ));
    scene.ok(&["run", "RC-05"]);
    let said = scene.ok(&["log", "RC-05", "convert", "--stream", "stdout"]).stdout;
    assert_eq!(said, "{\"config\":{\"x\":\"x\"}}\n{\"osv\":{\"id\":\"b\"}}\n", "canonical, and not as it was written");
    for _ in 0..3 {
        scene.ok(&["replay", "RC-05"]);
    }
    scene.ok(&["verify", "manifests/RC-05.json"]);
}

#[test]
fn a_blob_that_is_gone_says_nothing_of_its_scan_and_leaves_the_others() {
    let scene = Scene::new(&command("leaks", "cat reports/gitleaks.txt >&2", "proof = \"gitleaks\""));
    let exit = "sets = [\"all\"]\nexit = [{ says = \"It passes.\", rests-on = [\"commands\"] }]";
    scene.replace("rcrepro.toml", "sets = [\"all\"]", exit);
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/normalize/gitleaks-log/clean.1.txt");
    scene.write("reports/gitleaks.txt", &std::fs::read(recorded).expect("a recorded output"));
    scene.write("own.txt", scene.path("own.txt").to_string_lossy().as_bytes());
    scene.commit("a scan");
    scene.ok(&["run", "RC-05"]);
    scene.commit("recorded");
    let manifest: serde_json::Value = serde_json::from_str(&scene.read("manifests/RC-05.json")).expect("JSON");
    let stderr = manifest["commands"][0]["stderr"]["raw"].as_str().expect("a digest").to_owned();
    let hash = stderr.split('/').next().expect("a hash");
    std::fs::remove_file(scene.path(&format!("manifests/RC-05.evidence/{hash}"))).expect("it travelled");
    let empty = tempfile::tempdir().expect("a store");
    for command in [&["status"][..], &["verdict"], &["findings"]] {
        let mut program = scene.command(command);
        let ended =
            crate::scene::Ended::from(program.env("RCREPRO_STORE", empty.path()).output().expect("the program starts"));
        assert!(!ended.stderr.starts_with("error: blob"), "{command:?}: {}", ended.stderr);
        assert!(ended.stdout.contains("RC-05"), "{command:?}: {}", ended.stdout);
    }
}
