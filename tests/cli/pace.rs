//! How commands share the machine, what is seen of those that run, and what a failure or a choice leaves out.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::scene::{Scene, command};

/// Three fifths of the memory of the engine's machine, as a plan writes it: two of them do not fit.
fn most_of_the_memory() -> String {
    let told = Command::new("docker").args(["info", "--format", "{{.MemTotal}}"]).output().expect("docker's client");
    let bytes: u64 = String::from_utf8_lossy(&told.stdout).trim().parse().expect("a number of bytes");
    format!("memory = \"{}MiB\"", (bytes >> 20) * 3 / 5)
}

/// The events on standard error, one a line.
fn events(stderr: &str) -> Vec<Value> {
    stderr.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).expect(line)).collect()
}

#[test]
fn commands_that_may_use_more_than_the_machine_has_take_turns_and_say_so() {
    let memory = most_of_the_memory();
    let scene = Scene::new(&[command("first", "sleep 2", &memory), command("second", "sleep 0.1", &memory)].concat());
    let ended = scene.ok(&["run", "RC-05", "--fresh", "--jobs", "2"]);
    let waits = ended.stderr.lines().find(|line| line.contains("waits for memory")).expect("one waits");
    let [waiting, running] = if waits.contains("second: ") { ["second", "first"] } else { ["first", "second"] };
    assert!(waits.starts_with(&format!("   waiting  {waiting}: waits for memory: ")), "{waits}");
    assert!(waits.contains(" GiB of ") && waits.ends_with(&format!(" taken by {running}")), "{waits}");
    let ended = scene.ok(&["run", "RC-05", "--fresh", "--jobs", "2", "--json"]);
    let events = events(&ended.stderr);
    let waits = events.iter().find(|event| event["event"] == "waiting" && event["for"] == "memory");
    let waits = waits.unwrap_or_else(|| panic!("one waits: {}", ended.stderr));
    assert_eq!(waits["taken_by"].as_array().map(Vec::len), Some(1), "{waits}");
    assert!(waits["taken"].as_u64() > Some(0) && waits["of"].as_u64() > waits["taken"].as_u64(), "{waits}");
    let of = |kind: &str| events.iter().filter(|event| event["event"] == kind).count();
    assert_eq!((of("started"), of("finished")), (2, 2), "{}", ended.stderr);
    serde_json::from_str::<Value>(&ended.stdout).expect("one document");
}

#[test]
fn a_run_of_some_commands_is_a_partial_one_and_counts_for_nothing() {
    let scene = Scene::new(
        &[
            command("make", "echo made > out", "outputs = [\"out\"]"),
            command("use", "cat out", "needs = [\"make\"]"),
            command("other", "echo other", ""),
        ]
        .concat(),
    );
    let ended = scene.ok(&["run", "RC-05", "--command", "use"]);
    let said = "RC-05 NOT recorded: this was a partial run, of 2 of 3 commands\n      next  rcrepro run RC-05\n";
    assert!(ended.stdout.ends_with(said), "{}", ended.stdout);
    assert!(!ended.stdout.contains("other"), "{}", ended.stdout);
    assert!(!scene.path("manifests/RC-05.json").exists());
    let ready = scene.board(0).stdout;
    assert!(ready.contains("READY"), "{ready}");
    let log = scene.ok(&["log", "RC-05"]);
    assert!(log.stderr.contains("evidence of partial run "), "{}", log.stderr);
    assert!(log.stdout.contains("use\t0") && !log.stdout.contains("other"), "{}", log.stdout);
    let documents = scene.ok(&["--json", "run", "RC-05", "--command", "use"]).stdout;
    let documents: Value = serde_json::from_str(&documents).expect("one document");
    let document = &documents[0];
    assert_eq!((&document["partial"], &document["left_out"]), (&json!(true), &json!(["other"])));
    scene.run(&["run", "RC-05", "--command", "none"]).failed(2, &["RC-05 has no command `none`", "known: make"]);
    scene.ok(&["run", "RC-05"]);
    assert!(scene.board(0).stdout.contains("DONE"));
    // What a part of it does later takes nothing away from the whole.
    scene.ok(&["run", "RC-05", "--command", "other"]);
    assert!(scene.board(0).stdout.contains("DONE"));
    // All commands by name are the packet.
    let ended = scene.ok(&["run", "RC-05", "--command", "use", "--command", "other"]);
    assert!(ended.stdout.contains("RC-05 recorded: 3 commands"), "{}", ended.stdout);
}

/// A plan with three packets: RC-05 fails, RC-06 needs nothing, RC-07 needs RC-05.
fn three_packets() -> Scene {
    let scene = Scene::new(&command("bad", "exit 3", ""));
    let more = "\n[[sets.good]]\nid = \"good\"\nrun = \"echo good\"\nimage = \"base\"\n\n\
                [[sets.last]]\nid = \"last\"\nrun = \"echo last\"\nimage = \"base\"\n\n\
                [packets.RC-06]\ntitle = \"Good\"\nsets = [\"good\"]\n\n\
                [packets.RC-07]\ntitle = \"Last\"\nsets = [\"last\"]\nneeds = [\"RC-05\"]\n";
    scene.write("rcrepro.toml", format!("{}{more}", scene.read("rcrepro.toml")).as_bytes());
    scene.commit("three packets");
    scene
}

#[test]
fn what_does_not_need_a_failure_is_run_unless_the_first_is_to_end_all() {
    let scene = three_packets();
    let packets = ["run", "--no-second-look", "RC-05", "RC-06", "RC-07"];
    let ended = scene.run(&packets);
    assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("RC-06 recorded: 1 command,"), "{}", ended.stdout);
    assert!(ended.stderr.contains(" undecided  RC-07: not run, it needs RC-05\n"), "{}", ended.stderr);
    assert!(!ended.stdout.contains("RC-07"), "{}", ended.stdout);
    std::fs::remove_dir_all(scene.path("manifests")).expect("our own");
    let ended = scene.run(&[&packets[..], &["--fail-fast"]].concat());
    assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("RC-05 recorded as failed") && !ended.stdout.contains("RC-06"), "{}", ended.stdout);
    let ended = scene.run(&["run", "--all", "--no-second-look"]);
    assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("RC-06 recorded: 1 command,"), "{}", ended.stdout);
}

#[test]
fn a_running_command_is_seen_on_a_terminal_and_what_it_writes_obeys_nobody() {
    let line = r"printf '\033]0;owned\007half way\n'; sleep 2";
    let scene = Scene::new(&command("talks", line, ""));
    let program = scene.command(&[]);
    let mut terminal = Command::new("script");
    let run = format!("{} run RC-05 --fresh", env!("CARGO_BIN_EXE_rcrepro"));
    terminal.args(["-qec", &run, "/dev/null"]).current_dir(scene.path(".")).env_clear().env("TERM", "xterm");
    terminal.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::null());
    let seen = terminal.output().expect("script is installed");
    let seen = String::from_utf8_lossy(&seen.stdout);
    assert!(seen.contains(r"talks 1s \u{1b}]0;owned\u{7}half way"), "{seen:?}");
    assert!(!seen.contains("\u{1b}]0;"), "{seen:?}");
}
