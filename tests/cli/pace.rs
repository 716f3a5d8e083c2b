//! The pace of a whole program run: what a failure stops and what it does not, a part of a packet, and what is said meanwhile to
//! people and programs that read a pipe.

use std::process::Stdio;

use serde_json::Value;

use crate::scene::{Ended, Scene, command};

/// A command that fails at once and one that needs it; one that takes a while, and one that needs that one.
fn failing(id: &str) -> Scene {
    let needs = |what: &str| format!("needs = [\"{id}-{what}\"]");
    let of = |name: &str, line: &str, more: &str| command(&format!("{id}-{name}"), line, more);
    Scene::new(
        &[
            of("breaks", "exit 3", "outputs = [\"out\"]"),
            of("after", "cat out", &needs("breaks")),
            of("slow", "sleep 4; echo slow > slow", "outputs = [\"slow\"]"),
            of("beside", "cat slow", &needs("slow")),
        ]
        .concat(),
    )
}

/// Three packets: one that fails, one that needs it, and one that needs nothing.
fn packets(id: &str) -> Scene {
    let scene = Scene::new(&command(&format!("{id}-breaks"), "exit 3", ""));
    let packet = |number: u8, name: &str, needs: &str| {
        format!(
            "[packets.RC-0{number}]\ntitle = \"{name}\"\nsets = [\"{name}\"]\nneeds = [{needs}]\n\
             [[sets.{name}]]\nid = \"{id}-{name}\"\nrun = \"echo {name}\"\nimage = \"base\"\n"
        )
    };
    let more = packet(6, "needing", "\"RC-05\"") + &packet(7, "free", "");
    scene.write("rcrepro.toml", format!("{}\n{more}", scene.read("rcrepro.toml")).as_bytes());
    scene.commit("three packets");
    scene
}

fn says(ended: &Ended, code: i32, texts: &[&str]) {
    assert_eq!(ended.code, code, "{}\n{}", ended.stdout, ended.stderr);
    for text in texts {
        assert!(ended.stdout.contains(text) || ended.stderr.contains(text), "`{text}` in\n{ended:?}");
    }
}

/// The events among the lines of standard error, each of which is a document of its own.
fn events(ended: &Ended) -> Vec<Value> {
    let lines = ended.stderr.lines().filter(|line| line.starts_with('{'));
    lines.map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

fn named<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["event"] == name).collect()
}

#[test]
fn a_failure_stops_what_needs_it_and_with_fail_fast_what_was_not_begun() {
    let scene = failing("pace");
    for arguments in [&["run", "RC-05", "-j", "2"][..], &["run", "RC-05", "-j", "2", "--keep-going"]] {
        let ended = scene.run(arguments);
        says(&ended, 1, &["failed  pace-breaks  exit code 3", "ok  pace-beside", "pace-after: `pace-breaks` failed"]);
    }
    let ended = scene.run(&["run", "RC-05", "-j", "2", "--fail-fast", "--fresh"]);
    let stopped = "pace-beside: not started, `pace-breaks` failed (--fail-fast)";
    says(&ended, 1, &["failed  pace-breaks  exit code 3", stopped]);
    assert!(!ended.stdout.contains("ok  pace-beside"), "{}", ended.stdout);
    let both = scene.run(&["run", "RC-05", "--fail-fast", "--keep-going"]);
    both.failed(2, &["--keep-going", "cannot be used with", "--fail-fast"]);

    let ended = scene.run(&["--json", "run", "RC-05", "-j", "2", "--fail-fast", "--fresh"]);
    assert_eq!(ended.code, 1, "{}\n{}", ended.stdout, ended.stderr);
    let events = events(&ended);
    let stopped = named(&events, "stopped");
    let stopped = stopped.iter().find(|event| event["command"] == "pace-beside").expect("it was not begun");
    assert_eq!(stopped["because"], "pace-breaks");
    let document: Value = serde_json::from_str(&ended.stdout).expect("one document");
    assert_eq!(document[0]["packet"], "RC-05", "{document}");
}

#[test]
fn a_failed_packet_stops_those_that_need_it_and_with_fail_fast_the_others_too() {
    let scene = packets("paces");
    let all = ["run", "RC-05", "RC-06", "RC-07"];
    says(&scene.run(&all), 1, &["RC-06: not run, it needs RC-05", "RC-07 recorded"]);
    assert!(!scene.path("manifests/RC-06.json").exists(), "it did not run");
    let scene = packets("paces-fast");
    let ended = scene.run(&[&all[..], &["--fail-fast"]].concat());
    assert_eq!(ended.code, 1, "{}\n{}", ended.stdout, ended.stderr);
    assert!(!scene.path("manifests/RC-07.json").exists() && !ended.stdout.contains("RC-07 recorded"), "{ended:?}");
}

#[test]
fn a_part_of_a_packet_is_recorded_as_one_and_passes_nothing() {
    let makes = command("part-makes", "echo made > made", "outputs = [\"made\"]");
    let uses = command("part-uses", "cat made", "needs = [\"part-makes\"]");
    let scene = Scene::new(&[makes, uses, command("part-other", "exit 3", "")].concat());
    let ended = scene.ok(&["run", "RC-05", "--command", "part-uses"]);
    says(&ended, 0, &["ok  part-makes", "ok  part-uses"]);
    assert!(!ended.stdout.contains("part-other  exit code"), "{}", ended.stdout);
    assert!(!scene.path("manifests/RC-05.json").exists(), "a part makes no manifest");
    let log = scene.ok(&["log", "RC-05"]);
    assert!(log.stderr.contains("evidence of partial run "), "{}", log.stderr);
    assert_eq!(scene.board_document()["packets"][0]["state"], "READY");
    scene
        .run(&["run", "RC-05", "--command", "part-usse"])
        .failed(2, &["RC-05 has no command `part-usse`", "did you mean `part-uses`?"]);
    scene.run(&["run", "RC-05", "RC-05", "--command", "part-uses"]).failed(2, &["is a command of one packet"]);
}

#[test]
fn a_long_command_gives_a_sign_of_life_each_minute_to_people_and_programs() {
    let line = "echo first; echo begun; sleep 64";
    let scenes = [Scene::new(&command("long-text", line, "")), Scene::new(&command("long-json", line, ""))];
    let run = |scene: &Scene, arguments: &[&str]| {
        let mut program = scene.command(arguments);
        program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
    };
    let children = [run(&scenes[0], &["run", "RC-05"]), run(&scenes[1], &["--json", "run", "RC-05"])];
    let [text, json] = children.map(|child| Ended::from(child.wait_with_output().expect("it ends")));
    says(&text, 0, &["running  long-text: ", "last: begun", "ran  long-text ("]);
    assert_eq!(text.stderr.matches("running  long-text").count(), 1, "{}", text.stderr);

    assert_eq!(json.code, 0, "{}\n{}", json.stdout, json.stderr);
    let events = events(&json);
    let beats: Vec<_> = named(&events, "running").into_iter().filter(|beat| beat["what"] == "long-json").collect();
    assert!(beats.len() == 1 && beats[0]["last"] == "begun", "{}", json.stderr);
    assert!(beats[0]["seconds"].as_u64().is_some_and(|seconds| seconds >= 50), "{}", json.stderr);
    let of = |name: &str| named(&events, name).into_iter().find(|event| event["command"] == "long-json").cloned();
    assert!(of("started").is_some(), "{}", json.stderr);
    assert_eq!(of("finished").expect("it ended")["exit_code"], 0);
    let document: Value = serde_json::from_str(&json.stdout).expect("one document");
    assert_eq!(document[0]["standing"], "passed", "{document}");
}
