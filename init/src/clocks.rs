//! Wall clocks that are read or waited for by system calls, past the vDSO.

use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use crate::memory::Memory;
use crate::sys::{self, Answer, Notification};

const NANOS: i64 = 1_000_000_000;
/// How long a thread may take to read its deadline once it was let go.
const READ_LIMIT: Duration = Duration::from_millis(20);

/// Answers `clock_gettime` of a wall clock: the structure stands at the second argument.
///
/// # Errors
/// What the system says when the memory cannot be written.
pub fn clock_gettime(call: &Notification, seconds: i64) -> io::Result<Answer> {
    put(call.pid, call.arguments[1], &[seconds, 0])
}

/// Answers `gettimeofday`: time at the first argument, time zone at the second, both of which may be null.
///
/// # Errors
/// What the system says when the memory cannot be written.
pub fn gettimeofday(call: &Notification, seconds: i64) -> io::Result<Answer> {
    for (address, words) in [(call.arguments[0], &[seconds, 0][..]), (call.arguments[1], &[0])] {
        if address != 0 {
            put(call.pid, address, words)?;
        }
    }
    Ok(Answer::Value(0))
}

/// Answers `time`: the result is the time, which is also put at the first argument unless that is null.
///
/// # Errors
/// What the system says when the memory cannot be written.
pub fn time(call: &Notification, seconds: i64) -> io::Result<Answer> {
    if call.arguments[0] != 0 {
        put(call.pid, call.arguments[0], &[seconds])?;
    }
    Ok(Answer::Value(seconds))
}

fn put(pid: u32, address: u64, words: &[i64]) -> io::Result<Answer> {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    Memory::open(pid)?.write(address, &bytes)?;
    Ok(Answer::Value(0))
}

/// Lets a wait go whose deadline is on the wall clock, with the deadline moved to the machine's own clock: a constant
/// clock in the past would make every deadline pass at once.
///
/// The kernel reads the deadline from the program's memory, so it is changed there, the call is let go, and the old words
/// are put back once the thread is seen to sleep again or to have gone on.
///
/// # Errors
/// What the system says when the memory cannot be read or written; the call was not answered then.
pub fn move_deadline(listener: &OwnedFd, call: &Notification, address: u64, pinned: i64) -> io::Result<()> {
    let memory = Memory::open(call.pid)?;
    let mut before = [0; 16];
    memory.read(address, &mut before)?;
    let word = |at: usize| i64::from_le_bytes(before[at..at + 8].try_into().expect("eight of sixteen bytes"));
    let now = i64::try_from(sys::clock(libc::CLOCK_REALTIME)?).map_err(io::Error::other)?;
    let Some(moved) = moved(word(0), word(8), pinned, now) else {
        sys::answer(listener, call.id, Answer::Kernel);
        return Ok(());
    };
    let bytes: Vec<u8> = [moved / NANOS, moved % NANOS].iter().flat_map(|word| word.to_le_bytes()).collect();
    let slept = switches(call.pid);
    if !sys::still_waits(listener, call.id) {
        return Ok(());
    }
    memory.write(address, &bytes)?;
    sys::answer(listener, call.id, Answer::Kernel);
    let began = Instant::now();
    // One more voluntary switch than when it asked: it sleeps in the call itself, or has left it.
    while began.elapsed() < READ_LIMIT && switches(call.pid).is_some_and(|now| Some(now) == slept) {
        std::thread::yield_now();
    }
    memory.write(address, &before)
}

/// Moves a deadline on the pinned clock to the machine's own; both in nanoseconds. `None` for what the kernel refuses
/// by itself, and for deadlines beyond all time.
fn moved(seconds: i64, nanos: i64, pinned: i64, now: i64) -> Option<i64> {
    if seconds < 0 || !(0..NANOS).contains(&nanos) {
        return None;
    }
    seconds.checked_sub(pinned)?.checked_mul(NANOS)?.checked_add(nanos)?.checked_add(now).filter(|moved| *moved >= 0)
}

/// Counts how often a thread went to sleep by itself.
fn switches(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_keep_their_distance() {
        assert_eq!(moved(105, 7, 100, 1_000 * NANOS), Some(1_005 * NANOS + 7));
        assert_eq!(moved(90, 0, 100, 1_000 * NANOS), Some(990 * NANOS));
        assert_eq!(moved(i64::MAX, 0, 100, 0), None);
        assert_eq!(moved(1, NANOS, 0, 0), None);
        assert_eq!(moved(-1, 0, 0, 0), None);
    }
}
