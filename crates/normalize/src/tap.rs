//! TAP, versions 13 and 14: only elapsed times.
//!
//! The Test Anything Protocol has no field for time; three habits are common, and each was recorded: vitest and node-tap
//! write `# time=1.23ms` behind a test point, node-tap closes each list of subtests with that comment, `node --test` puts
//! `duration_ms:` first into each test point's YAML block and closes the stream with a comment. The order of the points
//! is left alone: their numbers are part of the protocol.

use crate::normalizer::Normalizer;
use crate::syntax::token::{ELAPSED, digits, map_lines, number_at_end};

/// The normalizer `tap`.
pub(super) const NORMALIZER: Normalizer = Normalizer { name: "tap", version: 1, rules: RULES, apply };

const RULES: &str = r##"Lines are looked at in their order. Where a whole line fits one of these forms, at the place named for it, NUMBER (with
its unit, where it has one) becomes "<elapsed>" and nothing else changes. A line that fits none stays. Lines are never
dropped, added or moved.
timed-point   = point " # time=" NUMBER UNIT [ " {" ]
yaml-duration = INDENT "duration_ms: " NUMBER
last-time     = INDENT "# time=" NUMBER UNIT
last-duration = "# duration_ms " NUMBER
point  = INDENT ( "ok " | "not ok " ) DIGITS [ " - " TEXT ]
A timed-point may stand anywhere but in a YAML block. A YAML block begins with a line of INDENT "---" directly below a
line that begins as a point does, and is indented deeper than it; it ends with INDENT "..." of the same INDENT. A
yaml-duration stands in a YAML block and has its INDENT. A last-time stands below a plan of the same INDENT, with nothing
between them but tallies of that INDENT. A last-duration stands directly below a line that fits todo-count.
plan       = INDENT "1.." DIGITS
tally      = INDENT ( "# failed " | "# todo: " | "# skip: " ) TEXT
todo-count = "# todo " DIGITS
NUMBER = DIGITS [ "." DIGITS ]
UNIT   = "ms" | "s"
INDENT = { SPACE }
TEXT   = any bytes but a line feed
"##;

fn apply(stream: &[u8]) -> Vec<u8> {
    let mut place = Place::Elsewhere;
    map_lines(stream, |line, out| {
        let indent = line.iter().take_while(|byte| **byte == b' ').count();
        let (before, after) = place.around_time(line, indent).unwrap_or((line, None));
        place = place.below(line, indent);
        out.extend_from_slice(before);
        if let Some(after) = after {
            out.extend_from_slice(ELAPSED);
            out.extend_from_slice(after);
        }
        true
    })
}

/// What the lines above mean for the next one; each holds an indentation in spaces.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Elsewhere,
    /// Directly below a test point.
    Point(usize),
    /// In a YAML block.
    Yaml(usize),
    /// Below a plan and its tallies.
    Plan(usize),
    /// Directly below Node's count of tests to do.
    TodoCount,
}

impl Place {
    fn below(self, line: &[u8], indent: usize) -> Self {
        let text = &line[indent..];
        match self {
            Self::Yaml(yaml) if indent == yaml && text == b"..." => Self::Elsewhere,
            Self::Yaml(_) => self,
            Self::Point(point) if indent > point && text == b"---" => Self::Yaml(indent),
            Self::Plan(plan) if indent == plan && is_tally(text) => self,
            _ if is_point(text) => Self::Point(indent),
            _ if text.strip_prefix(b"1..").and_then(digits) == Some(b"") => Self::Plan(indent),
            _ if indent == 0 && text.strip_prefix(b"# todo ").and_then(digits) == Some(b"") => Self::TodoCount,
            _ => Self::Elsewhere,
        }
    }

    /// Splits a line into the parts before and after its time.
    fn around_time(self, line: &[u8], indent: usize) -> Option<(&[u8], Option<&[u8]>)> {
        let text = &line[indent..];
        let (before, after) = match self {
            Self::Yaml(yaml) => (yaml_duration(line, text).filter(|_| indent == yaml)?, &b""[..]),
            Self::Plan(plan) if indent == plan && text.starts_with(b"# time=") => {
                (time_at_end(line).filter(|before| before[indent..] == *b"# time=")?, &b""[..])
            }
            Self::TodoCount if text.starts_with(b"# duration_ms ") && indent == 0 => {
                (number_at_end(line).filter(|before| *before == b"# duration_ms ")?, &b""[..])
            }
            _ if is_point(text) => {
                let timed = line.strip_suffix(b" {").unwrap_or(line);
                (time_at_end(timed).filter(|before| before.ends_with(b" # time="))?, &line[timed.len()..])
            }
            _ => return None,
        };
        Some((before, Some(after)))
    }
}

