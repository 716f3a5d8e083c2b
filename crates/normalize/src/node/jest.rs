//! jest's default and verbose reporters where stderr is not a terminal: times, and the order of the files.
//!
//! Shapes from jest's own source (`getResultHeader`, `VerboseReporter`, `getSummary`) and recorded runs of 29.7 and 30.2. Files end in
//! any order when several workers run them. Whether a time is printed hangs on time alone (a file of more than five
//! seconds, a test of one millisecond), so that the times that come and go are taken away and not marked.

use crate::normalizer::Normalizer;
use crate::syntax::token::{ELAPSED, digits, digits_at_end, split_once};

/// The normalizer `jest`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "jest", version: 1, rules: RULES, apply };

const RULES: &str = r#"The stream is cut into head, blocks and tail. The tail begins at the first line that begins with "Test Suites: " or
is "Summary of all failing tests"; without such a line it is the last line if that lacks its line feed, else nothing.
The blocks are the lines before the tail from the first file-line on; each file-line begins a block.
Blocks are sorted by FILE (bytes, stable), and each gets one empty line at its end in place of those that are there.
Nothing else is moved, and the head stays as it is.
file-line = ( "PASS" | "FAIL" ) SPACE FILE [ " (" SECONDS ")" ]
A file-line loses " (" SECONDS ")" at its end, as often as that is there. In a block the unbroken run of list-lines
directly below its file-line has test-lines that lose " (" DIGITS " ms)" at their end, as often as that is there.
list-line = empty | SPACE SPACE { SPACE } TEXT, where TEXT begins neither with U+25CF nor with "console."
test-line = SPACE SPACE { SPACE } ( U+2713 | U+2715 ) SPACE NAME
In a block a line that begins with "A worker process has failed to exit gracefully and has been force exited." is
dropped: it hangs on how long a worker took to end.
In the tail one line changes: what follows its spaces becomes "<elapsed>" in
time-line = "Time:        " SECONDS [ ", estimated " SECONDS ]
SECONDS = DIGITS [ "." DIGITS ] " s"
"#;

/// How a line begins that comes and goes with the load of the machine.
const SLOW_WORKER: &[u8] = b"A worker process has failed to exit gracefully and has been force exited.";

/// The lines with which the tail begins.
const TAIL_BEGINS: [&[u8]; 2] = [b"Test Suites: ", b"Summary of all failing tests\n"];

fn apply(stream: &[u8]) -> Vec<u8> {
    let mut head: Vec<&[u8]> = stream.split_inclusive(|&byte| byte == b'\n').collect();
    let tail = head.split_off(tail_start(&head));
    let body = head.split_off(head.iter().position(|line| file_line(line).is_some()).unwrap_or(head.len()));
    let mut blocks: Vec<(&[u8], Vec<u8>)> = Vec::new();
    let mut is_list = false;
    for line in body {
        if let Some(header) = file_line(line) {
            is_list = true;
            blocks.push((header, [header, b"\n"].concat()));
        } else if let Some((_, block)) = blocks.last_mut().filter(|_| !line.starts_with(SLOW_WORKER)) {
            is_list = is_list && is_list_line(line);
            let (text, end) = line.strip_suffix(b"\n").map_or((line, &b""[..]), |text| (text, b"\n"));
            block.extend_from_slice(if is_list { untimed_test(text) } else { text });
            block.extend_from_slice(end);
        }
    }
    // The verdict is not part of the key: a file that fails stays where it was.
    blocks.sort_by_key(|(header, _)| split_once(header, b" ").map_or(*header, |(_, file)| file));

    let mut out = Vec::with_capacity(stream.len());
    head.iter().for_each(|line| out.extend_from_slice(line));
    for (_, block) in &blocks {
        let end = block.iter().rposition(|byte| *byte != b'\n').map_or(0, |last| last + 1);
        out.extend_from_slice(&block[..end]);
        out.extend_from_slice(b"\n\n");
    }
    for line in tail {
        if is_time_line(line) {
            out.extend_from_slice(b"Time:        ");
            out.extend_from_slice(ELAPSED);
            out.extend_from_slice(b"\n");
        } else {
            out.extend_from_slice(line);
        }
    }
    out
}

/// Finds the index of the tail's first line.
fn tail_start(lines: &[&[u8]]) -> usize {
    let begins = lines.iter().position(|line| TAIL_BEGINS.iter().any(|begin| line.starts_with(begin)));
    // An unfinished line cannot be moved: the next block would be glued to it.
    begins.unwrap_or_else(|| lines.len() - usize::from(lines.last().is_some_and(|line| !line.ends_with(b"\n"))))
}

