//! What `run` and `replay` report about a command that fails by a pin, by chance, or anyway.

use serde_json::Value;

use crate::scene::{Ended, Scene, command};

/// Waits for a second to pass, as pollers and rate limiters do.
pub const WAITS: &str = "a=$(date +%s); sleep 1.1; b=$(date +%s); [ $b -gt $a ]";
/// Works with any number of processors but three.
pub const COUNTS: &str = "[ $(nproc) != 3 ]";

/// Finds the notes on a replay of the command with this id in the store's run records; no other test has the id.
fn recorded(id: &str) -> Option<Value> {
    let runs = std::fs::read_dir(crate::scene::shared_store().join("runs")).expect("runs");
    let records = runs.filter_map(|run| std::fs::read(run.expect("an entry").path().join("RC-05.json")).ok());
    let mut records = records.filter_map(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    records.find(|record| record["kind"] == "replay" && record["commands"][0]["id"] == id)
}

#[test]
fn a_failure_names_the_pin_that_it_fails_by() {
    let scene = Scene::new(
        &[
            command("waits", WAITS, "clock = \"stands\"\noutputs = [\"out\"]"),
            command("after", "cat out", "needs = [\"waits\"]"),
            command("today", "[ $(date +%Y) -gt 2020 ]", ""),
            command("counts", COUNTS, "cpus = 3"),
            command("never", "echo no; exit 4", ""),
        ]
        .concat(),
    );
    // The commit's time is the clock's: long ago, so that the real clock is another one.
    scene.commit_again_at("2001-02-03T04:05:06Z");
    let ended = scene.run(&["run", "RC-05", "--jobs", "2"]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    for text in [
        "failed  waits  exit code 1",
        "            fails only if the clock stands still: clock = \"starts\"\n",
        "            fails only with a pinned wall clock: clock = \"real\"\n",
        "            fails only in the pinned world (clock, processors, order of directories, seeds): world = \"machine\"; \
         rcrepro shake RC-05 --propose finds which\n",
        "            fails with the machine's own world, too\n",
        "undecided  after  did not run",
        "RC-05 recorded as failed: not every command succeeded",
    ] {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}", ended.stdout);
    }
    for text in ["passes  waits with a clock that flows (", "fails  never with the machine's own world ("] {
        assert!(ended.stderr.contains(text), "`{text}` in\n{}", ended.stderr);
    }
    assert!(!ended.stderr.contains("after with"), "{}", ended.stderr);
    assert!(!scene.path("manifests/RC-05.json").exists());

    // What the plan is told to write is what makes it pass.
    scene.replace("rcrepro.toml", "clock = \"stands\"\n", "clock = \"starts\"\n");
    scene.replace("rcrepro.toml", "cpus = 3", "world = \"machine\"");
    scene.commit("another plan");
    let ended = scene.run(&["run", "RC-05", "--no-second-look"]);
    for text in ["ok  waits", "ok  counts", "failed  never  exit code 4"] {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}", ended.stdout);
    }
    assert!(!ended.stdout.contains("too"), "no second look: {}", ended.stdout);
}

#[test]
fn a_second_look_changes_nothing_but_what_is_said() {
    let scene = Scene::new(&command("waits", WAITS, "clock = \"stands\""));
    let said = |ended: &Ended| -> Value { serde_json::from_str(&ended.stdout).expect("one JSON document") };
    let looked = scene.run(&["--json", "run", "RC-05"]);
    let unlooked = scene.run(&["--json", "run", "RC-05", "--no-second-look"]);
    assert_eq!((looked.code, unlooked.code), (1, 1));
    let [mut with, mut without] = [said(&looked), said(&unlooked)];
    let look = &with[0]["commands"][0]["failure"]["second_look"];
    assert_eq!((&look["kind"], &look["key"]), (&"pin".into(), &"clock = \"starts\"".into()), "{look:#}");
    let passed: Vec<&Value> = look["looks"].as_array().expect("looks").iter().map(|look| &look["passed"]).collect();
    assert_eq!(passed, [&Value::from(true), &false.into(), &true.into()]);
    assert_eq!(without[0]["commands"][0]["failure"]["second_look"], Value::Null);
    for document in [&mut with, &mut without] {
        document[0]["commands"][0]["failure"] = Value::Null;
    }
    assert_eq!(with, without, "the manifest's digest among them");
}

#[test]
fn the_run_record_keeps_it_and_a_replay_says_it_too() {
    let scene = Scene::new(&command("looked-at", "cat greeting.txt", "clock = \"stands\""));
    scene.ok(&["run", "RC-05"]);
    scene.replace("rcrepro.toml", "cat greeting.txt", WAITS);
    scene.commit("another plan");
    let ended = scene.run(&["replay", "RC-05"]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(ended.stdout.contains("failed  looked-at"), "{}", ended.stdout);
    let says = "fails only if the clock stands still: clock = \"starts\"";
    assert!(ended.stdout.contains(&format!("            {says}\n")), "{}", ended.stdout);
    let record = recorded("looked-at").expect("a run record");
    assert_eq!(record["commands"][0]["second_look"]["says"], says, "{record:#}");
    let json = scene.run(&["--json", "replay", "RC-05"]);
    let document: Value = serde_json::from_str(&json.stdout).expect("one JSON document");
    assert_eq!(document["commands"][0]["failure"]["second_look"]["says"], says, "{document:#}");
}

#[test]
fn chance_is_no_pin() {
    // Fails in one run of two; a run that fails at first and passes twice is told as what it is within a few tries.
    let scene = Scene::new(&command("coin", "test $(($(od -An -N1 -tu1 /dev/urandom) % 2)) = 0", ""));
    let flaky = (0..30).any(|_| {
        let ended = scene.run(&["run", "RC-05", "--fresh"]);
        ended.code == 1 && ended.stdout.contains("passed when it was run again in the same world: flaky by itself")
    });
    assert!(flaky, "a coin that never passed twice after it had failed");
}

#[test]
fn a_failure_that_tried_to_reach_the_network_says_so() {
    let scene = Scene::new(&command(
        "fetch",
        "perl -MIO::Socket::INET -e 'IO::Socket::INET->new(\"192.0.2.7:80\") or exit 3'",
        "",
    ));
    let ended = scene.run(&["run", "RC-05", "--no-second-look"]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    let hint = "            it also tried to reach the network (perl → 192.0.2.7): that may be why\n";
    assert!(ended.stdout.contains(hint), "{}", ended.stdout);
}
