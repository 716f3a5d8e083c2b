//! `rcrepro init`, `status`, `verdict`, `approve` and `run --all`.

use crate::scene::{Ended, Scene, command};

/// Three packets: one that waits for an approval, one with a command, one that needs both.
const PACKETS: &str = r#"
exit = [{ says = "It greets.", rests-on = ["command:greet"] }, { says = "It is there.", rests-on = ["file:greeting.txt"] }]
needs = ["RC-00"]

[packets.RC-00]
title = "Freeze"
exit = [{ says = "The plan is approved.", rests-on = ["approval"] }]

[packets.RC-07]
title = "Verdict"
needs = ["RC-05"]
exit = [{ says = "All are done.", rests-on = ["packets"] }]
"#;

fn scene(line: &str) -> Scene {
    let scene = Scene::new(&command("greet", line, ""));
    scene.replace("rcrepro.toml", "sets = [\"all\"]\n", &format!("sets = [\"all\"]{PACKETS}"));
    scene.commit("three packets");
    scene
}

/// Reads the states off `status`, in the packets' order.
fn states(scene: &Scene) -> Vec<String> {
    let document: serde_json::Value = scene.board_document();
    let packets = document["packets"].as_array().expect("packets").iter();
    packets.map(|row| row["state"].as_str().expect("a state").to_owned()).collect()
}

fn verdict(scene: &Scene, code: i32) -> Ended {
    let ended = scene.run(&["verdict"]);
    assert_eq!(ended.code, code, "{}\n{}", ended.stdout, ended.stderr);
    ended
}

#[test]
fn one_command_goes_from_ready_to_go_and_every_change_takes_it_back() {
    let scene = scene("cat greeting.txt");
    assert_eq!(states(&scene), ["READY", "BLOCKED", "BLOCKED"]);
    assert_eq!(scene.run(&["run", "--all"]).code, 5, "nothing may run before the plan is approved");
    scene.ok(&["approve", "RC-00", "--by", "A Release Orchestrator"]);
    assert_eq!(states(&scene), ["DONE", "READY", "BLOCKED"]);
    assert!(verdict(&scene, 5).stdout.ends_with("verdict: UNDECIDED\n"));
    scene.ok(&["run", "--all"]);
    scene.commit("the evidence");
    assert_eq!(states(&scene), ["DONE", "DONE", "DONE"]);
    let shown = verdict(&scene, 0).stdout;
    assert!(shown.ends_with("verdict: GO\n"), "{shown}");
    for line in shown.lines().filter(|line| line.starts_with("        ")) {
        let digest = line.rsplit(' ').next().and_then(|text| text.split_once('/'));
        assert!(digest.is_some_and(|(hash, _)| hash.len() == 64), "a digest ends `{line}`");
    }

    scene.replace("greeting.txt", "hello", "hallo");
    scene.commit("another source");
    assert_eq!(states(&scene), ["DONE", "READY", "BLOCKED"]);
    assert!(scene.board(0).stdout.contains("the source has changed since: rcrepro run RC-05"));
    scene.replace("greeting.txt", "hallo", "hello");
    scene.commit("the old source");
    assert_eq!(states(&scene), ["DONE", "DONE", "DONE"]);

    scene.replace("rcrepro.toml", "cat greeting.txt", "cat greeting.txt; true");
    scene.commit("another command");
    assert_eq!(states(&scene), ["READY", "BLOCKED", "BLOCKED"], "nobody approved this plan");
    assert!(scene.board(0).stdout.contains("A Release Orchestrator approved another plan"));
    scene.ok(&["approve", "RC-00", "--by", "A Release Orchestrator"]);
    assert_eq!(states(&scene), ["DONE", "READY", "BLOCKED"]);
    assert!(scene.board(0).stdout.contains("the plan has changed since: command `greet`"));
}

#[test]
fn what_failed_is_no_go_and_tampered_evidence_too() {
    let failing = scene("cat greeting.txt; exit 3");
    failing.ok(&["approve", "RC-00", "--by", "Somebody"]);
    assert_eq!(failing.run(&["run", "--all"]).code, 1);
    assert_eq!(states(&failing), ["DONE", "FAILED", "BLOCKED"]);
    let shown = verdict(&failing, 1).stdout;
    assert!(shown.contains("command-failed commands.greet") && shown.ends_with("verdict: NO_GO\n"), "{shown}");

    let tampered = scene("cat greeting.txt; true");
    tampered.ok(&["approve", "RC-00", "--by", "Somebody"]);
    tampered.ok(&["run", "--all"]);
    tampered.replace("manifests/RC-05.json", "\"exit_code\":0", "\"exit_code\":9");
    assert_eq!(states(&tampered), ["DONE", "TAMPERED", "BLOCKED"]);
    verdict(&tampered, 6);
    std::fs::remove_file(tampered.path("manifests/RC-05.json")).expect("it was there");
    assert_eq!(states(&tampered), ["DONE", "READY", "BLOCKED"]);
}

