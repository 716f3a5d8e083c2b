//! The order of a directory's entries, changed within one read. Pure but for [`serve`].
//!
//! Each entry keeps the position that follows it in the file system's own order only when it is the last of the read;
//! the positions of the others are of use to `seekdir` alone, and lead to the end of the read.

use std::fs::OpenOptions;
use std::io::{self, Seek as _, SeekFrom};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt as _;

use crate::mixing::mix;
use crate::options::Order;
use crate::process::{Memory, thread_group};
use crate::sys::{self, Notification};

/// Where the parts of a `linux_dirent64` are: position, length, name.
const POSITION: usize = 8;
const LENGTH: usize = 16;
const NAME: usize = 19;
/// The most that is read at once, in bytes; programs ask for 32 KiB as a rule, Go for 8.
const MOST: u64 = 1 << 20;

/// Reads a directory in place of a process, in the wanted order; gives what the call returns.
///
/// # Errors
/// What the system says when the directory cannot be had or the entries not written.
pub fn serve(listener: &OwnedFd, call: &Notification, order: Order) -> io::Result<i64> {
    let [descriptor, address, size, ..] = call.arguments;
    let process = thread_group(call.pid).unwrap_or(call.pid);
    let memory = Memory::open(call.pid)?;
    let mut buffer = vec![0; usize::try_from(size.min(MOST)).map_err(io::Error::other)?];
    // Docker's own seccomp profile refuses the first way.
    let borrowed = sys::borrow_descriptor(i32::try_from(process).map_err(io::Error::other)?, descriptor);
    let (directory, own) = match borrowed {
        Ok(directory) => (directory, None),
        Err(_) => {
            let Reopened { directory, close_on_exec } = reopen(process, descriptor)?;
            (directory, Some(close_on_exec))
        }
    };
    let read = sys::read_directory(&directory, &mut buffer);
    if let Ok(length) = usize::try_from(read) {
        arrange(&mut buffer[..length], order);
        if memory.write(address, &buffer[..length]).is_err() {
            return Ok(-i64::from(libc::EFAULT));
        }
        // The place in the directory is that of the descriptor of our own: the process goes on with this one.
        if let Some(close_on_exec) = own.filter(|_| length > 0) {
            sys::replace_descriptor(listener, call.id, &directory, descriptor, close_on_exec)?;
        }
    }
    Ok(read)
}

/// A directory of another process, opened anew at the same place.
struct Reopened {
    directory: OwnedFd,
    close_on_exec: bool,
}

/// Opens what a descriptor of another process leads to. What a second opening would not be the same as is refused: a
/// descriptor that only names its file, and one with a lock.
fn reopen(process: u32, descriptor: u64) -> io::Result<Reopened> {
    let info = std::fs::read_to_string(format!("/proc/{process}/fdinfo/{descriptor}"))?;
    let (position, flags) = place(&info).ok_or(io::ErrorKind::Unsupported)?;
    let mut directory = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_DIRECTORY)
        .open(format!("/proc/{process}/fd/{descriptor}"))?;
    directory.seek(SeekFrom::Start(position))?;
    Ok(Reopened { directory: directory.into(), close_on_exec: flags & libc::O_CLOEXEC != 0 })
}

/// Reads the place and the flags of a descriptor that may be opened anew.
fn place(info: &str) -> Option<(u64, i32)> {
    let field = |name| info.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let flags = i32::from_str_radix(field("flags:")?, 8).ok()?;
    let position = field("pos:")?.parse().ok()?;
    (flags & libc::O_PATH == 0 && field("lock:").is_none()).then_some((position, flags))
}

