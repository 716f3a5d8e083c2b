//! Which Go program an executable is: the main package that the Go toolchain wrote into it (`debug/buildinfo`).
//!
//! A file's name says little: a project may have a command `go` of its own. What is built from another main package is
//! another program.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use crate::programs::elf::{HEADER, half, word};

const SECTION: &[u8] = b".go.buildinfo";
const MAGIC: &[u8] = b"\xff Go buildinf:";
/// The strings are in the section itself, since Go 1.18.
const INLINE: u8 = 2;
const STRINGS_AT: usize = 32;
/// What is before and after the text of the build, so that it can be found in memory.
const SENTINEL: usize = 16;
/// The most sections, and bytes of one, that are looked at.
const SECTIONS: u64 = 1024;
const MOST: u64 = 1 << 20;

/// Whether an executable was built from a main package: this one, or one below it.
#[must_use]
pub fn is_built_from(file: &File, package: &str) -> bool {
    let main = section(file).ok().flatten().and_then(|bytes| main_package(&bytes));
    main.is_some_and(|main| {
        main.strip_prefix(package)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || package.ends_with('/'))
    })
}

/// Reads the section of an ELF file of this machine; `None` where it has none.
fn section(file: &File) -> io::Result<Option<Vec<u8>>> {
    let read = |at: u64, size: u64| {
        let mut bytes = vec![0; usize::try_from(size.min(MOST)).map_err(io::Error::other)?];
        file.read_exact_at(&mut bytes, at).map(|()| bytes)
    };
    let header = read(0, HEADER as u64)?;
    if !header.starts_with(b"\x7fELF\x02\x01") {
        return Ok(None);
    }
    let half = |at| u64::from(half(&header, at));
    let (table, size, count, names) = (word(&header, 0x28), half(0x3a), half(0x3c), half(0x3e));
    if size < HEADER as u64 || count > SECTIONS || names >= count {
        return Ok(None);
    }
    let table = read(table, size * count)?;
    let entries: Vec<&[u8]> = table.chunks_exact(usize::try_from(size).map_err(io::Error::other)?).collect();
    let Some(names) = entries.get(usize::try_from(names).map_err(io::Error::other)?) else { return Ok(None) };
    let names = read(word(names, 0x18), word(names, 0x20))?;
    let found = entries.iter().find(|entry| {
        let name = usize::try_from(word(entry, 0) & 0xffff_ffff).ok().and_then(|at| names.get(at..));
        name.is_some_and(|name| name.starts_with(SECTION) && name.get(SECTION.len()) == Some(&0))
    });
    found.map(|entry| read(word(entry, 0x18), word(entry, 0x20))).transpose()
}

/// Reads the main package from a section: two strings, each behind its length, the version and the text of the build.
fn main_package(section: &[u8]) -> Option<String> {
    if !section.starts_with(MAGIC) || section.get(15)? & INLINE == 0 {
        return None;
    }
    let (_version, rest) = string(section.get(STRINGS_AT..)?)?;
    let (build, _) = string(rest)?;
    let text = std::str::from_utf8(build.get(SENTINEL..build.len().checked_sub(SENTINEL)?)?).ok()?;
    text.lines().find_map(|line| line.strip_prefix("path\t")).map(str::to_owned)
}

/// Takes a string whose length is before it, in groups of seven bits.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0usize;
    for (index, &byte) in bytes.iter().enumerate().take(5) {
        length |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let rest = &bytes[index + 1..];
            return (length <= rest.len()).then(|| rest.split_at(length));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(text: &str) -> Vec<u8> {
        let mut bytes = [MAGIC, &[8, INLINE]].concat();
        bytes.resize(STRINGS_AT, 0);
        let build = [&[b'<'; SENTINEL][..], text.as_bytes(), &[b'>'; SENTINEL]].concat();
        for string in [&b"go1.26.8"[..], &build] {
            let length = string.len();
            bytes.extend([(length & 0x7f) as u8 | 0x80, (length >> 7) as u8]);
            bytes.extend_from_slice(string);
        }
        bytes
    }

    #[test]
    fn the_main_package_is_read() {
        let good = info("path\tcmd/go\nbuild\t-buildmode=exe\n");
        assert_eq!(main_package(&good).as_deref(), Some("cmd/go"));
        for end in 0..good.len() {
            assert_eq!(main_package(&good[..end]), None, "cut at {end}");
        }
        assert_eq!(main_package(&info("mod\texample.org/go\n")), None);
        assert_eq!(main_package(&[MAGIC, &[8, 0], &[0; 64]].concat()), None, "an older form");
    }

    #[test]
    fn what_is_no_go_program_has_none() {
        let own = File::open("/proc/self/exe").expect("one's own");
        assert!(section(&own).expect("readable").is_none() && !is_built_from(&own, "cmd/go"));
        let text = File::open("/proc/self/cmdline").expect("one's own");
        assert!(!is_built_from(&text, "cmd/go"));
    }
}
