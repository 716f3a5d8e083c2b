//! What the pinned world costs: the same work without PID 1, under a clock that stands, and under one that starts, in turns.
//!
//! `cargo test --release -p rcrepro-init --test programs cost -- --ignored --nocapture`; `cargo xtask bench` does this, too.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::support::{self, finish, init, need, sealed, text};

/// As the engine asks for it, clock and all.
const WORLD: [&str; 5] =
    ["--quantise=go:300000000000:cmd/go", "--cpus=most:4", "--seed=0", "--directories=sorted", "--umask=022"];
const ROUNDS: usize = 5;

/// The three ways in which everything is measured.
const WAYS: [(&str, &[&str]); 3] =
    [("without", &[]), ("stands", &["--clock=stands:1700000000"]), ("starts", &["--clock=starts:1700000000"])];

/// Runs a command each way in turn, and prints the middle of the ratios to the run without PID 1 of the same round.
fn compare(what: &str, prepare: impl Fn(&mut Command) -> Option<PathBuf>, program: &[&str]) -> [f64; 2] {
    let mut ratios = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let mut took = [Duration::ZERO; 3];
        for (index, (way, clock)) in WAYS.iter().enumerate() {
            let mut command = match clock.is_empty() {
                true => {
                    let mut command = sealed(program[0]);
                    command.args(&program[1..]);
                    command
                }
                false => init(&[&WORLD[..], clock].concat(), program),
            };
            let scratch = prepare(&mut command);
            let ended = finish(&mut command);
            assert_eq!(ended.code, 0, "{way}: {ended:?}");
            took[index] = ended.took;
            if let Some(scratch) = scratch {
                drop(std::fs::remove_dir_all(scratch));
            }
        }
        for (index, ratios) in ratios.iter_mut().enumerate() {
            ratios.push(took[index + 1].as_secs_f64() / took[0].as_secs_f64());
        }
    }
    let middle = ratios.map(|mut ratios| {
        ratios.sort_by(f64::total_cmp);
        ratios[ROUNDS / 2]
    });
    println!("{what:<42} stands {:.3}  starts {:.3}  of the time without", middle[0], middle[1]);
    middle
}

#[test]
#[ignore = "a measurement"]
fn cost_of_each_clock_beside_none() {
    need("go", "golang-go");
    let loops = support::c("loops", &[]);
    let nothing = |_: &mut Command| None;
    compare("10,000,000 readings of the wall clock", nothing, &[text(&loops), "wall"]);
    compare("10,000,000 readings of the steady clock", nothing, &[text(&loops), "steady"]);
    compare("1,000 programs, one after the other", nothing, &[text(&loops), "programs"]);
    compare("100,000 questions for a file's times", nothing, &[text(&loops), "files"]);
    let cache = |command: &mut Command| {
        let cache = support::scratch();
        command.env("GOCACHE", &cache);
        Some(cache)
    };
    compare("compiling net/http and all below it", cache, &["go", "build", "net/http"]);
    let c = support::scratch();
    let file = c.join("many.c");
    let functions: String = (0..4000).map(|n| format!("int f{n}(int x) {{ return x * {n} + (x >> 3); }}\n")).collect();
    std::fs::write(&file, functions).expect("a source file");
    let object = c.join("many.o");
    compare("compiling a C file", nothing, &["gcc", "-O2", "-c", "-o", text(&object), text(&file)]);
}

/// How often each pair is run, and the most that `tar` may take longer for its times being clamped.
const PAIRS: usize = 15;
const MOST: f64 = 1.10;

/// Runs a program with and without an option in turns, and gives the middle of the ratios.
fn ratio(clock: &str, option: &str, program: &[&str]) -> f64 {
    let run = |with: bool| {
        let mut options = [&WORLD[..], &[clock]].concat();
        options.extend(with.then_some(option));
        let ended = finish(&mut init(&options, program));
        assert_eq!(ended.code, 0, "{ended:?}");
        ended.took.as_secs_f64()
    };
    let pair = |number: usize| {
        let is_first = number.is_multiple_of(2);
        let (first, second) = (run(is_first), run(!is_first));
        if is_first { first / second } else { second / first }
    };
    let mut ratios: Vec<f64> = (0..PAIRS).map(pair).collect();
    ratios.sort_by(f64::total_cmp);
    ratios[PAIRS / 2]
}

/// `cargo test --release -p rcrepro-init --test programs cost_of_clamped -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn cost_of_clamped_times() {
    let folder = support::scratch();
    let files = folder.join("files");
    std::fs::create_dir(&files).expect("a folder");
    for number in 0..10_000 {
        support::write(&files, &number.to_string(), "a small file\n");
    }
    let archive = folder.join("archive.tar");
    let tar = ["tar", "-cf", text(&archive), "-C", text(&folder), "files"];
    let loops = support::c("loops", &[]);
    let option = "--clamp-mtime=ar/cpio/tar/zip";
    for clock in ["--clock=stands:1700000000", "--clock=starts:1700000000"] {
        let packed = ratio(clock, option, &tar);
        let questions = ratio(clock, option, &[text(&loops), "files"]);
        let programs = ratio(clock, option, &[text(&loops), "programs"]);
        println!(
            "{clock}: tar of 10,000 files {packed:.3}; programs that are not named: 100,000 questions {questions:.3}, 1,000 programs {programs:.3}"
        );
        assert!(packed <= MOST, "tar takes {packed:.3} of the time without under {clock}");
    }
    drop(std::fs::remove_dir_all(folder));
}
