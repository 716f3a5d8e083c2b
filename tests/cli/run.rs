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
fn a_folder_that_git_keeps_for_an_output_is_no_source() {
    let scene = Scene::new(
        &[
            command("make", "ls -A dist && rm dist/.gitkeep && echo new > dist/app", "outputs = [\"dist\"]"),
            command("use", "ls -A dist && cat dist/app", "needs = [\"make\"]"),
            command("beside", "ls -A dist", ""),
        ]
        .concat(),
    );
    scene.write("dist/.gitkeep", b"");
    scene.commit("a placeholder");
    scene.ok(&["run", "RC-05"]);
    for (id, said) in [("make", ".gitkeep\n"), ("use", "app\nnew\n"), ("beside", ".gitkeep\n")] {
        assert_eq!(scene.ok(&["log", "RC-05", id]).stdout, said);
    }
    scene.ok(&["replay", "RC-05"]);
    scene.ok(&["verify", "manifests/RC-05.json"]);
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
    scene.run(&["run", "RC-05"]).failed(
        3,
        &["`greeting.txt`", "hint: a declared output may not be in the source, but for a folder of placeholders: "],
    );
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

#[test]
fn packets_run_after_those_that_they_need() {
    let scene = Scene::new(&command("greet", "cat greeting.txt", ""));
    scene.replace("rcrepro.toml", "sets = [\"all\"]", "sets = [\"all\"]\nneeds = [\"RC-03\"]");
    let first = "[packets.RC-03]\ntitle = \"First\"\nsets = [\"first\"]\n";
    let commands = "[[sets.first]]\nid = \"first\"\nrun = \"true\"\nimage = \"base\"\n";
    scene.write("rcrepro.toml", format!("{}\n{first}{commands}", scene.read("rcrepro.toml")).as_bytes());
    scene.commit("two packets");
    let ended = scene.ok(&["run", "RC-05", "RC-03"]);
    let at = |text: &str| ended.stdout.find(text).expect(text);
    assert!(at("RC-03 recorded") < at("RC-05 recorded"), "{}", ended.stdout);
}

#[test]
fn a_manifest_that_was_changed_by_hand_is_6_and_one_without_evidence_5() {
    let scene = Scene::new(&command("greet", "cat greeting.txt", ""));
    scene.ok(&["run", "RC-05"]);
    let manifest = scene.read("manifests/RC-05.json");
    scene.write("manifests/RC-05.json", manifest.replace("\"exit_code\":0", "\"exit_code\":7").as_bytes());
    let ended = scene.run(&["verify", "manifests/RC-05.json"]);
    assert_eq!(ended.code, 6, "{}", ended.stdout);
    assert!(ended.stdout.contains("result-differs  commands.greet.result"), "{}", ended.stdout);
    scene.write("manifests/RC-05.json", manifest.as_bytes());
    std::fs::remove_dir_all(scene.path("manifests/RC-05.evidence")).expect("removed");
    let nowhere = scene.path("nowhere").display().to_string();
    let ended = scene.run(&["--store", &nowhere, "verify", "manifests/RC-05.json"]);
    assert_eq!(ended.code, 5, "{}", ended.stdout);
    assert!(ended.stdout.contains("evidence-missing  evidence"), "{}", ended.stdout);
    assert!(ended.stdout.contains("found:    no folder `manifests/RC-05.evidence`"), "{}", ended.stdout);
}

#[test]
fn a_hundred_megabytes_of_output_are_recorded_replayed_and_verified_in_little_memory() {
    let line = "yes 0123456789abcdef | head -c 104857600; head -c 9 greeting.txt";
    let scene = Scene::new(&command("much", line, ""));
    for arguments in [&["run", "RC-05"][..], &["replay", "RC-05"], &["verify", "manifests/RC-05.json"]] {
        let peak = scene.peak_memory(arguments);
        assert!(peak < 100 << 20, "{arguments:?} took {} MiB", peak >> 20);
    }
    scene.write("greeting.txt", b"other\n");
    scene.commit("the end of the stream differs");
    let ended = scene.run(&["replay", "RC-05"]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(ended.stdout.contains("stdout:6168095 - "), "{}", ended.stdout);
}

#[test]
fn a_command_may_stand_before_those_that_it_needs() {
    let uses = command("uses", "cat made", "needs = [\"makes\"]");
    let scene = Scene::new(&[uses, command("makes", "echo yes > made", "outputs = [\"made\"]")].concat());
    scene.ok(&["run", "RC-05"]);
    scene.ok(&["verify", "manifests/RC-05.json"]);
    scene.ok(&["replay", "RC-05"]);
}
