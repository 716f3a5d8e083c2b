//! Ctrl-C, kill -9 and a daemon that dies: no container stays, and the store stays whole.

use std::time::{Duration, Instant};

use rcrepro_testkit::second_daemon::SecondDaemon;
use rustix::process::{Pid, Signal, kill_process};

use crate::scene::{Ended, Scene, command};

/// A command that lasts until it is stopped; `id` is unique among the tests.
fn lasting(id: &str) -> Scene {
    Scene::new(&command(id, "echo begun; sleep 300", ""))
}

fn signal(child: &std::process::Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).expect("our own child");
}

#[test]
fn ctrl_c_ends_with_130_and_leaves_no_container() {
    let scene = lasting("ctrl-c");
    let child = scene.start_until_running(&["run", "RC-05"], "ctrl-c");
    signal(&child, Signal::INT);
    let ended = Ended::from(child.wait_with_output().expect("it ends"));
    ended.failed(130, &["interrupted; no container is left"]);
    assert_eq!(scene.containers_of("ctrl-c"), Vec::<String>::new());
}

#[test]
fn a_second_ctrl_c_does_not_wait_and_the_next_start_cleans_up() {
    let scene = lasting("twice");
    let child = scene.start_until_running(&["run", "RC-05"], "twice");
    signal(&child, Signal::INT);
    std::thread::sleep(Duration::from_millis(50));
    signal(&child, Signal::INT);
    let began = Instant::now();
    let ended = Ended::from(child.wait_with_output().expect("it ends"));
    assert_eq!(ended.code, 130, "{}", ended.stderr);
    assert!(began.elapsed() < Duration::from_secs(60));
    scene.run(&["replay", "RC-05"]);
    assert_eq!(scene.containers_of("twice"), Vec::<String>::new());
}

#[test]
fn an_orphan_of_a_killed_run_is_found_and_removed() {
    let scene = lasting("orphan");
    // A test that starts at the same moment may find it first.
    let outlives = (0..5).any(|_| {
        let mut child = scene.start_until_running(&["run", "RC-05"], "orphan");
        child.kill().expect("our own child");
        child.wait().expect("our own child");
        !scene.containers_of("orphan").is_empty()
    });
    assert!(outlives, "the container outlives the killed run");
    scene.replace("rcrepro.toml", "sleep 300", "sleep 0");
    scene.commit("shorter");
    // Another test that starts meanwhile may have found it first; then it is just gone.
    scene.ok(&["run", "RC-05"]);
    assert_eq!(scene.containers_of("orphan"), Vec::<String>::new());
}

#[test]
fn a_daemon_that_dies_in_mid_run_is_4_and_the_next_run_goes_through() {
    let mut daemon = SecondDaemon::start();
    let scene = lasting("dying").with_engine(daemon.address());
    let child = scene.start_until_running(&["run", "RC-05"], "dying");
    daemon.kill();
    let ended = Ended::from(child.wait_with_output().expect("it ends"));
    ended.failed(4, &["RC-05/dying", "hint: rcrepro doctor"]);
    assert!(!scene.path("manifests/RC-05.json").exists());
    daemon.restart();
    scene.replace("rcrepro.toml", "sleep 300", "sleep 0");
    scene.commit("shorter");
    scene.ok(&["run", "RC-05"]);
    assert_eq!(scene.containers(&[]), Vec::<String>::new());
    scene.ok(&["verify", "manifests/RC-05.json"]);
}

#[test]
fn a_machine_that_forbids_listeners_gives_the_real_clock_and_everybody_says_so() {
    let rules = r#"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["seccomp"],"action":"SCMP_ACT_ERRNO"}]}"#;
    let daemon = SecondDaemon::start_with(|folder| {
        let profile = folder.join("seccomp.json");
        std::fs::write(&profile, rules).expect("a file in a new folder");
        vec!["--seccomp-profile".to_owned(), profile.display().to_string()]
    });
    let scene = Scene::new(&command("told", "date +%s", "")).with_engine(daemon.address());
    let recorded = scene.ok(&["run", "RC-05"]);
    assert!(recorded.stderr.contains("the clock cannot be pinned"), "{}", recorded.stderr);
    let manifest = std::fs::read_to_string(scene.path("manifests/RC-05.json")).expect("it was recorded");
    assert!(manifest.contains("\"clock\":\"real\""), "{manifest}");
    let said = scene.ok(&["log", "RC-05", "told"]).stdout;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let told: u64 = said.trim().parse().expect("seconds");
    assert!(now - told < 600, "{told} is the machine's time");
    scene.ok(&["verify", "manifests/RC-05.json"]);
}
