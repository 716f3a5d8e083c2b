//! Timers and deadlines: as if there were no pinned clock.

use std::time::Duration;

use crate::support::{self, PINNED, need, text, under};

/// Whether something that should take a second took about that, on a machine that may be busy.
fn about_a_second(milliseconds: &str) -> bool {
    milliseconds.parse::<u64>().is_ok_and(|passed| (980..20_000).contains(&passed))
}

#[test]
fn deadlines_on_the_wall_clock_come_when_they_should() {
    for flags in [&[][..], &["-static"]] {
        let deadlines = support::c("deadlines", flags);
        for kind in ["condition", "semaphore", "nanosleep", "futex", "relative", "mutex"] {
            let ended = under(&[PINNED], &[text(&deadlines), kind]);
            assert!(about_a_second(ended.output()), "{kind} {flags:?}: {ended:?}");
        }
    }
}

#[test]
fn timers_of_go_and_node_fire() {
    need("node", "nodejs");
    let go = support::go("probe");
    for (program, least) in [
        (&[text(&go), "timers"][..], 480),
        (&[text(&go), "sleep", "300ms"], 290),
        (
            &[
                "node",
                "-e",
                "const t = performance.now(); setTimeout(() => console.log(performance.now() - t | 0), 500)",
            ],
            490,
        ),
        (
            &[
                "node",
                "-e",
                "const t = process.hrtime(); setTimeout(() => { const d = process.hrtime(t); \
                 console.log(d[0] * 1000 + d[1] / 1e6 | 0) }, 500)",
            ],
            490,
        ),
    ] {
        let ended = under(&[PINNED], program);
        let passed: u64 = ended.output().parse().expect("milliseconds");
        assert!((least..20_000).contains(&passed), "{program:?}: {passed}");
    }
}

#[test]
fn timeout_ends_what_takes_too_long() {
    let ended = under(&[PINNED], &["timeout", "1", "sleep", "30"]);
    assert_eq!(ended.code, 124);
    assert!(ended.took >= Duration::from_millis(980) && ended.took < Duration::from_secs(20), "{ended:?}");
    assert_eq!(under(&[PINNED], &["timeout", "20", "true"]).code, 0);
    let python = "import threading; print(threading.Event().wait(1))";
    let ended = under(&[PINNED], &["python3", "-c", python]);
    assert_eq!(ended.output(), "False");
    assert!(ended.took >= Duration::from_millis(980), "{ended:?}");
    let ended = under(&[PINNED], &["bash", "-c", "read -t 1 < <(sleep 5); echo $?"]);
    assert!(ended.output() == "142" && ended.took >= Duration::from_millis(980), "{ended:?}");
}

#[test]
fn the_race_detector_works() {
    need("go", "golang-go");
    need("gcc", "gcc libc6-dev");
    let folder = support::scratch();
    support::write(&folder, "go.mod", "module raced\n\ngo 1.21\n");
    let test = "package raced\n\nimport (\n\t\"testing\"\n\t\"time\"\n)\n\n\
                func TestTimer(t *testing.T) {\n\tbegan := time.Now()\n\t<-time.After(500 * time.Millisecond)\n\
                \tif passed := time.Since(began); passed < 490*time.Millisecond {\n\t\tt.Fatal(passed)\n\t}\n}\n";
    support::write(&folder, "raced_test.go", test);
    let mut command = support::init(&[PINNED], &["go", "test", "-race", "-count=1", "./..."]);
    let ended = support::finish(command.current_dir(&folder).env("CGO_ENABLED", "1"));
    assert!(ended.output().starts_with("ok"), "{ended:?}");
    let racing = "package main\n\nimport \"time\"\n\nfunc main() {\n\tn := 0\n\tgo func() { n++ }()\n\
                  \tn++\n\ttime.Sleep(100 * time.Millisecond)\n\tprintln(n)\n}\n";
    support::write(&folder, "racing.go", racing);
    let mut command = support::init(&[PINNED], &["go", "run", "-race", "racing.go"]);
    let ended = support::finish(command.current_dir(&folder).env("CGO_ENABLED", "1"));
    assert!(ended.stderr.contains("WARNING: DATA RACE"), "{ended:?}");
}
