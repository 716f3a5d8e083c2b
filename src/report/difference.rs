//! The first lines in which two streams differ.

use similar::{Algorithm, ChangeTag, TextDiff};

/// The largest stream that is compared line by line, in bytes; beyond it the first differing line is found by scanning.
const DIFF_LIMIT: usize = 1 << 20;
/// The longest line that is shown, in characters.
const LINE_LIMIT: usize = 200;

/// Is one line that differs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DifferingLine {
    /// The line's number, from 1, in the stream that has it.
    pub line: usize,
    /// `-` when only the recorded stream has it, `+` when only the replayed one.
    pub side: char,
    /// The text, without its line end; bytes that are not UTF-8 are shown as U+FFFD.
    pub text: String,
}

/// Lists the first differing lines of two streams, at most `most`.
#[must_use]
pub fn differing_lines(recorded: &[u8], found: &[u8], most: usize) -> Vec<DifferingLine> {
    if recorded.len().max(found.len()) > DIFF_LIMIT {
        return first_by_scan(recorded, found);
    }
    let (recorded, found) = (String::from_utf8_lossy(recorded), String::from_utf8_lossy(found));
    let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_lines(&*recorded, &*found);
    diff.iter_all_changes()
        .filter_map(|change| {
            let (side, index) = match change.tag() {
                ChangeTag::Delete => ('-', change.old_index()),
                ChangeTag::Insert => ('+', change.new_index()),
                ChangeTag::Equal => return None,
            };
            Some(DifferingLine { line: index.unwrap_or_default() + 1, side, text: shorten(change.value()) })
        })
        .take(most)
        .collect()
}

fn first_by_scan(recorded: &[u8], found: &[u8]) -> Vec<DifferingLine> {
    let mut sides = (recorded.split(|b| *b == b'\n'), found.split(|b| *b == b'\n'));
    let mut line = 0;
    loop {
        line += 1;
        let shown = |side, bytes: Option<&[u8]>| {
            bytes.map(|bytes| DifferingLine { line, side, text: shorten(&String::from_utf8_lossy(bytes)) })
        };
        match (sides.0.next(), sides.1.next()) {
            (None, None) => return Vec::new(),
            (recorded, found) if recorded == found => {}
            (recorded, found) => return shown('-', recorded).into_iter().chain(shown('+', found)).collect(),
        }
    }
}

fn shorten(line: &str) -> String {
    let line = line.trim_end_matches(['\n', '\r']);
    match line.char_indices().nth(LINE_LIMIT) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differing_lines_carry_their_numbers() {
        let lines = differing_lines(b"a\nb\nc\n", b"a\nx\nc\nd\n", 10);
        let shown: Vec<String> = lines.iter().map(|l| format!("{}{} {}", l.side, l.line, l.text)).collect();
        assert_eq!(shown, ["-2 b", "+2 x", "+4 d"]);
        assert!(differing_lines(b"same", b"same", 10).is_empty());
    }

    #[test]
    fn large_streams_are_scanned_to_the_first_difference() {
        let mut recorded = b"line\n".repeat(DIFF_LIMIT / 4);
        let mut found = recorded.clone();
        recorded.extend_from_slice(b"old\n");
        found.extend_from_slice(b"new\n");
        let lines = differing_lines(&recorded, &found, 10);
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[0].line, lines[0].text.as_str()), (DIFF_LIMIT / 4 + 1, "old"));
    }
}
