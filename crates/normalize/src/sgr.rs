//! Colours, which some tools print even into a pipe: vitest 4 does.
//!
//! Meant to be named before a tool's own normalizer, whose grammar knows no colours: `["sgr", "vitest"]`.

use crate::normalizer::Normalizer;

/// The normalizer `sgr`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "sgr", version: 1, rules: RULES, apply };

const RULES: &str = r#"Every SGR is dropped, and again as long as what is left holds one. Nothing else changes.
SGR = U+001B "[" { DIGIT | ";" } "m"
"#;

/// Looks back from each `m`, so that two halves that meet where a sequence was dropped are seen in the same pass.
fn apply(stream: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(stream.len());
    for byte in stream {
        match Some(*byte).filter(|byte| *byte == b'm').and_then(|_| sequence_at_end(&out)) {
            Some(before) => out.truncate(before),
            None => out.push(*byte),
        }
    }
    out
}

/// Finds where the text begins that an `m` would make a sequence of.
fn sequence_at_end(text: &[u8]) -> Option<usize> {
    let parameters = text.iter().rev().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
    let before = text[..text.len() - parameters].strip_suffix(b"\x1b[")?;
    Some(before.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_go_and_other_sequences_stay() {
        assert_eq!(apply(b"\x1b[1m\x1b[38;5;9mred\x1b[m\x1b[0m 12ms"), b"red 12ms");
        for kept in [&b"\x1b[2Ktransforming"[..], b"\x1b[31", b"\x1b]0;title\x07", b"[31m"] {
            assert_eq!(apply(kept), kept);
        }
        assert_eq!(apply(b"\x1b[\x1b[31m0mx"), b"x");
    }

    #[test]
    fn nested_sequences_go_in_one_pass() {
        let deep = [b"\x1b[".repeat(2_000_000), b"m".repeat(2_000_000), b"x".to_vec()].concat();
        assert_eq!(apply(&deep), b"x");
    }
}