/// Puts the entries of one read in order. Bytes that are not whole entries stay as they are.
pub fn arrange(buffer: &mut [u8], order: Order) {
    let Some(mut entries) = split(buffer) else { return };
    let Some(last) = entries.last().map(|entry| entry[POSITION..LENGTH].to_vec()) else { return };
    match order {
        Order::Sorted => entries.sort_by(|a, b| name(a).cmp(name(b))),
        Order::Shuffled(seed) => entries.sort_by_key(|entry| mix(seed, name(entry))),
    }
    let mut arranged = Vec::with_capacity(buffer.len());
    for entry in entries {
        let begin = arranged.len();
        arranged.extend_from_slice(entry);
        arranged[begin + POSITION..begin + LENGTH].copy_from_slice(&last);
    }
    buffer.copy_from_slice(&arranged);
}

fn split(buffer: &[u8]) -> Option<Vec<&[u8]>> {
    let (mut entries, mut rest) = (Vec::new(), buffer);
    while !rest.is_empty() {
        let length = usize::from(u16::from_le_bytes(rest.get(LENGTH..LENGTH + 2)?.try_into().ok()?));
        if length <= NAME || length > rest.len() {
            return None;
        }
        let (entry, further) = rest.split_at(length);
        entries.push(entry);
        rest = further;
    }
    Some(entries)
}

fn name(entry: &[u8]) -> &[u8] {
    let name = &entry[NAME..];
    &name[..name.iter().position(|&byte| byte == 0).unwrap_or(name.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(position: u64, text: &str) -> Vec<u8> {
        let length = (NAME + text.len() + 1).next_multiple_of(8);
        let mut bytes = vec![0; length];
        bytes[POSITION..LENGTH].copy_from_slice(&position.to_le_bytes());
        bytes[LENGTH..LENGTH + 2].copy_from_slice(&u16::try_from(length).expect("short").to_le_bytes());
        bytes[NAME..NAME + text.len()].copy_from_slice(text.as_bytes());
        bytes
    }

    fn names(buffer: &[u8]) -> Vec<String> {
        let entries = split(buffer).expect("whole entries");
        entries.iter().map(|entry| String::from_utf8_lossy(name(entry)).into_owned()).collect()
    }

    #[test]
    fn entries_are_sorted_and_lead_to_the_end_of_the_read() {
        let mut buffer = [entry(5, "b"), entry(9, "a-long-name"), entry(77, "..")].concat();
        arrange(&mut buffer, Order::Sorted);
        assert_eq!(names(&buffer), ["..", "a-long-name", "b"]);
        for entry in split(&buffer).expect("whole") {
            assert_eq!(entry[POSITION..LENGTH], 77u64.to_le_bytes());
        }
    }

    #[test]
    fn seeds_shuffle_and_nothing_is_lost() {
        let buffer: Vec<u8> = (0..20).flat_map(|n| entry(n, &format!("name{n}"))).collect();
        let shuffled = |seed| {
            let mut buffer = buffer.clone();
            arrange(&mut buffer, Order::Shuffled(seed));
            names(&buffer)
        };
        assert_eq!(shuffled(1), shuffled(1));
        assert_ne!(shuffled(1), shuffled(2));
        let mut sorted = shuffled(1);
        sorted.sort();
        let mut all = names(&buffer);
        all.sort();
        assert_eq!(sorted, all);
    }

    #[test]
    fn a_descriptor_is_opened_anew_where_that_makes_no_difference() {
        assert_eq!(place("pos:\t77\nflags:\t02200000\nmnt_id:\t5\n"), Some((77, 0o2_200_000)));
        assert_eq!(place("pos:\t0\nflags:\t012200000\n"), None, "O_PATH");
        assert_eq!(place("pos:\t0\nflags:\t0200000\nlock:\t1: FLOCK\n"), None);
        assert_eq!(place("flags:\t0200000\n"), None);
    }

    #[test]
    fn what_is_no_entry_stays() {
        for damaged in [vec![1; 10], vec![0; 24], [entry(1, "a"), vec![3]].concat()] {
            let mut buffer = damaged.clone();
            arrange(&mut buffer, Order::Sorted);
            assert_eq!(buffer, damaged);
        }
    }
}
