//! The gate: nothing begins before its byte.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use crate::support::{self, PINNED, Running, text};

/// Starts a program at the gate that leaves a trace as soon as it runs.
fn waiting(more: &str) -> (Running, PathBuf) {
    let trace = support::scratch().join("trace");
    let script = format!("touch {}; {more}", text(&trace));
    let mut command = support::init(&["--gate", PINNED, "--seed=0", "--cpus=2"], &["sh", "-c", &script]);
    let running = Running::start(command.stdin(Stdio::piped()));
    thread::sleep(Duration::from_millis(400));
    assert!(!trace.exists(), "it began before the gate was opened");
    (running, trace)
}

#[test]
fn a_byte_opens_it_and_the_program_has_no_input() {
    let (mut running, trace) = waiting("readlink /proc/self/fd/0; cat; exit 5");
    running.child.stdin.as_mut().expect("a pipe").write_all(b"!more").expect("it reads");
    let input = running.child.stdin.take();
    let ended = running.end();
    assert!(trace.exists() && ended.code == 5, "{ended:?}");
    assert_eq!(ended.stdout, "/dev/null\n");
    drop(input);
}

#[test]
fn nothing_is_executed_when_nobody_opens_it() {
    let (mut running, trace) = waiting("exit 5");
    drop(running.child.stdin.take());
    let ended = running.end();
    assert!(!trace.exists() && ended.code == 0 && ended.stderr.is_empty(), "{ended:?}");
}

#[test]
fn signals_end_the_waiting() {
    for signal in ["TERM", "INT", "HUP"] {
        let (mut running, trace) = waiting("exit 5");
        let input = running.child.stdin.take();
        running.signal(signal);
        let ended = running.end();
        assert!(!trace.exists() && ended.code == 0, "{signal}: {ended:?}");
        drop(input);
    }
}
