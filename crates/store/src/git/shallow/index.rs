//! The index: what git compares a working copy with before it reads a file.
//!
//! Source: gitformat-index(5). Version 3 where an entry has the mark *skip-worktree*, and 2 elsewhere, as git writes them. Of the stat
//! data there are the time that every file of the inputs has, and the size; `core.checkStat` has git ask for no more. As the index
//! has that same time, git reads a file before it takes it for unchanged, which one of the same size could feign.

use std::collections::BTreeMap;

use gix::ObjectId;
use gix::objs::tree::EntryKind;

use rcrepro_model::execution::world::INPUT_MTIME;

/// A tracked path.
pub(super) struct IndexEntry {
    pub(super) path: String,
    pub(super) id: ObjectId,
    pub(super) kind: EntryKind,
    /// Whether the source has it.
    pub(super) is_there: bool,
}

/// The bit by which an entry has a second word of flags.
const EXTENDED: u16 = 0x4000;
/// The bit of that word by which git takes a path for there.
const SKIP_WORKTREE: u16 = 0x4000;
/// The longest path whose length the flags hold.
const LENGTH: usize = 0xfff;

/// Writes the index of entries that are sorted by path.
pub(super) fn encode(entries: &[IndexEntry], sizes: &BTreeMap<ObjectId, u64>) -> Vec<u8> {
    let version: u32 = if entries.iter().all(|entry| entry.is_there) { 2 } else { 3 };
    let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    let mut bytes = [b"DIRC".as_slice(), &version.to_be_bytes(), &count.to_be_bytes()].concat();
    for entry in entries {
        let start = bytes.len();
        let (time, size) = match entry.is_there {
            // git keeps the low half of a size.
            true => (INPUT_MTIME as u32, sizes.get(&entry.id).copied().unwrap_or_default() as u32),
            false => (0, 0),
        };
        let mode: u32 = match entry.kind {
            EntryKind::Tree => 0o040_000,
            EntryKind::Blob => 0o100_644,
            EntryKind::BlobExecutable => 0o100_755,
            EntryKind::Link => 0o120_000,
            EntryKind::Commit => 0o160_000,
        };
        // Time of the status in seconds and nanoseconds, of the content likewise, device, inode, mode, user, group, size.
        for word in [0, 0, time, 0, 0, 0, mode, 0, 0, size] {
            bytes.extend(word.to_be_bytes());
        }
        bytes.extend(entry.id.as_slice());
        let length = u16::try_from(entry.path.len().min(LENGTH)).unwrap_or_default();
        if entry.is_there {
            bytes.extend(length.to_be_bytes());
        } else {
            bytes.extend((length | EXTENDED).to_be_bytes());
            bytes.extend(SKIP_WORKTREE.to_be_bytes());
        }
        bytes.extend(entry.path.as_bytes());
        // One to eight zeros, up to a multiple of eight.
        let padded = (bytes.len() - start + 8) / 8 * 8;
        bytes.resize(start + padded, 0);
    }
    bytes
}
