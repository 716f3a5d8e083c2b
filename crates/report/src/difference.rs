//! The first lines in which two streams differ.

use std::io::{self, BufRead, BufReader, Read};

use rcrepro_difference::changed_lines;
use rcrepro_model::content::digest::Digest;
use rcrepro_store::{BlobStore, StoreError};

/// The largest stream that is compared line by line, in bytes; in larger ones the first differing line is found by reading.
const DIFF_LIMIT: u64 = 1 << 20;
/// The longest line that is shown, in characters.
const LINE_LIMIT: usize = 200;

/// A line that differs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DifferingLine {
    /// The line's number, from 1, in the stream that has it.
    pub line: usize,
    /// `-` when only the recorded stream has it, `+` when only the replayed one.
    pub side: char,
    /// The text, without its line end; bytes that are not UTF-8 are shown as U+FFFD.
    pub text: String,
}

/// Lists the first differing lines of two stored streams, at most `most`; of streams above 1 MiB the first one only.
///
/// # Errors
/// [`StoreError`] when one of them is missing or damaged.
pub fn differing_lines(
    store: &dyn BlobStore,
    recorded: Digest,
    found: Digest,
    most: usize,
) -> Result<Vec<DifferingLine>, StoreError> {
    if recorded.size.max(found.size) <= DIFF_LIMIT {
        return Ok(compare(&store.get(recorded)?, &store.get(found)?, most));
    }
    let read = first_difference(store.reader(recorded)?, store.reader(found)?);
    read.map_err(|source| StoreError::Io { doing: "read", path: "a stream's blob".into(), source })
}

fn compare(recorded: &[u8], found: &[u8], most: usize) -> Vec<DifferingLine> {
    let (recorded, found) = (String::from_utf8_lossy(recorded), String::from_utf8_lossy(found));
    let changed = changed_lines(&recorded, &found, most).into_iter();
    changed.map(|line| DifferingLine { line: line.number, side: line.sign, text: shorten(&line.text) }).collect()
}

/// Reads two streams side by side up to the first byte that differs, in constant memory.
fn first_difference(recorded: impl Read, found: impl Read) -> io::Result<Vec<DifferingLine>> {
    let (mut recorded, mut found) = (BufReader::new(recorded), BufReader::new(found));
    let (mut line, mut begun) = (1, Vec::new());
    loop {
        let (left, right) = (recorded.fill_buf()?, found.fill_buf()?);
        let common = left.len().min(right.len());
        if common == 0 && left.len() == right.len() {
            return Ok(Vec::new());
        }
        let equal = left.iter().zip(right).take_while(|(a, b)| a == b).count();
        for byte in &left[..equal] {
            match byte {
                b'\n' => {
                    line += 1;
                    begun.clear();
                }
                byte if begun.len() < LINE_LIMIT => begun.push(*byte),
                _ => {}
            }
        }
        let differs = equal < common || common == 0;
        recorded.consume(equal);
        found.consume(equal);
        if differs {
            break;
        }
    }
    let mut lines = Vec::new();
    for (side, reader) in [('-', &mut recorded as &mut dyn BufRead), ('+', &mut found)] {
        let mut rest = Vec::new();
        reader.take(LINE_LIMIT as u64).read_until(b'\n', &mut rest)?;
        // A stream that has ended has no such line.
        if !rest.is_empty() || !begun.is_empty() {
            let text = shorten(&String::from_utf8_lossy(&[&begun[..], &rest].concat()));
            lines.push(DifferingLine { line, side, text });
        }
    }
    Ok(lines)
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
    use rcrepro_store::memory::MemoryStore;

    fn shown(recorded: &[u8], found: &[u8]) -> Vec<String> {
        let store = MemoryStore::default();
        let [recorded, found] = [recorded, found].map(|bytes| store.put(bytes).expect("stored"));
        let lines = differing_lines(&store, recorded, found, 10).expect("read");
        lines.iter().map(|l| format!("{}{} {}", l.side, l.line, l.text)).collect()
    }

    #[test]
    fn differing_lines_carry_their_numbers() {
        assert_eq!(shown(b"a\nb\nc\n", b"a\nx\nc\nd\n"), ["-2 b", "+2 x", "+4 d"]);
        assert_eq!(shown(b"same", b"same"), Vec::<String>::new());
    }

    #[test]
    fn large_streams_are_read_to_the_first_difference() {
        let many = b"line\n".repeat(1 << 18);
        let with = |end: &[u8]| [&many[..], end].concat();
        assert_eq!(
            shown(&with(b"the old one\nx"), &with(b"the new one\ny")),
            ["-262145 the old one", "+262145 the new one"]
        );
        assert_eq!(shown(&with(b""), &with(b"more\n")), ["+262145 more"]);
        assert_eq!(shown(&with(b"x"), &with(b"x")), Vec::<String>::new());
    }
}
