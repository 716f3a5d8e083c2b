//! The modules that a Go program says it was compiled from.
//!
//! Source: Go's `debug/buildinfo`: a header of 32 bytes, at a multiple of 16, that begins with `\xff Go buildinf:`; since Go 1.18 two
//! strings follow, each after its length as a varint: the version of Go, and the modules between two marks of 16 bytes.

use std::io::{self, Read};
use std::sync::LazyLock;

use regex::bytes::Regex;

use rcrepro_model::image::purl::Purl;

/// How much of a program is searched at once, a multiple of [`ALIGNED`].
const PIECE: usize = 1 << 20;
/// The longest information that is read.
const LONGEST: usize = 1 << 20;
/// Where headers may begin.
const ALIGNED: usize = 16;
/// The header's length.
const HEADER: usize = 32;
/// The flag of information that follows its header.
const INLINE: u8 = 2;
/// The length of the mark before and after the modules.
const MARK: usize = 16;

static MAGIC: LazyLock<Regex> = LazyLock::new(|| constant(r"(?-u)\xff Go buildinf:"));

/// Compiles a pattern of this file.
#[expect(clippy::expect_used, reason = "the patterns are constants, and the tests of this file use each")]
fn constant(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a constant pattern")
}

/// Lists the modules of a program, with Go itself; none for any other file.
///
/// # Errors
/// As the reader gives them.
pub(super) fn modules(reader: &mut dyn Read) -> io::Result<Vec<Purl>> {
    let mut buffer = Vec::new();
    reader.take(4).read_to_end(&mut buffer)?;
    if buffer != b"\x7fELF" {
        return Ok(Vec::new());
    }
    loop {
        let read = reader.take(PIECE as u64).read_to_end(&mut buffer)?;
        // What begins too late to be whole is looked at again with what follows.
        let whole = if read == 0 { buffer.len() } else { buffer.len().saturating_sub(HEADER + LONGEST) };
        for at in MAGIC.find_iter(&buffer).map(|found| found.start()).filter(|at| at % ALIGNED == 0 && *at < whole) {
            if let Some(text) = information(&buffer[at..]) {
                return Ok(text);
            }
        }
        if read == 0 {
            return Ok(Vec::new());
        }
        buffer.drain(..whole / ALIGNED * ALIGNED);
    }
}

/// Reads the two strings behind a header; none where there are none, as in a program that only knows the magic.
fn information(bytes: &[u8]) -> Option<Vec<Purl>> {
    (bytes.get(15)? & INLINE != 0).then_some(())?;
    let (version, rest) = string(bytes.get(HEADER..)?)?;
    let version = std::str::from_utf8(version).ok()?.strip_prefix("go")?;
    let version = version.split_whitespace().next()?;
    let marked = string(rest).map(|(text, _)| text).unwrap_or_default();
    let text = marked.get(MARK..marked.len().saturating_sub(MARK)).unwrap_or_default();
    let mut all = vec![Purl::go("stdlib", version)];
    all.extend(named(&String::from_utf8_lossy(text)));
    Some(all)
}

/// Takes a string behind its length.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mut length, mut shift) = (0_usize, 0);
    for (index, byte) in bytes.iter().take(4).enumerate() {
        length |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            let rest = bytes.get(index + 1..)?;
            return (length <= LONGEST).then(|| rest.split_at_checked(length)).flatten();
        }
    }
    None
}

/// Lists the modules of lines such as `dep TAB PATH TAB VERSION TAB SUM`; `=>` replaces the one before. The main module of a program
/// that was compiled in its own repository has no version.
fn named(text: &str) -> Vec<Purl> {
    let mut all: Vec<(&str, &str)> = Vec::new();
    for line in text.lines() {
        let mut words = line.split('\t');
        match (words.next(), words.next(), words.next()) {
            (Some("mod" | "dep"), Some(path), Some(version)) => all.push((path, version)),
            (Some("=>"), Some(path), Some(version)) => {
                all.pop();
                all.push((path, version));
            }
            _ => {}
        }
    }
    all.retain(|(path, version)| !path.is_empty() && version.starts_with('v'));
    all.into_iter().map(|(path, version)| Purl::go(path, version)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a program whose information begins at a place.
    fn program(at: usize, modules: &str) -> Vec<u8> {
        let mut bytes = b"\x7fELF".to_vec();
        // A string that only looks like a header lies before it.
        bytes.extend_from_slice(&[0; 28]);
        bytes.extend_from_slice(b"\xff Go buildinf:no header");
        bytes.resize(at, 0);
        bytes.extend_from_slice(b"\xff Go buildinf:\x08\x02");
        bytes.resize(at + HEADER, 0);
        let marked = format!("{}{modules}{}", "m".repeat(MARK), "m".repeat(MARK));
        for text in ["go1.26.5", &marked] {
            let (low, high) =
                (u8::try_from(text.len() % 128).expect("7 bits"), u8::try_from(text.len() / 128).expect("7 bits"));
            bytes.extend(if high == 0 { vec![low] } else { vec![low | 0x80, high] });
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes
    }

    fn found(bytes: &[u8]) -> Vec<String> {
        modules(&mut &*bytes).expect("read").into_iter().map(|purl| purl.to_string()).collect()
    }

    #[test]
    fn a_go_program_says_its_modules_wherever_they_lie() {
        let text = "path\texample.com/app\nmod\texample.com/app\t(devel)\t\ndep\texample.com/a\tv1.0.0\th1:x=\n\
                    dep\texample.com/b\tv1.0.0\th1:y=\n=>\texample.com/c\tv2.0.0+incompatible\th1:z=\nbuild\t-compiler=gc\n";
        let expected = [
            "pkg:golang/stdlib@1.26.5",
            "pkg:golang/example.com/a@v1.0.0",
            "pkg:golang/example.com/c@v2.0.0%2Bincompatible",
        ];
        for at in [96, PIECE - 16, PIECE, PIECE + 16, 3 * PIECE] {
            assert_eq!(found(&program(at, text)), expected, "at {at}");
            let longer = [program(at, text), vec![0; 2 * PIECE + 5]].concat();
            assert_eq!(found(&longer), expected, "at {at}, with more behind it");
        }
        assert_eq!(found(&program(104, text)), Vec::<String>::new(), "no header begins there");
    }

    #[test]
    fn what_is_no_go_program_or_is_cut_has_no_modules() {
        assert_eq!(found(b"#!/bin/sh\n\xff Go buildinf:\x08\x02"), Vec::<String>::new());
        let whole = program(96, "dep\texample.com/a\tv1.0.0\n");
        for length in 0..whole.len() {
            assert!(found(&whole[..length]).len() <= 1, "{length}");
        }
        assert_eq!(found(&[]), Vec::<String>::new());
    }
}
