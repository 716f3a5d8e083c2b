//! What `-v` prints on stdout: the order of the findings.

use crate::normalizer::Normalizer;

/// The normalizer `gitleaks-verbose`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "gitleaks-verbose", version: 1, rules: RULES, apply };

const RULES: &str = r#"The stream must end with an empty line; else every byte stays. The head is what stands before the first line that begins
with "Finding:"; each such line that is the first, or stands behind an empty line, begins a block.
Blocks are sorted (bytes). Nothing is dropped or changed.
"#;

fn apply(stream: &[u8]) -> Vec<u8> {
    if !stream.ends_with(b"\n\n") {
        return stream.to_vec();
    }
    let lines: Vec<&[u8]> = stream.split_inclusive(|&byte| byte == b'\n').collect();
    let begins = |at: usize| lines[at].starts_with(b"Finding:");
    let first = (0..lines.len()).find(|&at| begins(at)).unwrap_or(lines.len());
    let mut blocks: Vec<Vec<u8>> = Vec::new();
    for at in first..lines.len() {
        match blocks.last_mut() {
            Some(block) if !(begins(at) && lines[at - 1] == b"\n") => block.extend_from_slice(lines[at]),
            _ => blocks.push(lines[at].to_vec()),
        }
    }
    // A block in the middle ends with its empty line, and so does the last: any of them can stand anywhere.
    blocks.sort_unstable();
    [lines[..first].concat(), blocks.concat()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_sorted_and_the_head_stays() {
        let raw = b"head\nFinding: b\nFinding: inside\nFile: 2\n\nFinding: a\n\n";
        assert_eq!(apply(raw), b"head\nFinding: a\n\nFinding: b\nFinding: inside\nFile: 2\n\n");
        for stream in [&b""[..], b"Finding: b\n\nFinding: a\n", b"b\n\na\n\n"] {
            assert_eq!(apply(stream), stream);
        }
    }
}
