//! Times of files on the command's own clock: what a program writes now must not lie years in its future.
//!
//! The kernel stamps files with the machine's time, and a wall clock that started at another time has nothing to do with
//! it. So a call that asks for a file's times is made by this process first. Where all of them are older than the command's
//! beginning on either clock, which is most of the time, the kernel answers by itself; otherwise the answer is ours: the
//! same, with those times moved to the command's clock. Times that a program sets are moved the other way, so that it reads
//! what it has set.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStringExt as _;

use crate::clocks::wall::CommandClock;
use crate::process::read_path;
use crate::sys::{self, Notification, SystemCallAnswer, calls};

/// `struct stat` of 64-bit machines, and where its three times are: seconds and nanoseconds, a word each.
const STAT: usize = 144;
const STAT_TIMES: [usize; 3] = [72, 88, 104];
/// `struct statx`, and where its four times are: seconds in a word, nanoseconds in half of one.
const STATX: usize = 256;
const STATX_TIMES: [usize; 4] = [64, 80, 96, 112];
/// Folders in which a name means another file for each process.
const DEPENDS: [&[u8]; 3] = [b"/proc/", b"/dev/fd", b"/dev/std"];
/// Where the modes are.
const STAT_MODE: usize = if cfg!(target_arch = "x86_64") { 24 } else { 16 };
const STATX_MODE: usize = 28;

/// Whether a call asks for the times of a file.
#[must_use]
pub fn is_about(number: u32) -> bool {
    [calls::NEWFSTATAT, calls::FSTAT, calls::STATX, calls::UTIMENSAT].contains(&number)
        || [calls::STAT, calls::LSTAT].contains(&Some(number))
}

/// A call that asks for a file: which one, and where the answer goes.
struct Question {
    directory: i32,
    /// Where its path is in the caller's memory; `None` for the descriptor itself.
    path: Option<u64>,
    flags: i32,
    answer: u64,
    /// What `statx` is asked for.
    mask: Option<u32>,
}

impl Question {
    fn of(call: &Notification) -> Self {
        let [first, second, third, fourth, fifth, _] = call.arguments;
        let number = call.call.cast_unsigned();
        let low = |word: u64| (word & 0xffff_ffff) as u32;
        let int = |word| low(word).cast_signed();
        let plain = |flags| Self { directory: libc::AT_FDCWD, path: Some(first), flags, answer: second, mask: None };
        match number {
            calls::FSTAT => Self { directory: int(first), path: None, flags: 0, answer: second, mask: None },
            calls::NEWFSTATAT => {
                Self { directory: int(first), path: Some(second), flags: int(fourth), answer: third, mask: None }
            }
            calls::UTIMENSAT => {
                let path = (second != 0).then_some(second);
                Self { directory: int(first), path, flags: int(fourth), answer: third, mask: None }
            }
            calls::STATX => {
                let mask = Some(low(fourth));
                Self { directory: int(first), path: Some(second), flags: int(third), answer: fifth, mask }
            }
            number if calls::LSTAT == Some(number) => plain(libc::AT_SYMLINK_NOFOLLOW),
            _ => plain(0),
        }
    }

    /// Returns the path by which this process finds the file, and the flags; `None` where the kernel had better look itself.
    fn place(&self, pid: u32) -> io::Result<Option<(CString, i32)>> {
        let path = match self.path {
            Some(0) | None => Vec::new(),
            Some(address) => match read_path(pid, address)? {
                Some(path) => path,
                None => return Ok(None),
            },
        };
        let itself = self.path.is_none() || self.flags & libc::AT_EMPTY_PATH != 0;
        let flags = self.flags & !libc::AT_EMPTY_PATH;
        let folder = match self.directory {
            // For a descriptor there is no number.
            libc::AT_FDCWD if self.path.is_some() => format!("/proc/{pid}/cwd"),
            descriptor => format!("/proc/{pid}/fd/{descriptor}"),
        };
        let (path, flags) = match path.as_slice() {
            // The last part is the descriptor's link, which has to be followed.
            [] if itself => (folder.into_bytes(), flags & !libc::AT_SYMLINK_NOFOLLOW),
            [] => return Ok(None),
            // What these lead to depends on who asks.
            [b'/', ..] if DEPENDS.iter().any(|own| path.starts_with(own)) => return Ok(None),
            [b'/', ..] => (path, flags),
            _ => ([folder.as_bytes(), b"/", &path].concat(), flags),
        };
        Ok(CString::new(std::ffi::OsString::from_vec(path).into_encoded_bytes()).ok().map(|path| (path, flags)))
    }
}

