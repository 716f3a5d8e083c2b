//! Each pin of a step's world, switched off in turn: what it held then differs, and its line and cause are named.

use crate::scene::Scene;
use rcrepro_testkit::second_daemon::SecondDaemon;

use super::{BASE, Planned, scene};

/// A step for each pin, so that each has a line of its own.
const STEPS: &str = "RUN date -u +%s.%N > /time\n\
                     RUN mkdir /files && for i in $(seq 40); do echo $i > /files/$RANDOM$i; done\n\
                     RUN tar cf /files.tar /etc/passwd /time\n\
                     RUN nproc > /processors\n";

fn pinned(id: &str, keys: &str) -> Scene {
    scene(&[Planned { id, dockerfile: &format!("{BASE}{STEPS}").replace("$RANDOM", ""), keys }], "")
}

/// Two builds of one run differ, and the run names the file, the line and the cause.
fn diverges(id: &str, keys: &str, texts: &[&str]) {
    let scene = pinned(id, keys);
    let ended = scene.run(&["run", "RC-05"]);
    assert_eq!(ended.code, 1, "{}\n{}", ended.stdout, ended.stderr);
    let run = ended.stdout.lines().chain(ended.stderr.lines()).find_map(|line| line.split("rcrepro why ").nth(1));
    let why = run.map(|run| scene.run(&["why", run.split_whitespace().next().expect("a run")]));
    let told = why.map(|why| why.stdout).unwrap_or_default();
    for text in texts {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}\n{}", ended.stdout, ended.stderr);
        assert!(told.is_empty() || told.contains(text), "`{text}` in\n{told}");
    }
    println!("{id}: `{keys}`: divergent\n{}", ended.stdout);
}

#[test]
#[ignore = "compiles BuildKit: cargo xtask certified"]
fn with_every_pin_two_builds_are_one_image() {
    pinned("pins-on", "").ok(&["run", "RC-05"]);
}

#[test]
#[ignore = "compiles BuildKit: cargo xtask certified"]
fn a_clock_that_is_not_pinned_is_named_by_line_and_cause() {
    diverges("clock-off", "clock = \"real\"", &["tree:/time", "clock-off.Dockerfile:2", "time"]);
}

#[test]
#[ignore = "compiles BuildKit: cargo xtask certified"]
fn times_in_archives_that_are_not_clamped_are_named_by_line_and_cause() {
    diverges("clamp-off", "clamp-mtime = []", &["tree:/files.tar", "clamp-off.Dockerfile:4", "mtime"]);
}

#[test]
#[ignore = "compiles BuildKit: cargo xtask certified"]
fn a_world_that_is_the_machines_is_named_by_lines_and_causes() {
    let texts = ["tree:/time", "world-off.Dockerfile:2", "tree:/files.tar", "world-off.Dockerfile:4"];
    diverges("world-off", "world = \"machine\"", &texts);
}

#[test]
#[ignore = "compiles BuildKit: cargo xtask certified"]
fn the_number_of_processors_differs_between_machines_unless_the_plan_says_it() {
    let all = std::thread::available_parallelism().expect("known").get();
    assert!(all > 1, "one processor is the fewest that there can be");
    let one = SecondDaemon::start_on_one_processor();
    let replayed = |id: &str, keys: &str| {
        let mut scene = pinned(id, keys);
        scene.ok(&["run", "RC-05"]);
        scene.commit("record");
        scene = scene.with_engine(one.address());
        scene.run(&["replay", "RC-05"])
    };
    let ended = replayed("processors-off", "");
    assert_eq!(ended.code, 1, "{}\n{}", ended.stdout, ended.stderr);
    for text in ["tree:/processors", "processors-off.Dockerfile:5"] {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}", ended.stdout);
    }
    println!("{}", ended.stdout);
    let ended = replayed("processors-on", "cpus = 4");
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
}
