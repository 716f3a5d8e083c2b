//! `rcrepro replay`.

use crate::scene::{Scene, command};

#[test]
fn an_unchanged_commit_reproduces_also_as_a_later_commit() {
    let scene = Scene::new(&command("greet", "cat greeting.txt; echo $SOURCE_DATE_EPOCH", ""));
    scene.ok(&["run", "RC-05"]);
    scene.commit("the manifest");
    std::thread::sleep(std::time::Duration::from_secs(1));
    scene.commit("a later commit of the same tree");
    let ended = scene.ok(&["replay", "RC-05"]);
    assert!(
        ended.stdout.ends_with("RC-05 reproduced: 1 of 1 command equal (1 bitwise, 0 canonical)\n"),
        "{}",
        ended.stdout
    );
}

#[test]
fn a_changed_byte_names_command_stream_and_line() {
    let scene =
        Scene::new(&[command("greet", "echo first; cat greeting.txt", ""), command("same", "echo same", "")].concat());
    scene.ok(&["run", "RC-05"]);
    scene.replace("greeting.txt", "hello", "hallo");
    scene.commit("one byte");
    let ended = scene.run(&["replay", "RC-05"]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    for text in
        ["source tree", "greeting.txt", "divergent  greet", "stdout:2 - hello", "stdout:2 + hallo", "NOT reproduced"]
    {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}", ended.stdout);
    }
    let blob = ended.stdout.lines().find_map(|line| line.split("stdout found: ").nth(1)).expect("the full log's path");
    assert_eq!(std::fs::read_to_string(blob).expect("the log is there"), "first\nhallo\n");
}

#[test]
fn output_that_varies_is_divergent_and_a_named_normalizer_makes_it_canonical() {
    let time = "echo \"ok  \texample.com/m\t1$(date +%N).000s\"";
    let scene = Scene::new(
        &[
            command("raw", time, "clock = \"real\""),
            command("normalized", time, "clock = \"real\"\nnormalize.stdout = [\"go-test\"]"),
            command("demanding", time, "clock = \"real\"\nrequire = \"bitwise\"\nnormalize.stdout = [\"go-test\"]"),
            command("pinned", time, "clock = \"stands\"\nrequire = \"bitwise\""),
        ]
        .concat(),
    );
    scene.ok(&["run", "RC-05"]);
    let ended = scene.run(&["replay", "RC-05"]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(ended.stdout.contains("divergent  raw"), "{}", ended.stdout);
    assert!(ended.stdout.contains("canonical  normalized"), "{}", ended.stdout);
    assert!(ended.stdout.contains("divergent  demanding"), "{}", ended.stdout);
    assert!(ended.stdout.contains("bitwise  pinned"), "{}", ended.stdout);
}

#[test]
fn an_output_file_that_varies_is_canonical_with_its_normalizer_and_verify_derives_it_again() {
    let report = "echo \"ok  \texample.com/m\t1$(date +%N).000s\" > report";
    let scene = Scene::new(&command(
        "report",
        report,
        "clock = \"real\"\noutputs = [\"report\"]\nnormalize.outputs = { report = [\"go-test\"] }",
    ));
    scene.ok(&["run", "RC-05"]);
    scene.ok(&["verify", "manifests/RC-05.json"]);
    let replayed = scene.ok(&["replay", "RC-05"]);
    assert!(replayed.stdout.contains("canonical  report"), "{}", replayed.stdout);
    scene.replace("manifests/RC-05.json", "\"normalizers\":[\"go-test\"]", "\"normalizers\":[]");
    let verified = scene.run(&["verify", "manifests/RC-05.json"]);
    assert_eq!(verified.code, 6, "{}", verified.stdout);
    assert!(verified.stdout.contains("commands.report.outputs.report.normalizers"), "{}", verified.stdout);
}

#[test]
fn normalizers_of_a_folder_are_refused_with_advice() {
    let scene = Scene::new(&command(
        "report",
        "mkdir report",
        "outputs = [\"report\"]\nnormalize.outputs = { report = [\"go-test\"] }",
    ));
    scene.run(&["run", "RC-05"]).failed(
        3,
        &[
            "output `report`: expected a regular file, found a directory",
            "hint: name the files themselves as `outputs`",
        ],
    );
}

#[test]
fn a_replay_without_a_manifest_is_undecided() {
    let scene = Scene::new(&command("greet", "cat greeting.txt", ""));
    scene.run(&["replay", "RC-05"]).failed(5, &["no manifest at", "hint: rcrepro run RC-05 records it"]);
}

#[test]
fn both_stagings_reproduce_each_other() {
    if std::env::var("RCREPRO_TEST_ENGINE").is_ok_and(|engine| engine == "podman") {
        println!("skipped: Podman has one staging, see crates/engine/tests/docker/podman.rs");
        return;
    }
    let scene = Scene::new(
        &[
            command("make", "cp greeting.txt copy; chmod +x copy", "outputs = [\"copy\"]"),
            command("use", "./copy || ls -l --time-style=+%s | tail -n +2 | cut -d' ' -f1,3-", "needs = [\"make\"]"),
        ]
        .concat(),
    );
    scene.ok(&["run", "RC-05", "--staging", "overlay"]);
    scene.ok(&["replay", "RC-05", "--staging", "archive"]);
}

#[test]
fn a_manifest_that_contradicts_itself_is_not_replayed() {
    let scene = Scene::new(&command("greet", "cat greeting.txt", ""));
    scene.ok(&["run", "RC-05"]);
    let good = scene.read("manifests/RC-05.json");
    let mut document: serde_json::Value = serde_json::from_str(&good).expect("JSON");
    let entry = document["commands"][0].clone();
    document["commands"].as_array_mut().expect("commands").push(entry);
    scene.write("manifests/RC-05.json", document.to_string().as_bytes());
    let ended = scene.run(&["replay", "RC-05"]);
    ended.failed(6, &["was tampered with: commands is not what the rest says", "hint: rcrepro verify "]);
    assert!(!ended.stderr.contains("bitwise"), "nothing ran: {}", ended.stderr);
    scene.write("manifests/RC-05.json", good.as_bytes());
    scene.ok(&["replay", "RC-05"]);
}
