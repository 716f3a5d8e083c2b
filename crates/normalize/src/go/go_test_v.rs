//! The text output of `go test -v`: elapsed times, and the order in which parallel tests spoke.
//!
//! Shapes from the Go tool's own source (`testing`, type `chattyPrinter`): every line belongs to the test that the last
//! `===` or `---` line names, and `=== NAME` appears only where another test spoke before. What tests print past the
//! testing package belongs to no test; where parallel tests do that, two runs stay different.

use std::collections::BTreeMap;

use super::go_test::{push_line, tested};
use crate::normalizer::Normalizer;

/// The normalizer `go-test-v`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "go-test-v", version: 1, rules: RULES, apply };

const RULES: &str = r#"The stream is cut into sections: each ends with a package-end, and what stands behind the last one is a section too.
In a section, the head is what stands before the first event-line and the tail what stands behind the last verdict-line;
without a verdict-line the whole section is tail. Each line between head and tail belongs to the test that the last
event-line at or before it names. The lines are gathered by test, in the order of the tests' names (bytes), each test's
lines in their own order. A name-line is dropped if a line of the same test went before it in the section.
Nothing else is moved or dropped. In all lines elapsed times are replaced as go-test does:
package-line = ( "ok  " | "FAIL" ) TAB WORD TAB SECONDS3 [ SPACE note | note ] { TAB "coverage: " TEXT }
verdict-line = { "    " } "--- " ( "PASS" | "FAIL" | "SKIP" | "BENCH" ) ": " WORD " (" SECONDS2 ")"
note         = "[" TEXT "]"
SECONDS3     = DIGITS "." 3 DIGIT "s"
SECONDS2     = DIGITS "." 2 DIGIT "s"
where SECONDS becomes "<elapsed>".
package-end  = ( "ok  " | "FAIL" | "?   " ) TAB TEXT
event-line   = step-line | name-line | verdict-line
step-line    = ( "=== RUN   " | "=== PAUSE " | "=== CONT  " ) WORD
name-line    = "=== NAME  " WORD
WORD         = one or more bytes, none of them white space
TEXT         = any bytes but a line feed
"#;

fn apply(stream: &[u8]) -> Vec<u8> {
    let lines: Vec<&[u8]> = stream.split_inclusive(|&byte| byte == b'\n').collect();
    let mut out = Vec::with_capacity(stream.len());
    for section in lines.split_inclusive(|line| ends_package(line)) {
        push_section(section, &mut out);
    }
    out
}

fn ends_package(line: &[u8]) -> bool {
    [&b"ok  \t"[..], b"FAIL\t", b"?   \t"].iter().any(|start| line.starts_with(start))
}

fn push_section(section: &[&[u8]], out: &mut Vec<u8>) {
    let last = section.iter().rposition(|line| matches!(Event::read(line), Some(Event::Verdict(_))));
    let (body, tail) = section.split_at(last.map_or(0, |last| last + 1));
    let (head, body) = body.split_at(body.iter().position(|line| Event::read(line).is_some()).unwrap_or(0));

    let mut tests: BTreeMap<&[u8], Vec<&[u8]>> = BTreeMap::new();
    let mut current: &[u8] = b"";
    for line in body {
        let event = Event::read(line);
        if let Some(Event::Step(test) | Event::Name(test) | Event::Verdict(test)) = event {
            current = test;
        }
        let spoken = tests.entry(current).or_default();
        if spoken.is_empty() || !matches!(event, Some(Event::Name(_))) {
            spoken.push(line);
        }
    }
    for line in head.iter().chain(tests.values().flatten()).chain(tail) {
        push_line(line, out);
    }
}

/// A line that names a test.
enum Event<'a> {
    Step(&'a [u8]),
    Name(&'a [u8]),
    Verdict(&'a [u8]),
}

impl<'a> Event<'a> {
    /// Reads a line with its line feed; without one it is not an event, because it may not be moved.
    fn read(line: &'a [u8]) -> Option<Self> {
        let text = line.strip_suffix(b"\n")?;
        let word = |test: &&[u8]| !test.is_empty() && !test.iter().any(u8::is_ascii_whitespace);
        let steps: [&[u8]; 3] = [b"=== RUN   ", b"=== PAUSE ", b"=== CONT  "];
        if let Some(test) = steps.iter().find_map(|start| text.strip_prefix(*start)) {
            return Some(test).filter(word).map(Self::Step);
        }
        if let Some(test) = text.strip_prefix(b"=== NAME  ") {
            return Some(test).filter(word).map(Self::Name);
        }
        tested(text).map(Self::Verdict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(raw: &str) -> String {
        String::from_utf8(apply(raw.as_bytes())).expect("text in, text out")
    }

    #[test]
    fn two_orders_of_the_same_tests_become_one() {
        let one = "=== RUN   TestB\n=== PAUSE TestB\n=== RUN   TestA\n=== PAUSE TestA\n=== CONT  TestB\n=== CONT  TestA\n    \
                   a.go:1: a\n=== NAME  TestB\n    a.go:2: b\n--- PASS: TestB (0.01s)\n--- PASS: TestA (0.02s)\nPASS\n\
                   ok  \tp\t0.123s\n";
        let other = "=== RUN   TestB\n=== PAUSE TestB\n=== RUN   TestA\n=== PAUSE TestA\n=== CONT  TestA\n    a.go:1: a\n\
                     --- PASS: TestA (0.00s)\n=== CONT  TestB\n    a.go:2: b\n--- PASS: TestB (0.01s)\nPASS\n\
                     ok  \tp\t0.200s\n";
        let expected = "=== RUN   TestA\n=== PAUSE TestA\n=== CONT  TestA\n    a.go:1: a\n--- PASS: TestA (<elapsed>)\n\
                        === RUN   TestB\n=== PAUSE TestB\n=== CONT  TestB\n    a.go:2: b\n--- PASS: TestB (<elapsed>)\n\
                        PASS\nok  \tp\t<elapsed>\n";
        assert_eq!(canonical(one), expected);
        assert_eq!(canonical(other), expected);
    }

    #[test]
    fn a_line_said_by_another_test_stays_a_difference() {
        let said = |first: &str, second: &str| {
            canonical(&format!(
                "=== RUN   TestA\n=== RUN   TestB\n=== NAME  {first}\n    x\n=== NAME  {second}\n    y\n\
                 --- PASS: TestA (0.00s)\n--- PASS: TestB (0.00s)\n"
            ))
        };
        assert_ne!(said("TestA", "TestB"), said("TestB", "TestA"));
        assert_ne!(said("TestA", "TestB"), said("TestA", "TestA"));
    }

    #[test]
    fn packages_keep_their_order_and_an_unended_test_its_place() {
        let raw = "=== RUN   TestB\n--- PASS: TestB (0.00s)\n=== RUN   TestA\npanic: no\nFAIL\tb\t0.001s\nok  \ta\t(cached)\n";
        assert_eq!(canonical(raw), raw.replace("0.00s", "<elapsed>").replace("0.001s", "<elapsed>"));
        let unfinished = "=== RUN   TestB\n=== RUN   TestA\n--- PASS: TestA (0.00s)";
        assert_eq!(canonical(unfinished), unfinished.replace("0.00s", "<elapsed>"));
    }
}
