//! Programs that trace programs: PID 1 does not get in their way.

use crate::support::{self, PIN, PINNED, need, text, under};

#[test]
fn a_program_traces_its_own_child() {
    let tracer = support::c("tracer", &[]);
    for way in ["traceme", "seize"] {
        assert_eq!(under(&[PINNED], &[text(&tracer), way]).lines(), [PIN, "1"], "{way}");
    }
}

#[test]
fn strace_follows_children() {
    need("strace", "strace");
    let log = support::scratch().join("log");
    let program = ["strace", "-f", "-e", "trace=execve", "-o", text(&log), "sh", "-c", "date +%s; date +%s"];
    assert_eq!(under(&[PINNED], &program).lines(), [PIN; 2]);
    let log = std::fs::read_to_string(log).expect("strace wrote it");
    assert!(log.matches("execve(").count() >= 3 && log.contains("+++ exited with 0 +++"), "{log}");
}

#[test]
fn gdb_runs_a_program_to_its_end() {
    need("gdb", "gdb");
    let clocks = support::c("clocks", &["-g"]);
    let program = ["gdb", "-batch", "-nx", "-ex", "set startup-with-shell off", "-ex", "break main", "-ex", "run"];
    let rest = ["-ex", "continue", text(&clocks)];
    let ended = under(&[PINNED], &[&program[..], &rest].concat());
    assert!(ended.output().contains("Breakpoint 1, main"), "{ended:?}");
    assert!(ended.stdout.contains(PIN) && ended.stdout.contains("exited normally"), "{ended:?}");
}

#[test]
fn the_leak_sanitizer_finds_leaks() {
    let leak = support::c("leak", &["-O0", "-fsanitize=leak"]);
    assert_eq!(under(&[PINNED], &[text(&leak)]).code, 0);
    let ended = under(&[PINNED], &[text(&leak), "lose"]);
    assert!(ended.code == 23 && ended.stderr.contains("77 byte(s) leaked"), "{ended:?}");
}
