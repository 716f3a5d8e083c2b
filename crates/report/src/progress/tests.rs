use serde_json::json;

use super::*;

fn beat(seconds: u64, state: BeatState) -> Beat {
    Beat { what: "go-test".to_owned(), time: Duration::from_secs(seconds), state }
}

#[test]
fn a_line_a_minute_says_name_time_and_last_line() {
    let works = |last: Option<&str>| BeatState::Works(last.map(str::to_owned));
    assert_eq!(beat_line(&beat(180, works(Some("ok pkg/x")))), "   running  go-test: 3 min, last: ok pkg/x");
    assert_eq!(beat_line(&beat(59, works(None))), "   running  go-test: 59 s");
    let steps = BeatState::Steps("[build 3/7] RUN go build".to_owned());
    assert_eq!(beat_line(&beat(120, steps)), "   running  go-test: 2 min, [build 3/7] RUN go build");
    let waits = BeatState::Waits("waits for memory: 6 GiB of 8 GiB taken by vitest".to_owned());
    let line = "   waiting  go-test: 2 min, waits for memory: 6 GiB of 8 GiB taken by vitest";
    assert_eq!(beat_line(&beat(120, waits)), line);
}

#[test]
fn what_a_hostile_command_writes_obeys_nobody() {
    let hostile = "\u{1b}]0;title\u{7}\u{1b}[2J\u{202e}ok\tpkg";
    assert_eq!(shown(hostile), r"\u{1b}]0;title\u{7}\u{1b}[2J\u{202e}ok pkg");
    let long = shown(&"\u{1b}".repeat(1000));
    assert_eq!(long.chars().count(), SHOWN + 1);
    assert!(!long.contains(printable::is_active));
}

#[test]
fn events_for_programs_say_who_waits_for_what() {
    let taken_by = vec!["go-test".to_owned()];
    let id = || "vitest".parse().expect("a name");
    let waiting = RunEvent::Waiting { id: id(), shortage: Shortage::Memory { taken: 6 << 30, of: 8 << 30, taken_by } };
    let expected = json!({
        "event": "waiting", "command": "vitest", "for": "memory", "taken": 6_u64 << 30, "of": 8_u64 << 30,
        "taken_by": ["go-test"], "says": "waits for memory: 6 GiB of 8 GiB taken by go-test",
    });
    assert_eq!(events::event(&waiting), Some(expected));
    assert_eq!(events::event(&RunEvent::Wrote { id: id(), line: "x".to_owned() }), None);
    let what = || "release image app".to_owned();
    assert_eq!(events::event(&RunEvent::Stepped { what: what(), step: "x".to_owned() }), None);
    let steps = beat(60, BeatState::Steps("[1/2] RUN a".to_owned()));
    let expected = json!({ "event": "running", "what": "go-test", "seconds": 60, "step": "[1/2] RUN a" });
    assert_eq!(events::beat(&steps), expected);
    let not_built = RunEvent::NotBuilt { what: what(), how: "NOT built".to_owned(), why: vec!["no".to_owned()] };
    let expected = json!({ "event": "prepared", "what": "release image app", "how": "NOT built", "why": ["no"] });
    assert_eq!(events::event(&not_built), Some(expected));
    let running = beat(180, BeatState::Works(Some("ok pkg/x".to_owned())));
    let expected = json!({ "event": "running", "what": "go-test", "seconds": 180, "last": "ok pkg/x" });
    assert_eq!(events::beat(&running), expected);
}
