//! How the process behaves towards signals, limits, modes, pipes and programs that read its documents.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::scene::{Ended, Scene, command};

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).expect("our own child");
}

#[test]
fn every_signal_that_asks_for_an_end_is_130_and_leaves_no_container() {
    for (id, sent) in [
        ("by-hup", Signal::HUP),
        ("by-term", Signal::TERM),
        ("by-quit", Signal::QUIT),
        ("by-usr1", Signal::USR1),
        ("by-usr2", Signal::USR2),
    ] {
        let scene = Scene::new(&command(id, "echo begun; sleep 300", ""));
        // Whoever runs the tests may ignore some: `nohup` does.
        let program = scene.command_after("exec env --default-signal=HUP \"$0\" \"$@\"", &["run", "RC-05"]);
        let child = scene.until_running(program, id);
        signal(&child, sent);
        let ended = Ended::from(child.wait_with_output().expect("it ends"));
        ended.failed(130, &["interrupted; no container is left"]);
        assert_eq!(scene.containers_of(id), Vec::<String>::new(), "{id}");
    }
}

#[test]
fn a_hangup_that_was_ignored_before_stays_so() {
    let scene = Scene::new(&command("nohup", "echo begun; sleep 300", ""));
    let mut child = scene.until_running(scene.command_after("trap '' HUP", &["run", "RC-05"]), "nohup");
    signal(&child, Signal::HUP);
    // Whether it would end by that signal can only be seen by its going on for a while.
    std::thread::sleep(Duration::from_millis(700));
    assert!(child.try_wait().expect("our own child").is_none(), "it goes on");
    signal(&child, Signal::TERM);
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    assert_eq!(scene.containers_of("nohup"), Vec::<String>::new());
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error_and_no_death() {
    let scene = Scene::new(&command("limited", "head -c 3000000 /dev/zero", ""));
    // 1 MiB: enough for everything but the stream.
    let limited = scene.command_after("ulimit -f 2048", &["run", "RC-05"]).output().expect("it starts");
    let ended = Ended::from(limited);
    assert_eq!(ended.code, 4, "{}\n{}", ended.stdout, ended.stderr);
    assert!(ended.stderr.contains("error: ") && ended.stderr.contains("File too large"), "{}", ended.stderr);
    assert_eq!(scene.containers_of("limited"), Vec::<String>::new());
}

#[test]
fn what_is_written_has_the_modes_that_were_meant() {
    for (id, umask) in [("umask-777", "0777"), ("umask-077", "0077")] {
        let scene = Scene::new(&command(id, "cat greeting.txt", ""));
        let ended = scene.command_after(&format!("umask {umask}"), &["run", "RC-05"]).output().expect("it starts");
        let ended = Ended::from(ended);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let mode = |path: &str| std::fs::metadata(scene.path(path)).expect(path).permissions().mode() & 0o777;
        assert_eq!(mode("manifests"), 0o755, "{id}");
        assert_eq!(mode("manifests/RC-05.evidence"), 0o755, "{id}");
        assert_eq!(mode("manifests/RC-05.json"), 0o644, "{id}");
        for entry in std::fs::read_dir(scene.path("manifests/RC-05.evidence")).expect("evidence") {
            let entry = entry.expect("an entry");
            assert_eq!(entry.metadata().expect("a file").permissions().mode() & 0o777, 0o644, "{id}");
        }
    }
}

#[test]
fn a_reader_who_has_seen_enough_is_told_nothing_and_a_full_disk_is_an_error() {
    let scene = Scene::new(&command("much", "yes 0123456789abcdef | head -c 5000000", ""));
    scene.ok(&["run", "RC-05"]);
    let mut child =
        scene.command(&["log", "RC-05", "much"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    let mut head = Command::new("head").arg("-1").stdin(child.stdout.take().expect("piped")).spawn().expect("head");
    assert!(head.wait().expect("it ends").success());
    let ended = Ended::from(child.wait_with_output().expect("it ends"));
    assert_eq!(ended.code, 5, "{}", ended.stderr);
    let said: Vec<&str> = ended.stderr.lines().filter(|line| !line.starts_with("evidence of ")).collect();
    assert_eq!(said, Vec::<&str>::new());
    let full = std::fs::File::options().write(true).open("/dev/full").expect("the device");
    let ended = scene.command(&["log", "RC-05", "much"]).stdout(full).output().expect("it starts");
    Ended::from(ended).failed(5, &["cannot write to standard output: No space left on device"]);
}

#[test]
fn an_error_is_a_document_too_where_one_is_wanted() {
    let scene = Scene::new(&command("greet", "cat greeting.txt", ""));
    let error = |arguments: &[&str], code: i32| -> serde_json::Value {
        let ended = scene.run(&[&["--json"], arguments].concat());
        assert_eq!(ended.code, code, "{arguments:?}: {}\n{}", ended.stdout, ended.stderr);
        // What a run that died has left may be removed before.
        let told = |line: &str| serde_json::from_str::<serde_json::Value>(line).expect("a line of JSON");
        let is_told =
            ended.stderr.lines().map(told).any(|told| told["event"] == "error" && told["error"]["code"] == code);
        assert!(is_told, "standard error has it as well: {}", ended.stderr);
        let document: serde_json::Value = serde_json::from_str(&ended.stdout)
            .unwrap_or_else(|_| panic!("one document: {arguments:?} {}", ended.stdout));
        assert_eq!(document["error"]["code"], code, "{document}");
        document["error"].clone()
    };
    let unknown = error(&["run", "RC-99"], 2);
    assert_eq!(unknown["kind"], "usage");
    assert_eq!(unknown["message"], "the plan has no packet `RC-99`");
    assert_eq!((&unknown["causes"], &unknown["hint"]), (&serde_json::json!([]), &"known: RC-05".into()));
    for arguments in [
        &["replay", "RC-99"][..],
        &["log", "RC-99"],
        &["shake", "RC-99"],
        &["scope", "RC-99"],
        &["findings", "RC-99"],
        &["approve", "RC-99", "--by", "Ada"],
    ] {
        error(arguments, 2);
    }
    assert_eq!(
        error(&["replay", "RC-05"], 5)["hint"].as_str().map(|hint| hint.starts_with("rcrepro run RC-05")),
        Some(true)
    );
    error(&["verify", "nowhere.json"], 5);
    error(&["why", "nowhere", "nothing"], 2);
    assert_eq!(error(&["no-such-verb"], 2)["kind"], "usage");
    assert_eq!(error(&["run"], 2)["kind"], "usage");
    scene.replace("rcrepro.toml", "version = 1", "version = 1\nnonsense = 2");
    scene.commit("a mistake");
    for arguments in [
        &["check"][..],
        &["lock"],
        &["run", "RC-05"],
        &["status"],
        &["verdict"],
        &["documents"],
        &["pins"],
        &["advisories"],
        &["image", "ls"],
    ] {
        let ended = scene.run(&[&["--json"], arguments].concat());
        if ended.code == 0 {
            continue;
        }
        let found = error(arguments, 3);
        assert_eq!(found["causes"], serde_json::json!([]), "nothing is said twice: {found}");
    }
}

#[test]
fn a_mistake_is_told_once() {
    let scene = Scene::new(&command("greet", "cat greeting.txt", ""));
    scene.replace("rcrepro.toml", "version = 1", "version = 1\nnonsense = 2");
    scene.commit("a mistake");
    let ended = scene.run(&["check"]);
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("nonsense").count(), 1, "{}", ended.stderr);
    assert!(!ended.stderr.contains("caused by:"), "{}", ended.stderr);
    scene.replace("rcrepro.toml", "\nnonsense = 2", "");
    scene.commit("mended");
    for revision in ["nosuch", "HEAD~999"] {
        let ended = scene.run(&["status", "--rev", revision]);
        ended.failed(2, &[&format!("has no revision `{revision}`"), "hint: known: main"]);
        for foreign in ["delegate", "ObjectKind", "NotFound"] {
            assert!(!ended.stderr.contains(foreign), "{}", ended.stderr);
        }
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_told_before_any_work() {
    let scene = Scene::new(&command("unwritable", "cat greeting.txt", ""));
    scene.write("manifests", b"a file where the folder has to be");
    scene.commit("a file of that name");
    let ended = scene.run(&["run", "RC-05"]);
    ended.failed(5, &["cannot write into `", "manifests`"]);
    assert!(!ended.stderr.contains("source"), "nothing was prepared: {}", ended.stderr);
}

#[test]
fn what_failed_is_told_with_the_next_step() {
    let scene = Scene::new(
        &[command("breaks", "echo broken; exit 3", ""), command("slow", "sleep 60", "timeout = \"1s\"")].concat(),
    );
    let ended = scene.run(&["run", "RC-05", "--no-second-look"]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    for text in [
        "failed  slow  timed out after 1 s: timeout = \"1m\"",
        "RC-05 recorded as failed: not every command succeeded, ",
        "RC-05.failed.json\n      next  rcrepro log RC-05 breaks\n      next  rcrepro log RC-05 slow\n",
    ] {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}", ended.stdout);
    }
    assert!(!ended.stdout.contains("manifest "), "none was written: {}", ended.stdout);
    let shown = scene.board(1).stdout;
    assert!(shown.contains("timed out after 1 s") && shown.contains("exit code 3"), "{shown}");
    assert!(shown.contains("next: mend RC-05, which is FAILED; its evidence: rcrepro log RC-05"), "{shown}");
    let replayed = scene.run(&["replay", "RC-05"]);
    assert_eq!(replayed.code, 1, "{}", replayed.stderr);
    assert!(replayed.stdout.contains("RC-05 FAILED, reproduced: 2 of 2 commands as recorded"), "{}", replayed.stdout);
}

#[test]
fn a_log_is_a_document_too_and_harmless_on_a_terminal() {
    let scene = Scene::new(&command("greet", r"cat greeting.txt; printf '\033]0;title\007\r' >&2", ""));
    scene.ok(&["run", "RC-05"]);
    let document = |arguments: &[&str]| -> serde_json::Value {
        let ended = scene.ok(&[&["--json"], arguments].concat());
        serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("one document: {}", ended.stdout))
    };
    let list = document(&["log", "RC-05"]);
    assert_eq!((&list["commands"][0]["id"], &list["commands"][0]["exit_code"]), (&"greet".into(), &0.into()));
    let streams = document(&["log", "RC-05", "greet"]);
    assert_eq!((&streams["stdout"], &streams["stderr"]), (&"hello\n".into(), &"\u{1b}]0;title\u{7}\r".into()));
    assert_eq!(document(&["log", "RC-05", "greet", "--stream", "stdout"])["stderr"], serde_json::Value::Null);
    // A terminal gets what it would obey written out, unless it is asked for as it is; a pipe gets every byte.
    let on_a_terminal = |more: &str| {
        let line = format!("{} log RC-05 greet --stream stderr {more}", env!("CARGO_BIN_EXE_rcrepro"));
        let script = scene.command(&[]);
        let mut inner = Command::new("script");
        inner.args(["-qec", &line, "/dev/null"]).current_dir(scene.path(".")).env_clear();
        inner.envs(script.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::null());
        String::from_utf8_lossy(&inner.output().expect("script is installed").stdout).into_owned()
    };
    assert!(!on_a_terminal("").contains("\u{1b}]0;") && on_a_terminal("").contains("]0;title"), "written out");
    assert!(on_a_terminal("--raw").contains("\u{1b}]0;title"), "as it is");
    assert!(scene.ok(&["log", "RC-05", "greet", "--stream", "stderr"]).stdout.contains("\u{1b}]0;title"));
}
