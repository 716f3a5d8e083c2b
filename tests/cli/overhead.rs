//! What a command costs beyond itself: the whole program with trivial commands, beside `docker run` with the same ones.
//!
//! Printed by `cargo xtask bench`, and no test; a machine that is busy otherwise makes it mean little.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::scene::{Scene, command};
use rcrepro_testkit::median;

const ROUNDS: usize = 5;
const COMMANDS: usize = 40;

/// The container of `docker run` gets what ours get, as far as its options go: no network, one shell, one trivial line.
fn docker_run(image: &str, line: &str) {
    let arguments = ["run", "--rm", "--network", "none", "--entrypoint", "/bin/sh", image, "-c", line];
    let status = Command::new("docker").args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.expect("the docker client is installed").success(), "docker run of `{line}`");
}

/// Runs all lines with so many `docker run` at once.
fn by_hand(image: &str, lines: &[String], lanes: usize) -> Duration {
    let begun = Instant::now();
    thread::scope(|scope| {
        for lane in 0..lanes {
            scope.spawn(move || lines.iter().skip(lane).step_by(lanes).for_each(|line| docker_run(image, line)));
        }
    });
    begun.elapsed()
}

fn by_us(scene: &Scene, lanes: usize) -> Duration {
    let begun = Instant::now();
    scene.ok(&["run", "RC-05", "--fresh", "--jobs", &lanes.to_string()]);
    begun.elapsed()
}

#[test]
#[ignore = "a measurement: wants a release build and a quiet machine"]
fn forty_trivial_commands_beside_docker_run() {
    let lines: Vec<_> = (0..COMMANDS).map(|index| format!(": {index}")).collect();
    let tables: Vec<_> =
        lines.iter().enumerate().map(|(index, line)| command(&format!("trivial-{index}"), line, "")).collect();
    let scene = Scene::new(&tables.join("\n"));
    // The first run loads the image, which every later one finds.
    by_us(&scene, 1);
    let lock = scene.read("lockfiles/images/amd64/base.lock");
    let config = lock.lines().find_map(|line| line.strip_prefix("config = \"")).expect("a lock names its config");
    let image = format!("sha256:{}", config.split('/').next().expect("a digest begins with its hash"));
    for (lanes, goal) in [(1, 0.25), (2, 0.35)] {
        let rows: Vec<_> = (0..ROUNDS)
            .map(|_| (by_hand(&image, &lines, lanes).as_secs_f64(), by_us(&scene, lanes).as_secs_f64()))
            .collect();
        println!(
            "{COMMANDS} trivial commands, whole program, {lanes} at once: docker run {:.2} s, ours {:.2} s; paired ratio {:.2} (goal {goal})",
            median(rows.iter().map(|row| row.0).collect()),
            median(rows.iter().map(|row| row.1).collect()),
            median(rows.iter().map(|row| row.1 / row.0).collect()),
        );
    }
}
