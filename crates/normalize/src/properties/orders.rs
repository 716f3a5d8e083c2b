//! Any order in which parallel tests can speak is one to `go-test-v` and `go-test-json`, and no other change is.

use proptest::prelude::*;

use crate::by_name;

/// What one parallel test says, line by line.
type Spoken = Vec<u8>;

/// Writes what `go test -v` prints when the tests take turns as `turns` says.
fn text(tests: &[Spoken], turns: &[usize]) -> String {
    let mut out: String = (0..tests.len()).map(|test| format!("=== RUN   T{test}\n=== PAUSE T{test}\n")).collect();
    let mut last = tests.len();
    speak(tests, turns, |test, said, time| match said {
        Said::Begins => {
            out += &format!("=== CONT  T{test}\n");
            last = test;
        }
        Said::Line(number) => {
            if last != test {
                out += &format!("=== NAME  T{test}\n");
            }
            out += &format!("    a_test.go:{number}: says {number}\n");
            last = test;
        }
        Said::Ends => {
            out += &format!("--- PASS: T{test} (0.{time:02}s)\n");
            last = test;
        }
    });
    out + &format!("PASS\nok  \tp\t0.{:03}s\n", turns.len())
}

/// Writes the same as `go test -json` does.
fn events(tests: &[Spoken], turns: &[usize]) -> String {
    let mut out = String::new();
    speak(tests, turns, |test, said, time| {
        let (action, more) = match said {
            Said::Begins => ("cont", String::new()),
            Said::Line(number) => ("output", format!(",\"Output\":\"says {number}\\n\"")),
            Said::Ends => ("pass", format!(",\"Elapsed\":0.{time:02}")),
        };
        let when = format!("2026-01-01T00:00:{time:02}Z");
        out +=
            &format!("{{\"Time\":\"{when}\",\"Action\":\"{action}\",\"Package\":\"p\",\"Test\":\"T{test}\"{more}}}\n");
    });
    out
}

enum Said {
    Begins,
    Line(u8),
    Ends,
}

/// Lets the tests speak in turn until all have ended; `turns` picks among those that still run.
fn speak(tests: &[Spoken], turns: &[usize], mut hear: impl FnMut(usize, Said, usize)) {
    let mut left: Vec<(usize, Vec<Said>)> = Vec::new();
    for (test, lines) in tests.iter().enumerate() {
        let said = lines.iter().copied().map(Said::Line);
        let mut all: Vec<Said> = std::iter::once(Said::Begins).chain(said).chain([Said::Ends]).collect();
        all.reverse();
        left.push((test, all));
    }
    let mut turns = turns.iter().cycle().enumerate();
    while let (false, Some((time, turn))) = (left.is_empty(), turns.next()) {
        let at = turn % left.len();
        if let Some(said) = left[at].1.pop() {
            hear(left[at].0, said, time % 60);
        } else {
            left.remove(at);
        }
    }
}

fn tests() -> impl Strategy<Value = Vec<Spoken>> {
    prop::collection::vec(prop::collection::vec(0..20u8, 0..5), 1..5)
}

fn turns() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..7usize, 1..40)
}

proptest! {
    #[test]
    fn every_order_is_one_and_a_changed_or_moved_line_is_not(
        tests in tests(), first in turns(), second in turns(), from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(),
    ) {
        let mut moved = tests.clone();
        let (from, to) = (from.index(tests.len()), to.index(tests.len()));
        let line = moved[from].pop().unwrap_or(1);
        moved[to].push(if from == to { line + 20 } else { line });
        for (name, write) in [("go-test-v", text as fn(&[Spoken], &[usize]) -> String), ("go-test-json", events)] {
            let canonical = |tests: &[Spoken], turns: &[usize]| {
                String::from_utf8(by_name(name).unwrap().apply(write(tests, turns).as_bytes())).unwrap()
            };
            prop_assert_eq!(canonical(&tests, &first), canonical(&tests, &second));
            prop_assert_ne!(canonical(&tests, &first), canonical(&moved, &second));
        }
    }
}
