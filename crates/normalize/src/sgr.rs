//! Colours, which some tools print even into a pipe: vitest 4 does.
//!
//! Meant to be named before a tool's own normalizer, whose grammar knows no colours: `["sgr", "vitest"]`.

use crate::normalizer::Normalizer;
use crate::syntax::sgr::sequence;

/// The normalizer `sgr`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "sgr", version: 1, rules: RULES, apply };

const RULES: &str = r#"Every SGR is dropped, and again as long as what is left holds one. Nothing else changes.
SGR = U+001B "[" { DIGIT | ";" } "m"
"#;

fn apply(stream: &[u8]) -> Vec<u8> {
    let mut text = stream.to_vec();
    loop {
        let out = without(&text);
        // Two halves of a sequence can meet where one between them was dropped.
        if out.len() == text.len() {
            return out;
        }
        text = out;
    }
}

fn without(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(escape) = rest.iter().position(|byte| *byte == 0x1b) {
        out.extend_from_slice(&rest[..escape]);
        rest = &rest[escape..];
        if let Some(after) = sequence(rest) {
            rest = after;
        } else {
            out.push(0x1b);
            rest = &rest[1..];
        }
    }
    out.extend_from_slice(rest);
    out
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
}