#[test]
fn a_review_is_of_one_manifest() {
    let scene = scene("cat greeting.txt");
    scene.replace("rcrepro.toml", "[\"file:greeting.txt\"]", "[\"review\"]");
    scene.commit("a review");
    scene.ok(&["approve", "RC-00", "--by", "Somebody"]);
    scene.run(&["approve", "RC-05", "--review", "--by", "A Reviewer"]).failed(5, &["has no manifest at"]);
    assert_eq!(scene.run(&["run", "--all"]).code, 5, "it waits for its review");
    assert!(scene.board(0).stdout.contains("waits for its review: rcrepro approve RC-05 --review --by NAME"));
    scene.ok(&["approve", "RC-05", "--review", "--by", "A Reviewer"]);
    assert_eq!(states(&scene), ["DONE", "DONE", "DONE"]);
    scene.run(&["approve", "RC-00", "--by", " "]).failed(2, &["names nobody"]);
}

#[test]
fn packets_without_commands_are_not_run() {
    let scene = scene("cat greeting.txt");
    scene.run(&["run", "RC-00"]).failed(2, &["RC-00 has no command"]);
    scene.run(&["run"]).failed(2, &["PACKET"]);
}

/// A project of the kind that the template is for.
fn project() -> Scene {
    let scene = Scene::new("");
    scene.write("go.mod", b"module example.com/m\n\ngo 1.26\n");
    scene.write("Dockerfile", b"ARG VERSION\nFROM scratch AS runtime\nFROM scratch AS agent_runtime\n");
    scene.write("frontend-modern/package.json", br#"{"name": "m", "version": "1.0.0"}"#);
    let lock = br#"{"name": "m", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {"name": "m"}}}"#;
    scene.write("frontend-modern/package-lock.json", lock);
    scene.commit("a project");
    scene
}

#[test]
fn the_template_is_a_sound_plan_and_replaces_nothing() {
    let scene = project();
    scene.run(&["init"]).failed(2, &["cannot write"]);
    std::fs::remove_file(scene.path("rcrepro.toml")).expect("it was there");
    let own = format!("# of the project\n{}", include_str!("../../images/go.toml"));
    scene.write("images/go.toml", own.as_bytes());
    let said = scene.ok(&["init", "--template", "release-confidence"]).stdout;
    assert!(
        said.contains("wrote ./images/govulncheck.toml\n") && said.contains("kept  ./images/go.toml, which"),
        "{said}"
    );
    assert_eq!(scene.read("images/go.toml"), own);
    let checked = scene.ok(&["check"]).stdout;
    assert!(checked.contains("8 packets"), "{checked}");
    scene.commit("the template");
    assert_eq!(states(&scene), ["READY", "BLOCKED", "BLOCKED", "BLOCKED", "BLOCKED", "BLOCKED", "BLOCKED", "BLOCKED"]);
    scene.ok(&["status", "--write"]);
    scene.ok(&["status", "--check"]);
    scene.ok(&["approve", "RC-00", "--by", "A Release Orchestrator"]);
    assert_eq!(states(&scene)[..2], ["DONE", "READY"]);
}

#[test]
fn what_a_plan_names_and_lacks_is_listed_with_the_command_that_mends_it() {
    let scene = project();
    std::fs::remove_file(scene.path("rcrepro.toml")).expect("it was there");
    scene.ok(&["init", "--template", "release-confidence"]);
    let lacks = |code: i32, expected: &[&str]| {
        let ended = scene.run(&["check"]);
        assert_eq!(ended.code, code, "{}{}", ended.stdout, ended.stderr);
        let said = ended.stdout;
        let found: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("  missing: ")).collect();
        for line in expected {
            assert!(found.iter().any(|found| found.starts_with(line)), "`{line}` in\n{said}");
        }
        found.len()
    };
    let all = lacks(
        0,
        &[
            "lock of image `go`: rcrepro image lock go",
            "lock of the frozen input `gomod`: rcrepro lock gomod",
            "data of the frozen input `vulndb` at `mirror/vulndb.zip`: put it there, then rcrepro lock vulndb",
            "lock of the frozen input `advisories`: rcrepro lock advisories",
        ],
    );
    scene.write("lockfiles/gomod.lock", b"");
    std::fs::remove_file(scene.path("images/node.toml")).expect("written by init");
    // It is there and is no lock, which is another fault.
    let left =
        lacks(3, &["definition of image `node` at `images/node.toml`: mkdir template && rcrepro -C template init"]);
    assert_eq!(left, all - 1, "a lock that is there does not lack");
    std::fs::create_dir(scene.path("template")).expect("made");
    scene.ok(&["-C", "template", "init", "--template", "release-confidence"]);
    assert!(scene.path("template/images/node.toml").exists(), "the hint leads on");
    let document: serde_json::Value =
        serde_json::from_str(&scene.run(&["--json", "check"]).stdout).expect("one document");
    assert_eq!(document["missing"].as_array().map(Vec::len), Some(left));
    scene.commit("the template");
    scene.run(&["image", "build", "node"]).failed(3, &["images/node.toml", "hint: rcrepro check lists"]);
}
