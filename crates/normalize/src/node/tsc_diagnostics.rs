//! The figures that `tsc --diagnostics` and `--extendedDiagnostics` print last: times and memory.
//!
//! Shapes from TypeScript 5.9 and recorded runs. Without these options tsc prints the same bytes each time. The figures
//! are in two columns, padded to the widest figure, so one time with a digit more moves every line of the table:
//! the padding goes too. The counts (files, lines, symbols, types, cache sizes) stay.

use crate::normalizer::Normalizer;
use crate::syntax::token::{ELAPSED, digits_at_end, seconds};

/// The normalizer `tsc-diagnostics`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "tsc-diagnostics", version: 1, rules: RULES, apply };

const RULES: &str = r#"The table is the longest run of lines, up to the end of the stream, of which each fits row; its first row must be labelled
"Files" and its last one "Total time", else the stream stays. In a row the spaces before FIGURE become one space, SECONDS
becomes "<elapsed>", and KILOBYTES becomes "<memory>". The lines above the table stay. Nothing is dropped, added or moved.
row       = LABEL ":" SPACE { SPACE } FIGURE
FIGURE    = SECONDS | KILOBYTES | DIGITS
SECONDS   = DIGITS "." 2 DIGIT "s"
KILOBYTES = DIGITS "K"                                  ; only where LABEL is "Memory used"
LABEL     = one or more ASCII letters, spaces or "/"
"#;

const MEMORY: &[u8] = b"<memory>";

fn apply(stream: &[u8]) -> Vec<u8> {
    let lines: Vec<&[u8]> = stream.split_inclusive(|&byte| byte == b'\n').collect();
    let rows: Vec<Row<'_>> = lines.iter().rev().map_while(|line| Row::read(line)).collect();
    let framed = rows.first().is_some_and(|last| last.label == b"Total time")
        && rows.last().is_some_and(|first| first.label == b"Files");
    if !framed {
        return stream.to_vec();
    }
    let mut out = lines[..lines.len() - rows.len()].concat();
    for Row { label, figure, end } in rows.iter().rev() {
        for piece in [label, &b": "[..], figure, end] {
            out.extend_from_slice(piece);
        }
    }
    out
}

/// A line of the table.
struct Row<'a> {
    label: &'a [u8],
    /// The row in the canonical table.
    figure: &'a [u8],
    /// The line feed, where there is one.
    end: &'a [u8],
}

impl<'a> Row<'a> {
    fn read(line: &'a [u8]) -> Option<Self> {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let colon = text.iter().position(|byte| *byte == b':')?;
        let (label, padded) = (&text[..colon], text[colon + 1..].strip_prefix(b" ")?);
        let figure = &padded[padded.iter().take_while(|byte| **byte == b' ').count()..];
        let labelled = !label.is_empty() && label.iter().all(|byte| byte.is_ascii_alphabetic() || b" /".contains(byte));
        let memory = figure == MEMORY || figure.strip_suffix(b"K").and_then(digits_at_end) == Some(b"");
        let figure = if seconds(figure, 2) == Some(b"") {
            ELAPSED
        } else if memory && label == b"Memory used" {
            MEMORY
        } else if digits_at_end(figure) == Some(b"") {
            figure
        } else {
            return None;
        };
        labelled.then(|| Self { label, figure, end: &line[text.len()..] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(raw: &str) -> String {
        String::from_utf8(apply(raw.as_bytes())).expect("text in, text out")
    }

    #[test]
    fn the_table_loses_times_memory_and_padding() {
        let raw = "a.ts(1,14): error TS2322: Type: 0.12s\nFiles:           160\nMemory used: 103907K\nI/O read:      0.03s\nTotal time:   12.11s\n";
        let expected = "a.ts(1,14): error TS2322: Type: 0.12s\nFiles: 160\nMemory used: <memory>\nI/O read: <elapsed>\nTotal time: <elapsed>\n";
        assert_eq!(canonical(raw), expected);
        assert_eq!(canonical(expected), expected);
    }

    #[test]
    fn what_is_no_table_stays() {
        for raw in [
            "Files:  160\nTotal time:  2.11s\nand more\n",
            "Lines:  160\nTotal time:  2.11s\n",
            "Files:  160\nCheck time:  2.11s\n",
            "Files:  160\nTypes:  9K\nTotal time:  2.11s\n",
            "Files:  160\nodd\nTotal time:  2.11s\n",
            "Files:  160\nTotal time:  2.111s\n",
            "Files:160\nTotal time:  2.11s\n",
            "",
        ] {
            assert_eq!(canonical(raw), raw);
        }
        assert_eq!(apply(b"\xff\nFiles:  1\nTotal time: 0.10s"), b"\xff\nFiles: 1\nTotal time: <elapsed>");
    }
}
