//! Outputs that a command promises: made, kept and bounded, and one command's trouble where they are not.

use crate::scene::{Ended, Scene, command, shared_store};
use rcrepro_store::BlobStore as _;
use rcrepro_store::fs::FsStore;

#[test]
fn an_output_that_is_not_there_fails_the_command_for_run_verify_and_replay() {
    let promised = "outputs = [\"dist\"]";
    let scene = Scene::new(
        &[command("promises", "echo nothing", promised), command("uses", "ls", "needs = [\"promises\"]")].concat(),
    );
    let ended = scene.run(&["run", "RC-05"]);
    assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
    for text in ["output-missing  commands.promises.outputs.dist", "recorded as failed"] {
        assert!(ended.stdout.contains(text), "{}", ended.stdout);
    }
    assert!(!scene.path("manifests/RC-05.json").exists());

    // What the run left in the store, given to a stranger as if it were a recorded manifest.
    let documents: serde_json::Value =
        serde_json::from_str(&scene.run(&["--json", "run", "RC-05"]).stdout).expect("JSON");
    let digest = documents[0]["manifest"].as_str().and_then(|text| text.parse().ok()).expect("a digest");
    let store = FsStore::open(&shared_store()).expect("the store");
    scene.write("elsewhere.json", &store.get(digest).expect("the manifest of the run"));
    let judged = scene.run(&["verify", "elsewhere.json"]);
    assert!(judged.stdout.contains("output-missing  commands.promises.outputs.dist"), "{}", judged.stdout);
    assert_ne!(judged.code, 0);

    // Recorded while it was made.
    scene.replace("rcrepro.toml", "echo nothing", "if [ -e no-more ]; then echo nothing; else mkdir dist; fi");
    scene.commit("make it");
    scene.ok(&["run", "RC-05"]);
    scene.ok(&["verify", "manifests/RC-05.json"]);
    scene.ok(&["replay", "RC-05"]);
    scene.write("no-more", b"");
    scene.commit("make it no more");
    let ended = scene.run(&["replay", "RC-05"]);
    assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("output-missing"), "{}", ended.stdout);
}

#[test]
fn an_output_that_cannot_be_kept_is_its_own_commands_trouble() {
    let scene = Scene::new(
        &[
            command("pipe", "mkdir o && mkfifo o/p", "outputs = [\"o\"]"),
            command("lone-pipe", "mkfifo p", "outputs = [\"p\"]"),
            command("below-source", "true", "outputs = [\"greeting.txt/x/y\"]\nproof = \"exit-code\""),
            command("below-made", "echo > f", "outputs = [\"f/x\"]\nproof = \"exit-code\""),
            command("sparse", "truncate -s 300G large", "outputs = [\"large\"]"),
            command("fine", "echo fine", "proof = \"exit-code\""),
        ]
        .concat(),
    );
    let ended = scene.run(&["run", "RC-05"]);
    assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
    for text in [
        "output-unkept  commands.pipe.outputs.o",
        "`/work/o/p` is a fifo",
        "output-unkept  commands.below-source.outputs.greeting.txt/x/y",
        "nothing can be at `/work/greeting.txt/x/y`: `/work/greeting.txt` is not a folder",
        "nothing can be at `/work/f/x`: `/work/f` is not a folder",
        "output-unkept  commands.sparse.outputs.large",
        "it holds more than 1 GiB: max-output = \"4GiB\"",
        "ok  fine",
    ] {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}", ended.stdout);
    }
    // The board and a stranger are told the same of what was there.
    for arguments in [&["status"][..], &["verify", "manifests/RC-05.failed.json"]] {
        let told = scene.run(arguments);
        assert_eq!(told.code, 1, "{}{}", told.stdout, told.stderr);
        for text in
            ["output-unkept", "`/work/o/p` is a fifo", "`/work/p` is a fifo", "`/work/greeting.txt` is not a folder"]
        {
            assert!(told.stdout.contains(text), "`{text}` in\n{}", told.stdout);
        }
        assert!(!told.stdout.contains("output-missing"), "{}", told.stdout);
    }
    assert!(!ended.stdout.contains("volumes") && !ended.stderr.contains("volumes"), "no path of the engine's");
    assert!(!ended.stdout.contains("/var/lib"), "{}", ended.stdout);
    assert_eq!(scene.ok(&["log", "RC-05", "fine"]).stdout, "fine\n", "its result is kept");

    scene.replace("rcrepro.toml", "mkdir o && mkfifo o/p", "mkdir o");
    scene.replace("rcrepro.toml", "mkfifo p", "touch p");
    scene.replace("rcrepro.toml", "greeting.txt/x/y", "greeting.txt");
    scene.replace("rcrepro.toml", "echo > f", "mkdir f && touch f/x");
    scene.replace("rcrepro.toml", "truncate -s 300G large", "truncate -s 3M large");
    scene.replace("rcrepro.toml", "outputs = [\"large\"]", "outputs = [\"large\"]\nmax-output = \"2MiB\"");
    scene.commit("smaller");
    let ended = scene.run(&["run", "RC-05"]);
    assert!(ended.stdout.contains("it holds more than 2 MiB: max-output = \"1GiB\""), "{}", ended.stdout);
    scene.replace("rcrepro.toml", "\"2MiB\"", "\"3MiB\"");
    scene.commit("as much as it is");
    scene.ok(&["run", "RC-05"]);
}