/// Returns a line that begins a block without its times and its line feed.
fn file_line(line: &[u8]) -> Option<&[u8]> {
    let mut text = line.strip_suffix(b"\n")?;
    let file = text.strip_prefix(b"PASS ").or_else(|| text.strip_prefix(b"FAIL "))?;
    if file.is_empty() {
        return None;
    }
    while let Some(before) =
        text.strip_suffix(b" s)").and_then(decimal_at_end).and_then(|text| text.strip_suffix(b" ("))
        && before.len() > b"PASS ".len()
    {
        text = before;
    }
    Some(text)
}

/// Whether a line belongs to the list of a file's tests.
fn is_list_line(line: &[u8]) -> bool {
    let text = line.trim_ascii_start();
    line == b"\n" || (line.starts_with(b"  ") && !text.starts_with("●".as_bytes()) && !text.starts_with(b"console."))
}

/// Takes the times off the line of a test; any other line stays.
fn untimed_test(text: &[u8]) -> &[u8] {
    let title = text.trim_ascii_start();
    let is_test =
        ["✓ ", "✕ "].iter().any(|mark| title.strip_prefix(mark.as_bytes()).is_some_and(|name| !name.is_empty()));
    let mut text = text;
    while let Some(before) =
        text.strip_suffix(b" ms)").and_then(digits_at_end).and_then(|text| text.strip_suffix(b" ("))
        && is_test
        && before.trim_ascii_start().len() > "✓ ".len()
    {
        text = before;
    }
    text
}

fn is_time_line(line: &[u8]) -> bool {
    let Some(time) = line.strip_suffix(b"\n").and_then(|line| line.strip_prefix(b"Time:        ")) else {
        return false;
    };
    match seconds(time) {
        Some(b"") => true,
        Some(rest) => rest.strip_prefix(b", estimated ").and_then(seconds) == Some(b""),
        None => time == ELAPSED,
    }
}

/// Takes `DIGITS [ "." DIGITS ] " s"` off the front.
fn seconds(text: &[u8]) -> Option<&[u8]> {
    let rest = digits(text)?;
    rest.strip_prefix(b".").and_then(digits).unwrap_or(rest).strip_prefix(b" s")
}

/// Takes `DIGITS [ "." DIGITS ]` off the back.
fn decimal_at_end(text: &[u8]) -> Option<&[u8]> {
    let rest = digits_at_end(text)?;
    Some(rest.strip_suffix(b".").and_then(digits_at_end).unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(stream: &str) -> String {
        String::from_utf8(apply(stream.as_bytes())).expect("text stays text")
    }

    #[test]
    fn files_are_sorted_and_times_go() {
        let one = "PASS src/b.test.ts (5.123 s)\n  b\n    ✓ adds (12 ms)\n\n  console.log\n    ✓ prints (12 ms)\n\n\
                   FAIL src/a.test.ts\n  ✕ fails\n\n  ● fails\n\n    ✓ is quoted (3 ms)\n\n\
                   Test Suites: 1 failed, 1 passed, 2 total\nTime:        6.5 s, estimated 7 s\nRan all test suites.\n";
        let other = "FAIL src/a.test.ts (12 s)\n  ✕ fails (1 ms)\n\n  ● fails\n\n    ✓ is quoted (3 ms)\n\n\
                     PASS src/b.test.ts\n  b\n    ✓ adds\n\n  console.log\n    ✓ prints (12 ms)\n\n\n\
                     A worker process has failed to exit gracefully and has been force exited. This is likely …\n\
                     Test Suites: 1 failed, 1 passed, 2 total\nTime:        0.5 s\nRan all test suites.\n";
        assert_eq!(canonical(one), canonical(other));
        assert!(canonical(one).contains("✓ is quoted (3 ms)") && canonical(one).contains("Time:        <elapsed>\n"));
        assert_eq!(canonical(&canonical(one)), canonical(one));
    }

    #[test]
    fn what_is_no_time_stays() {
        for stream in [
            "PASS a.test.js (two)\n\n",
            "PASS  (5 s)\n  ✓  (5 ms)\n\n",
            "  ✓ above every file (5 ms)\n",
            "PASS a\n  ○ skipped b (5 ms)\n\n",
            "PASS a\n\nTest Suites: 1 passed\nTime:        5 min\n",
            "PASS a\n\nTime:        5 s",
        ] {
            assert_eq!(canonical(stream), stream);
        }
    }
}
