//! Programs that do all they can to blind PID 1, and then try to reach the network or read the wall clock. None of them may
//! pass for one that did not.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{self, Ended, PIN, PINNED, finish, need, sealed, text};

/// What PID 1 said of a program that ended.
struct Said {
    ended: Ended,
    report: String,
}

impl Said {
    fn has(&self, line: &str) -> bool {
        self.report.lines().any(|found| found.starts_with(line))
    }

    /// Whether anything keeps a plan that forbids attempts from passing.
    fn is_told(&self) -> bool {
        self.has("attempt\t") || self.has("blind\t") || !self.has("unread\t0") || !self.has("further\t0")
    }

    fn last_line(&self) -> &str {
        self.ended.stdout.lines().last().unwrap_or_default()
    }
}

/// Runs a program as the container does: PID 1 in name spaces of its own, of the same user and without any capability.
#[track_caller]
fn contained(program: &[&str]) -> Said {
    for (tool, package) in [("unshare", "util-linux"), ("setpriv", "util-linux"), ("ip", "iproute2")] {
        need(tool, package);
    }
    let report = support::scratch().join("report");
    fs::write(&report, "forged\n").expect("a file");
    let script = "ip link set lo up && exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs \"$@\"";
    let mut command = sealed("unshare");
    command.args(["--user", "--map-root-user", "--net", "--pid", "--fork", "--mount-proc", "sh", "-c", script, "sh"]);
    let option = format!("--report={}", text(&report));
    command.args([env!("CARGO_BIN_EXE_rcrepro-init"), PINNED, "--seed=0", &option, "--"]).args(program);
    let ended = finish(&mut command);
    let report = fs::read_to_string(&report).expect("it is written");
    assert!(report.starts_with("rcrepro-init 2\n") && report.ends_with("\nend\n"), "{report}\n{ended:?}");
    Said { ended, report }
}

/// Compiles one of the programs, a static one whose data are below four gigabytes.
#[track_caller]
fn program(name: &str) -> std::path::PathBuf {
    support::c(&format!("blind/{name}"), &["-static", "-no-pie", "-w"])
}

const UNREACHABLE: &str = "101";

#[test]
fn every_attempt_is_seen_or_unknown() {
    let program = program("attempts");
    let attempt = "attempt\tattempts\ttcp\t192.0.2.8\t443";
    let datagram = "attempt\tattempts\tudp\t192.0.2.8\t443";
    let mut ways = vec![
        ("plain", attempt),
        ("limits", attempt),
        ("stopped", attempt),
        ("crowded", attempt),
        ("hidden", "unread\t1"),
        ("untraced", attempt),
        ("vfork", attempt),
        ("memory", "attempt\tmemfd:nothing"),
        ("thread", attempt),
        ("halves", attempt),
        ("edge", attempt),
        ("late-message", datagram),
        ("empty-message", datagram),
    ];
    if cfg!(target_arch = "x86_64") {
        ways.extend([
            ("traced", attempt),
            ("narrow-limits", attempt),
            ("narrow-connect", attempt),
            ("narrow-socketcall", attempt),
            ("narrow-sendto", datagram),
            ("narrow-sendmsg", datagram),
            ("narrow-sendmmsg", datagram),
        ]);
    }
    for (way, line) in ways {
        let said = contained(&[text(&program), way]);
        assert_eq!(said.last_line(), UNREACHABLE, "{way}: it did try: {:?}", said.ended);
        assert!(said.has(line) && said.is_told(), "{way}: {}", said.report);
    }
}

#[test]
fn an_address_that_is_changed_after_the_look_is_counted_by_the_kernel() {
    // Whether the watch or only the kernel sees it is a matter of chance; that it goes unsaid is not.
    let program = program("attempts");
    for _ in 0..5 {
        let said = contained(&[text(&program), "flipped"]);
        assert_eq!(said.last_line(), UNREACHABLE, "{:?}", said.ended);
        assert!(said.is_told(), "{}", said.report);
    }
}

#[test]
fn limits_of_the_first_process_are_not_for_others_to_set() {
    let program = program("attempts");
    let said = contained(&[text(&program), "limits"]);
    assert_eq!(said.ended.stdout.matches("limit 1\n").count(), 5, "EPERM: {:?}", said.ended);
    let own = "ulimit -n 77 && ulimit -n && prlimit --pid $$ --nofile=55 && prlimit --pid $$ --nofile -o SOFT --noheadings \
               && prlimit --pid 1 --nofile -o SOFT --noheadings > /dev/null && taskset -p $$ > /dev/null && echo read";
    let said = contained(&["bash", "-c", own]);
    let words: Vec<&str> = said.ended.output().split_whitespace().collect();
    assert_eq!(words, ["77", "55", "read"], "a program's own may be set, and others' read: {:?}", said.ended);
    assert!(!said.is_told() && !said.has("unpinned\t"), "{}", said.report);
}

