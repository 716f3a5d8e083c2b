//! What the user gets wrong, and what the program says to it.

use std::io::Read as _;
use std::process::Stdio;

use crate::scene::{Scene, command};

#[test]
fn usage_is_2_and_help_is_0() {
    let scene = Scene::new(&command("greet", "true", ""));
    assert_eq!(scene.run(&["frobnicate"]).code, 2);
    assert_eq!(scene.run(&["run"]).code, 2);
    assert_eq!(scene.run(&["run", "rc-5"]).code, 2);
    let help = scene.ok(&["--help"]).stdout;
    assert!(help.contains("Exit codes: 0 reproduced"), "{help}");
}

#[test]
fn a_mistake_in_the_plan_has_file_line_column_and_fix() {
    let scene = Scene::new(&command("greet", "true", "needs = [\"grete\"]"));
    scene.run(&["check"]).failed(3, &["rcrepro.toml:15:10: there is no command `grete`", "hint: known: `greet`"]);
}

#[test]
fn an_unknown_packet_lists_the_known_ones() {
    let scene = Scene::new(&command("greet", "true", ""));
    scene
        .run(&["run", "RC-09"])
        .failed(2, &["the plan has no packet `RC-09`", "hint: did you mean `RC-05`? known: RC-05"]);
    scene.run(&["replay", "RC-09"]).failed(2, &["the plan has no packet `RC-09`"]);
}

#[test]
fn no_plan_and_no_repository_are_told_apart() {
    let scene = Scene::new(&command("greet", "true", ""));
    scene.run(&["-C", "images", "check"]).failed(3, &["no plan at `images/rcrepro.toml`", "hint: name the folder"]);
    std::fs::remove_dir_all(scene.path(".git")).expect("removed");
    scene.run(&["run", "RC-05"]).failed(5, &["is in no git repository", "hint: git init"]);
}

#[test]
fn no_engine_is_4_with_a_way_out() {
    let scene = Scene::new(&command("greet", "true", "")).with_engine("unix:///nowhere/docker.sock".into());
    scene.run(&["run", "RC-05"]).failed(4, &["no container engine answers", "hint: rcrepro doctor"]);
    let doctor = scene.run(&["doctor"]);
    assert_eq!(doctor.code, 4, "{}", doctor.stderr);
    assert!(doctor.stdout.contains("missing  container engine"), "{}", doctor.stdout);
    assert!(doctor.stdout.contains("hint: DOCKER_HOST is unix:///nowhere/docker.sock"), "{}", doctor.stdout);
    assert!(!doctor.stdout.contains("apt-get"), "no installation mends a wrong address: {}", doctor.stdout);
}

#[test]
fn a_broken_pipe_is_never_success() {
    let scene = Scene::new(&command("much", "yes | head -c 3000000", ""));
    scene.ok(&["run", "RC-05"]);
    let mut child =
        scene.command(&["log", "RC-05", "much"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("starts");
    let mut out = child.stdout.take().expect("piped");
    out.read_exact(&mut [0; 16]).expect("it prints");
    drop(out);
    assert_ne!(child.wait().expect("it ends").code(), Some(0));
}
