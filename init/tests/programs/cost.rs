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