#[test]
fn a_lost_container_is_its_own_commands_trouble() {
    let lost = command("lost", "echo begun; sleep 300", "needs = [\"kept\"]");
    let scene = Scene::new(&[command("kept", "echo kept", "proof = \"exit-code\""), lost].concat());
    let child = scene.start_until_running(&["run", "RC-05"], "lost");
    let container = scene.containers_of("lost").pop().expect("it is there");
    let kill = || std::process::Command::new("docker").args(["kill", &container]).output().expect("the docker client");
    // It is there before it runs.
    while !kill().status.success() {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let ended = Ended::from(child.wait_with_output().expect("it ends"));
    assert_eq!(ended.code, 5, "{}{}", ended.stdout, ended.stderr);
    for text in ["command-undecided  commands.lost", "ok  kept", "NOT recorded"] {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}", ended.stdout);
    }
    assert!(!scene.path("manifests/RC-05.json").exists());
    assert_eq!(scene.ok(&["log", "RC-05", "kept"]).stdout, "kept\n", "its result is kept");
    assert_eq!(scene.containers_of("lost"), Vec::<String>::new());
}

#[test]
fn an_output_that_is_in_the_source_is_a_note_and_no_failure() {
    let scene = Scene::new(
        &[
            command("makes-nothing", "cat greeting.txt", "outputs = [\"greeting.txt\"]\nproof = \"exit-code\""),
            command("makes-anew", "echo made > made/file", "outputs = [\"made\"]\nproof = \"exit-code\""),
            command("makes-another", "echo other > kept.txt", "outputs = [\"kept.txt\"]\nproof = \"exit-code\""),
        ]
        .concat(),
    );
    scene.write("made/.gitignore", b"*\n!.gitignore\n");
    scene.write("kept.txt", b"before\n");
    scene.commit("outputs in the source");
    let check = scene.ok(&["check"]).stdout;
    for (path, id, is_noted) in
        [("greeting.txt", "makes-nothing", true), ("made", "makes-anew", false), ("kept.txt", "makes-another", true)]
    {
        let note = format!("the output `{path}` of `{id}` is in the source");
        assert_eq!(check.contains(&note), is_noted, "{note}\n{check}");
    }
    let ran = scene.ok(&["run", "RC-05"]).stdout;
    let note = "`greeting.txt` is as the source has it: nothing shows that the command made it";
    assert_eq!(ran.matches("as the source has").count(), 1, "{ran}");
    assert!(ran.contains(note), "{ran}");
    let document = scene.ok(&["--json", "run", "RC-05", "--fresh"]).stdout;
    assert!(document.contains(note), "{document}");
}
