//! What PID 1 owes its programs: exit codes, signals, and an end to the dead.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{self, Ended, PINNED, Running, text, under};

/// With and without a filter.
const OPTIONS: [&[&str]; 2] = [&[], &[PINNED, "--seed=0", "--cpus=2", "--directories=sorted"]];

#[test]
fn exit_codes_are_the_programs() {
    for options in OPTIONS {
        for code in [0, 1, 42, 255] {
            assert_eq!(under(options, &["sh", "-c", &format!("exit {code}")]).code, code);
        }
        for (signal, code) in [("KILL", 137), ("TERM", 143), ("SEGV", 139), ("PIPE", 141)] {
            assert_eq!(under(options, &["sh", "-c", &format!("kill -s {signal} $$")]).code, code, "{signal}");
        }
    }
}

#[test]
fn what_cannot_be_executed_is_said_in_one_line() {
    let plain = support::scratch().join("plain");
    fs::write(&plain, "text").expect("a file");
    fs::set_permissions(&plain, fs::Permissions::from_mode(0o644)).expect("its owner");
    let one_line = |ended: &Ended, part: &str| ended.stderr.lines().count() == 1 && ended.stderr.contains(part);
    for options in OPTIONS {
        let ended = under(options, &["no-such-program", "x"]);
        assert!(ended.code == 127 && one_line(&ended, "cannot execute `no-such-program`"), "{ended:?}");
        let ended = under(options, &[text(&plain)]);
        assert!(ended.code == 126 && one_line(&ended, "cannot execute"), "{ended:?}");
    }
    let ended = under(&["--clock=tomorrow"], &["true"]);
    assert!(ended.code == 125 && one_line(&ended, "unknown option `--clock=tomorrow`"), "{ended:?}");
}

#[test]
fn signals_reach_the_program() {
    for options in OPTIONS {
        for (signal, code) in [("TERM", 7), ("USR1", 7), ("INT", 7), ("HUP", 7)] {
            let script = format!("trap 'exit 7' {signal}; echo ready; while :; do sleep 0.02; done");
            let running = Running::start(&mut support::init(options, &["sh", "-c", &script]));
            running.wait_for("ready");
            running.signal(signal);
            assert_eq!(running.end().code, code, "{signal}");
        }
        let running = Running::start(&mut support::init(options, &["sh", "-c", "echo ready; exec sleep 60"]));
        running.wait_for("ready");
        running.signal("TERM");
        assert_eq!(running.end().code, 143);
    }
}

/// Runs a script as the second process of a name space of its own, below `rcrepro-init` as its first.
#[track_caller]
fn first_process(options: &[&str], script: &str) -> Ended {
    let mut command = support::sealed("unshare");
    command.args(["--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--"]);
    command.arg(env!("CARGO_BIN_EXE_rcrepro-init")).args(options).args(["--", "bash", "-c", script]);
    support::finish(&mut command)
}

#[test]
fn orphans_are_collected() {
    let script = "for n in 1 2 3 4 5; do (sleep 0.1 & exec true); done; sleep 1; \
                  echo $$; cat /proc/[0-9]*/stat | awk '$3 == \"Z\"' | wc -l; cat /proc/1/comm";
    for options in OPTIONS {
        assert_eq!(first_process(options, script).lines(), ["2", "0", "rcrepro-init"]);
    }
}

#[test]
fn what_outlives_the_command_holds_nobody_up() {
    let ended = first_process(&[PINNED], "sleep 60 & exit 3");
    assert!(ended.code == 3 && ended.took.as_secs() < 30, "{ended:?}");
}

#[test]
fn the_mask_of_new_files_is_set() {
    for mask in ["0022", "0077", "0000"] {
        assert_eq!(under(&[&format!("--umask={mask}")], &["sh", "-c", "umask"]).output(), mask);
    }
}

#[test]
fn load_burns_and_ends_with_the_command() {
    // The first process answers for the system calls of this very pipeline, so it may be running, too.
    let script = "sleep 1.5; cat /proc/[0-9]*/stat | awk '$1 != 1 && $2 ~ /rcrepro-init/ && $3 == \"R\"' | wc -l";
    assert_eq!(first_process(&["--load=2", PINNED], script).output(), "2");
    assert_eq!(first_process(&[PINNED], script).output(), "0");
    let ended = under(&["--load=1"], &["sh", "-c", "ps -o pid= --ppid $PPID | grep -vw $$"]);
    let burner = std::path::Path::new("/proc").join(ended.output().trim());
    for _ in 0..200 {
        if !burner.exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("{} burns on", burner.display());
}

#[test]
fn start_random_bytes_follow_from_the_seed() {
    let script = "import ctypes; a = ctypes.CDLL(None).getauxval; a.restype = ctypes.c_void_p; \
                  print(ctypes.string_at(a(25), 16).hex())";
    let bytes = |options: &[&str]| under(options, &["python3", "-c", script]).output().to_owned();
    assert_eq!(bytes(&["--seed=1"]), bytes(&["--seed=1"]));
    assert_ne!(bytes(&["--seed=1"]), bytes(&["--seed=2"]));
    assert_ne!(bytes(&[]), bytes(&[]));
}