#[test]
fn what_the_kernel_does_not_do_is_no_attempt() {
    let program = program("attempts");
    let mut ways = vec![("filter", "38"), ("ring", "38")];
    if cfg!(target_arch = "x86_64") {
        ways.extend([("narrow-ring", "38"), ("x32", "38")]);
    }
    for (way, error) in ways {
        let said = contained(&[text(&program), way]);
        assert_eq!(said.last_line(), error, "{way}: {:?}", said.ended);
        assert!(!said.is_told(), "{way}: {}", said.report);
    }
}

#[test]
fn every_reading_of_the_wall_clock_is_pinned_or_unconfirmed() {
    let program = program("clocks");
    let mut ways = vec!["plain", "asked", "limits", "hidden", "adjtimex", "clock-adjtime", "stamped", "filter"];
    if cfg!(target_arch = "x86_64") {
        ways.extend(["vsyscall", "x32", "narrow-time", "narrow-gettimeofday", "narrow-clock-gettime"]);
        ways.push("narrow-clock-gettime64");
    }
    let mut pinned = Vec::new();
    for way in ways {
        confirmed_only_if_pinned(way, &contained(&[text(&program), way]), &mut pinned);
    }
    assert!(pinned.starts_with(&["plain".to_owned(), "asked".to_owned(), "limits".to_owned()]), "{pinned:?}");
    assert_eq!(pinned.contains(&"x32".to_owned()), cfg!(target_arch = "x86_64"), "no reading at all: {pinned:?}");
}

/// Fails where a clock that was not ours would pass for one that was.
#[track_caller]
fn confirmed_only_if_pinned(way: &str, said: &Said, pinned: &mut Vec<String>) {
    let is_unconfirmed = said.has("unpinned\t");
    // A call that does not exist and a program that was ended for it have read nothing.
    let is_pinned = said.last_line() == PIN || said.last_line() == "-1" || said.ended.stdout.is_empty();
    assert!(is_pinned || is_unconfirmed, "{way}: {:?}\n{}", said.ended, said.report);
    if !is_unconfirmed {
        pinned.push(way.to_owned());
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn programs_that_begin_like_no_other_have_no_confirmed_clock() {
    need("gcc", "gcc");
    let folder = support::scratch();
    for width in ["-m64", "-m32"] {
        let bare = folder.join(format!("bare{width}"));
        let mut command = sealed("gcc");
        command.args([width, "-O1", "-nostdlib", "-static", "-fno-stack-protector", "-fno-pic", "-no-pie", "-w", "-o"]);
        command.arg(&bare).arg(support::source("blind/bare.c"));
        assert_eq!(finish(&mut command).code, 0, "{command:?}");
        for mode in [0o755, 0o111] {
            fs::set_permissions(&bare, fs::Permissions::from_mode(mode)).expect("ours");
            let said = contained(&["sh", "-c", &format!("cp {0} {0}.copy 2> /dev/null; {0}", text(&bare))]);
            let seconds: u64 = said.last_line().parse().expect("a time");
            assert!(seconds > 1_750_000_000, "the machine's own: {:?}", said.ended);
            assert!(said.has("unpinned\t"), "{width} {mode:o}: {}", said.report);
        }
    }
}

#[test]
fn honest_programs_are_confirmed() {
    for program in [
        &["sh", "-c", "date; (sleep 0.1; date) & wait; no-such-program; true"][..],
        &["bash", "-c", "for n in 1 2 3 4 5 6 7 8; do sh -c 'kill -9 $$' & done; wait; true"],
        &["python3", "-c", "import threading, time\nfor _ in range(20): threading.Thread(target=time.time).start()"],
    ] {
        let said = contained(program);
        assert_eq!(said.ended.code, 0, "{:?}", said.ended);
        assert!(!said.has("unpinned\t") && !said.is_told(), "{program:?}: {}", said.report);
        assert!(said.has("code\t0") && said.has("signal\t0"), "{}", said.report);
    }
    assert!(contained(&["sh", "-c", "kill -9 $$"]).has("code\t137"));
}
