//! Held monotonic clocks: an executable of a named kind does not see how long things took, and still waits for time.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::{self, PINNED, need, text, under};

/// As the engine asks for it: five minutes.
const HELD: [&str; 2] = [PINNED, "--quantise=go:300000000000"];
/// The same for Go's own command alone.
const HELD_GO: [&str; 2] = [PINNED, "--quantise=go:300000000000:cmd/go"];

fn milliseconds(options: &[&str], program: &[&str]) -> (u64, Duration) {
    let ended = under(options, program);
    (ended.output().parse().expect("milliseconds"), ended.took)
}

#[test]
fn a_childs_time_is_not_seen() {
    let (go, other) = (support::go("go"), support::go("other"));
    let (seen, took) = milliseconds(&HELD, &[text(&go), "child", "sleep", "2.5"]);
    assert!(seen < 100 && took >= Duration::from_millis(2_480), "{seen} ms of {took:?}");
    let (seen, _) = milliseconds(&HELD, &[text(&other), "child", "sleep", "1"]);
    assert!(seen >= 980, "an executable of another name saw {seen} ms");
    // The child of a held program is not held.
    let (seen, _) = milliseconds(&HELD, &["sh", "-c", &format!("{} sleep 1s; :", text(&other))]);
    assert!(seen >= 980, "{seen} ms");
}

#[test]
fn a_program_of_that_name_that_is_another_one_is_not_held() {
    let go = support::go("go");
    let options = [PINNED, "--quantise=go:300000000000:cmd/go"];
    let (seen, _) = milliseconds(&options, &[text(&go), "child", "sleep", "1"]);
    assert!(seen >= 980, "a program of another package saw {seen} ms");
    // Built from files on the command line, so that is its main package.
    let options = [PINNED, "--quantise=go:300000000000:command-line-arguments"];
    let (seen, _) = milliseconds(&options, &[text(&go), "child", "sleep", "1"]);
    assert!(seen < 100, "the very program saw {seen} ms");
}

#[test]
fn time_passes_where_nobody_has_done_anything_for_a_minute() {
    let go = support::go("go");
    let (seen, took) = milliseconds(&HELD, &[text(&go), "child", "sleep", "64"]);
    assert!((60_000..=66_000).contains(&seen) && took >= Duration::from_secs(64), "{seen} ms of {took:?}");
}

#[test]
fn its_own_work_is_not_seen() {
    let go = support::go("go");
    let (seen, took) = milliseconds(&HELD, &[text(&go), "work"]);
    let (real, _) = milliseconds(&[PINNED], &[text(&go), "work"]);
    assert!(seen < 100 && real > 300, "{seen} ms of {took:?}; {real} ms without");
}

#[test]
fn its_clocks_stand_still_and_its_random_bytes_are_kept() {
    let program = support::c("held", &[]);
    let options = [PINNED, "--quantise=held:300000000000", "--seed=0"];
    assert_eq!(under(&options, &[text(&program), "still"]).output(), "0 ns, kept");
    assert_ne!(under(&[PINNED, "--seed=0"], &[text(&program), "still"]).output(), "0 ns, kept");
}

#[test]
fn who_spins_until_time_has_passed_sees_it_pass() {
    let program = support::c("held", &[]);
    let ended = under(&[PINNED, "--quantise=held:300000000000"], &[text(&program), "spin"]);
    assert_eq!(ended.output(), "forwards");
    assert!(ended.took < Duration::from_secs(60), "{:?}", ended.took);
}

#[test]
fn its_timers_fire() {
    let go = support::go("go");
    let (seen, took) = milliseconds(&HELD, &[text(&go), "sleep", "3s"]);
    assert!((3_000..4_000).contains(&seen), "{seen} ms");
    assert!(took >= Duration::from_millis(2_900) && took < Duration::from_secs(40), "{took:?}");
}

fn module(test: &str) -> PathBuf {
    let folder = support::scratch();
    support::write(&folder, "go.mod", "module small\n\ngo 1.21\n");
    support::write(&folder, "small_test.go", test);
    folder
}

const ORPHAN: &str = r#"package small

import (
	"os"
	"os/exec"
	"testing"
)

func TestOrphan(t *testing.T) {
	command := exec.Command("sleep", "60")
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
}
"#;

#[test]
fn go_test_still_fails_for_an_orphan_that_holds_its_output() {
    need("go", "golang-go");
    let folder = module(ORPHAN);
    let mut command = support::init(&HELD_GO, &["go", "test", "-count=1", "-timeout", "20s", "./..."]);
    let ended = support::finish(command.current_dir(&folder));
    assert!(ended.code == 1 && ended.stdout.contains("Test I/O incomplete"), "{ended:?}");
    assert!(ended.stdout.contains("FAIL\tsmall"), "{ended:?}");
}

const SMALL: &str = r#"package small

import (
	"testing"
	"time"
)

func TestPause(t *testing.T) {
	time.Sleep(time.Duration(time.Now().UnixNano()%7) * 10 * time.Millisecond)
	began, sum := time.Now(), 0
	for time.Since(began) < 30*time.Millisecond {
		sum++
	}
	if sum == 0 {
		t.Fatal("no time passed")
	}
}
"#;

#[test]
fn go_test_prints_the_same_bytes_in_twenty_runs_beside_a_load() {
    need("go", "golang-go");
    let folder = module(SMALL);
    let run = |options: &[&str]| {
        let mut command = support::init(options, &["go", "test", "-vet=off", "-count=1", "./..."]);
        let ended = support::finish(command.current_dir(&folder));
        assert_eq!(ended.code, 0, "{ended:?}");
        ended.stdout + &ended.stderr
    };
    let options = [&HELD_GO[..], &["--load=2", "--seed=0", "--cpus=4", "--directories=sorted"]].concat();
    let first = run(&options);
    // What the test itself spins for is its own process's time; `go` prints what it saw of that.
    assert_eq!(first, "ok  \tsmall\t0.000s\n");
    for round in 2..=20 {
        assert_eq!(run(&options), first, "run {round}");
    }
}

/// Returns the processor time, in seconds, of a build of some packages with an empty cache.
fn build(options: &[&str]) -> f64 {
    let cache = support::scratch();
    let script = "TIMEFORMAT='%U %S'; time go build strings strconv sort path";
    let mut command = support::init(options, &["bash", "-c", script]);
    let ended = support::finish(command.env("GOCACHE", &cache));
    remove(&cache);
    assert_eq!(ended.code, 0, "{ended:?}");
    ended.stderr.split_whitespace().map(|part| part.parse::<f64>().expect("seconds")).sum()
}

fn remove(folder: &Path) {
    drop(fs::remove_dir_all(folder));
}

#[test]
fn a_held_go_build_takes_no_more_processor_time() {
    need("go", "golang-go");
    let mut seen = Vec::new();
    // Other programs on the machine add to one or the other: the best of a few pairs says what ours adds.
    for _ in 0..3 {
        let (held, plain) = (build(&HELD_GO), build(&[]));
        seen.push((held, plain));
        if held <= plain * 1.3 {
            return;
        }
    }
    panic!("processor seconds with and without: {seen:?}");
}
