//! What a program consists of: the code of its executable and of its libraries, and the room behind each.

use crate::process::Memory;
use crate::programs::elf::{HEADER, half, word};

const PAGE: u64 = 4096;
/// The size of a segment's entry in an ELF file of 64 bits, and the most of them that are looked at.
const SEGMENT: usize = 56;
const SEGMENTS: usize = 64;
const LOADED: u32 = 1;
const EXECUTABLE: u32 = 1;
/// How far a branch of 32 bits reaches, with room to spare for the length of the code at either end.
const REACH: u64 = (1 << 31) - (256 << 20);

/// Which file it is, and where in it the mapping begins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileId {
    device: String,
    inode: u64,
    offset: u64,
}

/// A piece of code that a file was mapped for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    pub file: FileId,
    /// Where its code begins.
    pub text: u64,
    pub length: u64,
    pub room: Room,
}

/// Memory that may be executed and that nothing uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    begin: u64,
    end: u64,
}

impl Room {
    /// Takes so many bytes if they are there and `near` enough for a branch; gives where they begin.
    pub fn take(&mut self, size: usize, near: u64) -> Option<u64> {
        let begin = self.begin;
        let end = begin.checked_add(size as u64).filter(|end| *end <= self.end && begin.abs_diff(near) < REACH)?;
        self.begin = end.next_multiple_of(16);
        Some(begin)
    }
}

/// A line of `/proc/PID/maps`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mapping<'a> {
    begin: u64,
    end: u64,
    mode: &'a str,
    file: FileId,
}

/// Lists the pieces of code that files were mapped for.
pub fn of(maps: &str, memory: &Memory) -> Vec<Module> {
    let mappings: Vec<Mapping<'_>> = maps.lines().filter_map(mapping).collect();
    let is_first = |of: &FileId, mapping: &&Mapping<'_>| {
        mapping.file == FileId { offset: 0, ..of.clone() } && mapping.mode.starts_with('r')
    };
    let code = mappings.iter().filter(|mapping| mapping.mode == "r-xp" && mapping.file.inode != 0);
    let found = code.filter_map(|mapping| {
        let first = mappings.iter().rfind(|other| is_first(&mapping.file, other) && other.begin <= mapping.begin)?;
        let mut head = vec![0; HEADER + SEGMENTS * SEGMENT];
        memory.read(first.begin, &mut head).ok()?;
        module(mapping, &head)
    });
    found.collect()
}

fn mapping(line: &str) -> Option<Mapping<'_>> {
    let mut fields = line.split_ascii_whitespace();
    let (begin, end) = fields.next()?.split_once('-')?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    let (begin, end, mode) = (number(begin)?, number(end)?, fields.next()?);
    let offset = number(fields.next()?)?;
    let (device, inode) = (fields.next()?.to_owned(), fields.next()?.parse().ok()?);
    Some(Mapping { begin, end, mode, file: FileId { device, inode, offset } })
}

/// Finds where a mapping's code ends, by the headers of its file.
fn module(mapping: &Mapping<'_>, head: &[u8]) -> Option<Module> {
    if !head.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let table = usize::try_from(word(head, 32)).ok()?;
    let segment =
        (0..usize::from(half(head, 56)).min(SEGMENTS)).map(|n| table.saturating_add(n * SEGMENT)).find(|at| {
            let (kind, flags) = (low(head, *at), low(head, *at + 4));
            kind == LOADED && flags & EXECUTABLE != 0 && word(head, *at + 8) & !(PAGE - 1) == mapping.file.offset
        })?;
    let before = word(head, segment + 8) % PAGE;
    let size = word(head, segment + 32).max(word(head, segment + 40));
    let (text, end) = (mapping.begin + before, mapping.begin.checked_add(before)?.checked_add(size)?);
    let room = Room { begin: end.next_multiple_of(16).min(mapping.end), end: mapping.end };
    (end <= mapping.end).then(|| Module { file: mapping.file.clone(), text, length: size, room })
}

fn low(bytes: &[u8], at: usize) -> u32 {
    (word(bytes, at) & 0xffff_ffff) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ones_own_code_is_found_with_the_room_behind_it() {
        let memory = Memory::open(std::process::id()).expect("one's own");
        let maps = std::fs::read_to_string("/proc/self/maps").expect("one's own");
        let modules = of(&maps, &memory);
        let here = of as *const () as u64;
        let own = modules.iter().find(|module| (module.text..module.text + module.length).contains(&here));
        let own = own.unwrap_or_else(|| panic!("{here:#x} is in none of {modules:?}"));
        assert!(own.room.begin >= own.text + own.length && own.room.end.is_multiple_of(PAGE), "{own:?}");
        assert!(own.room.end - own.room.begin < PAGE);
    }

    #[test]
    fn room_is_given_once_and_within_reach() {
        let mut room = Room { begin: 0x1000, end: 0x1100 };
        assert_eq!(room.take(0x101, 0), None);
        assert_eq!((room.take(5, 0), room.take(16, 0)), (Some(0x1000), Some(0x1010)));
        assert_eq!(room.take(16, 1 << 40), None, "too far away");
        assert_eq!((room.take(0xe0, 0), room.take(1, 0)), (Some(0x1020), None));
    }

    #[test]
    fn lines_of_other_kinds_are_passed_over() {
        assert!(mapping("7ffc-7ffd r-xp 00000000 00:00 0 [vdso]").is_some_and(|mapping| mapping.file.inode == 0));
        assert_eq!(mapping("nothing"), None);
        let line = "7f00-7f10 r-xp 00026000 fe:01 77 /lib/a file";
        let found = mapping(line).expect("a line");
        assert_eq!((found.begin, found.mode, found.file.offset, found.file.inode), (0x7f00, "r-xp", 0x26000, 77));
        assert_eq!(module(&found, &[0; 64]), None);
    }
}
