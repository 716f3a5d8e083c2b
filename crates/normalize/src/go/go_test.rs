//! The text output of `go test`: only elapsed times.
//!
//! Shapes from the Go tool's own source (`cmd/go/internal/test`, `testing`): a package line carries `%.3fs`, a test line
//! `(%.2fs)`. Package lines need no sorting: the Go tool prints each one only after the one before it, however the
//! packages were run. What `-v` prints of parallel tests does interleave; that order is left alone, and so are panics
//! with their goroutine ids and addresses.

use crate::normalizer::Normalizer;
use crate::syntax::token::{ELAPSED, map_lines, seconds};

/// The normalizer `go-test`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "go-test", version: 1, rules: RULES, apply };

const RULES: &str = r#"Each line is looked at alone. Where a whole line fits one of these forms, SECONDS becomes "<elapsed>" and nothing
else changes. A line that fits none stays. Lines are never dropped, added or moved.
package-line = ( "ok  " | "FAIL" ) TAB WORD TAB SECONDS3 [ SPACE note | note ] { TAB "coverage: " TEXT }
test-line    = { "    " } "--- " ( "PASS" | "FAIL" | "SKIP" | "BENCH" ) ": " WORD " (" SECONDS2 ")"
note         = "[" TEXT "]"
SECONDS3     = DIGITS "." 3 DIGIT "s"
SECONDS2     = DIGITS "." 2 DIGIT "s"
WORD         = one or more bytes, none of them white space
TEXT         = any bytes but a line feed
"(cached)" is no SECONDS and stays.
"#;

fn apply(stream: &[u8]) -> Vec<u8> {
    map_lines(stream, |line, out| {
        let Some((before, after)) = package_line(line).or_else(|| test_line(line)) else { return false };
        for piece in [before, ELAPSED, after] {
            out.extend_from_slice(piece);
        }
        true
    })
}

/// Appends a line, with its line feed if it has one, without its elapsed time.
pub(crate) fn push_line(line: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&apply(line));
}

/// Names the test whose verdict a line tells; the line comes without its line feed.
pub(crate) fn tested(line: &[u8]) -> Option<&[u8]> {
    let (before, _) = test_line(line)?;
    let name = before.strip_suffix(b" (")?;
    name.iter().rposition(u8::is_ascii_whitespace).map(|space| &name[space + 1..])
}

/// Splits a package line into the parts before and after its elapsed time.
fn package_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let package = line.strip_prefix(b"ok  \t").or_else(|| line.strip_prefix(b"FAIL\t"))?;
    let elapsed = &package[word(package)?..].strip_prefix(b"\t")?;
    let after = seconds(elapsed, 3)?;
    fits_end_of_package_line(after).then(|| (&line[..line.len() - elapsed.len()], after))
}

/// Whether what follows the elapsed time is nothing but a note and coverage fields.
fn fits_end_of_package_line(after: &[u8]) -> bool {
    let mut fields = after.split(|&byte| byte == b'\t');
    let first = fields.next().unwrap_or_default();
    let note = first.strip_prefix(b" ").unwrap_or(first);
    let first_fits = first.is_empty() || (note.starts_with(b"[") && note.ends_with(b"]"));
    first_fits && fields.all(|field| field.starts_with(b"coverage: "))
}

/// Splits a test line into the parts before and after its elapsed time.
fn test_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut rest = line;
    while let Some(deeper) = rest.strip_prefix(b"    ") {
        rest = deeper;
    }
    let rest = rest.strip_prefix(b"--- ")?;
    let verdicts: [&[u8]; 4] = [b"PASS: ", b"FAIL: ", b"SKIP: ", b"BENCH: "];
    let test = verdicts.iter().find_map(|verdict| rest.strip_prefix(*verdict))?;
    let elapsed = &test[word(test)?..].strip_prefix(b" (")?;
    let after = seconds(elapsed, 2)?;
    (after == b")").then(|| (&line[..line.len() - elapsed.len()], after))
}

/// Measures the word at the front of a text, in bytes; there must be one.
fn word(text: &[u8]) -> Option<usize> {
    let end = text.iter().position(u8::is_ascii_whitespace)?;
    (end > 0).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(line: &str) {
        assert_eq!(String::from_utf8_lossy(&apply(line.as_bytes())), line);
    }

    #[test]
    fn elapsed_times_go_and_the_rest_stays() {
        let cases = [
            ("ok  \texample.test/a\t0.033s\n", "ok  \texample.test/a\t<elapsed>\n"),
            ("ok  \ta\t0.004s [no tests to run]", "ok  \ta\t<elapsed> [no tests to run]"),
            ("ok  \ta\t12.004s\tcoverage: 66.7% of statements", "ok  \ta\t<elapsed>\tcoverage: 66.7% of statements"),
            ("FAIL\ta\t0.1", "FAIL\ta\t0.1"),
            ("FAIL\ta\t0.123s", "FAIL\ta\t<elapsed>"),
            ("        --- FAIL: T/took_(0.02s)/b (0.02s)", "        --- FAIL: T/took_(0.02s)/b (<elapsed>)"),
        ];
        for (raw, canonical) in cases {
            assert_eq!(String::from_utf8_lossy(&apply(raw.as_bytes())), canonical);
        }
    }

    #[test]
    fn what_fits_no_form_stays() {
        for line in [
            "ok  \ta\t(cached)",
            "ok  \ta\t(cached)\tcoverage: 1.0% of statements",
            "FAIL\ta [build failed]",
            "ok  \ta\t0.033s of nothing",
            "ok  \ta\t0.033s\tand more",
            "ok a 0.033s",
            "?   \ta\t[no test files]",
            "--- PASS: T (0.02s) extra",
            "--- PASSED: T (0.02s)",
            "  --- PASS: T (0.02s)",
            "said --- PASS: T (0.02s)",
            "    t.go:17: it took 0.02s (0.02s)",
            "*** Test killed with quit: ran too long (11m0s).",
            "exit status 1",
        ] {
            same(line);
        }
        assert_eq!(apply(b"ok  \t\xff\xfe\t0.033s\n\xff"), b"ok  \t\xff\xfe\t<elapsed>\n\xff");
    }
}