fn is_point(text: &[u8]) -> bool {
    let number = text.strip_prefix(b"ok ").or_else(|| text.strip_prefix(b"not ok ")).and_then(digits);
    number.is_some_and(|rest| rest.is_empty() || rest.starts_with(b" "))
}

fn is_tally(text: &[u8]) -> bool {
    [&b"# failed "[..], b"# todo: ", b"# skip: "].iter().any(|open| text.starts_with(open))
}

fn yaml_duration<'a>(line: &'a [u8], text: &[u8]) -> Option<&'a [u8]> {
    const KEY: &[u8] = b"duration_ms: ";
    number_at_end(line).filter(|before| text.starts_with(KEY) && before.len() == line.len() - text.len() + KEY.len())
}

/// Takes a number with its unit, or the mark that replaces both, off the back.
fn time_at_end(text: &[u8]) -> Option<&[u8]> {
    if let Some(before) = text.strip_suffix(ELAPSED) {
        return Some(before);
    }
    let number = text.strip_suffix(b"ms").or_else(|| text.strip_suffix(b"s"))?;
    number_at_end(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(raw: &str) -> String {
        String::from_utf8(apply(raw.as_bytes())).expect("text in, text out")
    }

    #[test]
    fn times_of_points_go() {
        for (raw, expected) in [
            ("ok 1 - a.test.ts # time=439.22ms {\n", "ok 1 - a.test.ts # time=<elapsed> {\n"),
            ("    not ok 2 - x # time=1s\n", "    not ok 2 - x # time=<elapsed>\n"),
            ("ok 1 # time=3ms", "ok 1 # time=<elapsed>"),
        ] {
            assert_eq!(canonical(raw), expected);
        }
    }

    #[test]
    fn yaml_durations_go_where_they_belong() {
        let raw = "ok 1 - a\n  ---\n  duration_ms: 1.5\n  error: |-\n    duration_ms: 4\n    ok 1 - b # time=5ms\n  ...\n  duration_ms: 6\n";
        let expected = "ok 1 - a\n  ---\n  duration_ms: <elapsed>\n  error: |-\n    duration_ms: 4\n    ok 1 - b # time=5ms\n  ...\n  duration_ms: 6\n";
        assert_eq!(canonical(raw), expected);
        let unopened = "ok 1 - a\n---\nduration_ms: 1.5\nsaid\n  ---\n  duration_ms: 1.5\n";
        assert_eq!(canonical(unopened), unopened);
    }

    #[test]
    fn closing_times_go_where_they_close() {
        let raw = "    # time=3ms\n    1..2\n    # failed 1 test\n    # skip: 1\n    # time=5.25ms\n    # time=5ms\n# todo 2\n# duration_ms 9.5\n# duration_ms 9\n";
        let expected = "    # time=3ms\n    1..2\n    # failed 1 test\n    # skip: 1\n    # time=<elapsed>\n    # time=5ms\n# todo 2\n# duration_ms <elapsed>\n# duration_ms 9\n";
        assert_eq!(canonical(raw), expected);
        let elsewhere = "1..2\n  # time=3ms\n1..2\n# said\n# time=3ms\n# todo many\n# duration_ms 3\n";
        assert_eq!(canonical(elsewhere), elsewhere);
    }

    #[test]
    fn what_fits_no_form_stays() {
        for line in [
            "ok 1 - a pass \\# time=3ms",
            "ok 1 - a # time=soon",
            "ok 1 - a # time=3ms and more",
            "ok 1 - a # time=3 ms",
            "ok 1 - a # TODO time=3ms",
            "ok - a # time=3ms",
            "okay 1 - a # time=3ms",
            "said ok 1 - a # time=3ms",
            "1..3ms",
            "TAP version 13",
        ] {
            assert_eq!(canonical(line), line);
        }
        assert_eq!(apply(b"ok 1 - \xff # time=3ms\n\xff"), b"ok 1 - \xff # time=<elapsed>\n\xff");
    }
}
