//! `rcrepro run` and `rcrepro log`.

use crate::scene::{Scene, command};

#[test]
fn a_run_records_and_its_evidence_can_be_read() {
    let scene = Scene::new(
        &[
            command("greet", "cat greeting.txt; echo oops >&2", ""),
            command(
                "make",
                "mkdir -p out/deep; echo made > out/deep/file; ln -s file out/deep/link",
                "outputs = [\"out\"]",
            ),
            command("use", "cat out/deep/link", "needs = [\"make\"]"),
        ]
        .concat(),
    );
    let ended = scene.ok(&["run", "RC-05"]);
    assert!(ended.stdout.contains("RC-05 recorded: 3 commands"), "{}", ended.stdout);
    assert_eq!(scene.ok(&["log", "RC-05", "use"]).stdout, "made\n");
    assert_eq!(scene.ok(&["log", "RC-05", "greet", "--stream", "stderr"]).stdout, "oops\n");
    let verified = scene.ok(&["verify", "manifests/RC-05.json"]);
    assert!(verified.stdout.contains("stands"), "{}", verified.stdout);
}

#[test]
fn a_failed_command_is_data_and_what_needs_it_is_undecided() {
    let scene = Scene::new(
        &[
            command("breaks", "echo broken; exit 3", "outputs = [\"out\"]"),
            command("after", "cat out", "needs = [\"breaks\"]"),
            command("beside", "echo fine", ""),
        ]
        .concat(),
    );
    let ended = scene.run(&["run", "RC-05"]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(ended.stdout.contains("failed  breaks  exit code 3"), "{}", ended.stdout);
    assert!(ended.stdout.contains("undecided  after"), "{}", ended.stdout);
    assert!(ended.stdout.contains("ok  beside"), "{}", ended.stdout);
    assert!(!scene.path("manifests/RC-05.json").exists(), "a failed run is not recorded as the packet's manifest");
    assert_eq!(scene.ok(&["log", "RC-05", "breaks"]).stdout, "broken\n");
}

#[test]
fn a_declared_output_that_stands_in_the_source_is_refused() {
    let scene = Scene::new(
        &[
            command("make", "echo new > greeting.txt", "outputs = [\"greeting.txt\"]"),
            command("use", "cat greeting.txt", "needs = [\"make\"]"),
        ]
        .concat(),
    );
    scene.run(&["run", "RC-05"]).failed(3, &["`greeting.txt`", "hint: a declared output may not stand in the source"]);
}

#[test]
fn json_goes_to_standard_output_alone() {
    let scene = Scene::new(&command("greet", "cat greeting.txt", ""));
    let ended = scene.ok(&["--json", "run", "RC-05"]);
    let document: serde_json::Value = serde_json::from_str(&ended.stdout).expect("one JSON document");
    assert_eq!(document[0]["packet"], "RC-05");
    let ended = scene.ok(&["--json", "replay", "RC-05"]);
    let document: serde_json::Value = serde_json::from_str(&ended.stdout).expect("one JSON document");
    assert_eq!((&document["verdict"], &document["counts"]["bitwise"]), (&"bitwise".into(), &1.into()));
}

#[test]
fn the_source_is_the_commit_and_never_the_working_copy() {
    let scene = Scene::new(&command("greet", "cat greeting.txt; ls untracked 2>&1", ""));
    scene.write("greeting.txt", b"changed but not committed\n");
    scene.write("untracked", b"");
    let ended = scene.run(&["run", "RC-05"]);
    assert_eq!(ended.code, 1, "`ls` fails in the container: {}", ended.stderr);
    assert!(scene.ok(&["log", "RC-05", "greet"]).stdout.starts_with("hello\n"));
}