/// Answers a call that asks for the times of a file.
///
/// # Errors
/// What the system says when the caller may not be looked into.
pub fn serve(call: &Notification, clock: &CommandClock) -> io::Result<SystemCallAnswer> {
    let question = Question::of(call);
    if call.call.cast_unsigned() == calls::UTIMENSAT {
        return set(call.pid, &question, clock);
    }
    let Some((path, flags)) = question.place(call.pid)? else { return Ok(SystemCallAnswer::Kernel) };
    let mut answer = [0; STATX];
    let size = match question.mask {
        None => sys::stat(&path, flags, &mut answer[..STAT]).map(|()| STAT),
        Some(mask) => sys::statx(&path, flags, mask, &mut answer).map(|()| STATX),
    };
    // A file that is not there, or not for us, is the kernel's to tell.
    let Ok(size) = size else { return Ok(SystemCallAnswer::Kernel) };
    let answer = &mut answer[..size];
    let moved = is_kept(answer, question.mask.is_some()) && translate(answer, question.mask.is_some(), clock);
    // Where the program itself may not write, the kernel says so.
    if !moved || sys::poke(call.pid, question.answer, answer).is_err() {
        return Ok(SystemCallAnswer::Kernel);
    }
    Ok(SystemCallAnswer::Value(0))
}

/// Sets the times of a file for a program: those that are on its clock are moved to the machine's.
fn set(pid: u32, question: &Question, clock: &CommandClock) -> io::Result<SystemCallAnswer> {
    let mut bytes = [0; 32];
    if question.answer == 0 || sys::peek(pid, question.answer, &mut bytes)? != bytes.len() {
        return Ok(SystemCallAnswer::Kernel);
    }
    let mut moved = false;
    for at in [0, 16] {
        let word = |at: usize| i64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        let (seconds, nanos) = (word(at), word(at + 8));
        // `UTIME_NOW` and `UTIME_OMIT` are not times, nor is what the kernel refuses.
        let Some(time) = clock.to_file(seconds, nanos).filter(|_| (0..1_000_000_000).contains(&nanos)) else {
            continue;
        };
        bytes[at..at + 8].copy_from_slice(&time.0.to_le_bytes());
        bytes[at + 8..at + 16].copy_from_slice(&time.1.to_le_bytes());
        moved = true;
    }
    let place = if moved { question.place(pid)? } else { None };
    // What cannot be done is the kernel's to tell.
    Ok(match place.map(|(path, flags)| sys::set_times(&path, &bytes, flags)) {
        Some(Ok(())) => SystemCallAnswer::Value(0),
        Some(Err(_)) | None => SystemCallAnswer::Kernel,
    })
}

/// Whether it is a file, a folder, a link or a socket: of pipes and terminals the caller may mean another one.
fn is_kept(answer: &[u8], extended: bool) -> bool {
    let at = if extended { STATX_MODE } else { STAT_MODE };
    let mode = u32::from(u16::from_le_bytes([answer[at], answer[at + 1]]));
    [libc::S_IFREG, libc::S_IFDIR, libc::S_IFLNK, libc::S_IFSOCK].contains(&(mode & libc::S_IFMT))
}

/// Moves the times that are others on the command's clock; tells whether there were any.
fn translate(answer: &mut [u8], extended: bool, clock: &CommandClock) -> bool {
    let (times, width) = if extended { (&STATX_TIMES[..], 4) } else { (&STAT_TIMES[..], 8) };
    let mut moved = false;
    for &at in times {
        let seconds = i64::from_le_bytes(answer[at..at + 8].try_into().expect("eight bytes"));
        let nanos = u32::from_le_bytes(answer[at + 8..at + 12].try_into().expect("four bytes"));
        if let Some((seconds, nanos)) = clock.of_file(seconds, nanos.into()) {
            answer[at..at + 8].copy_from_slice(&seconds.to_le_bytes());
            answer[at + 8..at + 8 + width].copy_from_slice(&nanos.to_le_bytes()[..width]);
            moved = true;
        }
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clocks::wall::Asked;

    #[test]
    fn times_of_this_run_are_moved_and_others_stay() {
        let clock = CommandClock::begin(Asked::Starts(1_000)).expect("clocks");
        let file = std::env::temp_dir().join(format!("rcrepro-times-{}", std::process::id()));
        std::fs::write(&file, "x").expect("a file");
        let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(77);
        let times = std::fs::FileTimes::new().set_accessed(old);
        std::fs::File::options().write(true).open(&file).and_then(|file| file.set_times(times)).expect("its times");
        let path = CString::new(file.to_str().expect("text")).expect("no zero");
        for extended in [false, true] {
            let mut answer = [0; STATX];
            let (at, size) = match extended {
                false => (STAT_TIMES.to_vec(), sys::stat(&path, 0, &mut answer[..STAT]).map(|()| STAT)),
                true => (STATX_TIMES.to_vec(), sys::statx(&path, 0, 0xfff, &mut answer).map(|()| STATX)),
            };
            let answer = &mut answer[..size.expect("it is there")];
            assert!(is_kept(answer, extended) && translate(answer, extended, &clock));
            let seconds = |at: usize| i64::from_le_bytes(answer[at..at + 8].try_into().expect("eight"));
            assert_eq!(seconds(at[0]), 77, "what a program has set stays");
            let last = *at.last().expect("some");
            assert!((1_000..1_100).contains(&seconds(last)), "{}", seconds(last));
        }
        std::fs::remove_file(&file).expect("removed");
    }
}
