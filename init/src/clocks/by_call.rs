//! Wall clocks that are read or waited for by system calls, past the vDSO.

use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use crate::clocks::at_once;
use crate::clocks::wall::{self, CommandClock};
use crate::process::Memory;
use crate::sys::{self, Notification, SystemCallAnswer, calls};

const NANOS: i64 = 1_000_000_000;
/// How long a thread may take to read its deadline once it was let go and has a processor.
const READ_LIMIT: Duration = Duration::from_millis(20);
/// How long it may take on a busy machine until it has one.
const SCHEDULE_LIMIT: Duration = Duration::from_secs(2);
/// How long a thread that runs again takes at most to read a deadline that it does not sleep for.
const READ_TIME: Duration = Duration::from_micros(200);
/// The first of the two times of a `struct itimerspec` is the interval.
const VALUE: u64 = 16;

/// Answers `clock_gettime` of a wall clock; the second argument points to the structure.
///
/// # Errors
/// What the system says when the memory cannot be written.
pub fn clock_gettime(call: &Notification, clock: &CommandClock) -> io::Result<SystemCallAnswer> {
    let coarse = call.arguments[0] == libc::CLOCK_REALTIME_COARSE.cast_unsigned().into();
    let (seconds, nanos) = clock.now(coarse)?;
    put(call.pid, call.arguments[1], &[seconds, nanos])
}

/// Answers `gettimeofday`: time at the first argument, time zone at the second, both of which may be null.
///
/// # Errors
/// What the system says when the memory cannot be written.
pub fn gettimeofday(call: &Notification, clock: &CommandClock) -> io::Result<SystemCallAnswer> {
    let (seconds, nanos) = clock.now(false)?;
    for (address, words) in [(call.arguments[0], &[seconds, nanos / 1000][..]), (call.arguments[1], &[0])] {
        if address != 0 {
            put(call.pid, address, words)?;
        }
    }
    Ok(SystemCallAnswer::Value(0))
}

/// Answers `time`: the result is the time, which is also put at the first argument unless that is null.
///
/// # Errors
/// What the system says when the memory cannot be written.
pub fn time(call: &Notification, clock: &CommandClock) -> io::Result<SystemCallAnswer> {
    let (seconds, _) = clock.now(false)?;
    if call.arguments[0] != 0 {
        put(call.pid, call.arguments[0], &[seconds])?;
    }
    Ok(SystemCallAnswer::Value(seconds))
}

fn put(pid: u32, address: u64, words: &[i64]) -> io::Result<SystemCallAnswer> {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    Memory::open(pid)?.write(address, &bytes)?;
    Ok(SystemCallAnswer::Value(0))
}

/// A deadline of a call that waits: where it is in the caller's memory, and on which of the machine's clocks it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Deadline {
    address: u64,
    clock: i32,
    /// Whether the call itself sleeps until then, and does not set a timer.
    sleeps: bool,
}

/// Whether a call waits for a time on a wall clock, or sets a timer to one.
#[must_use]
pub fn is_wait(number: u32) -> bool {
    matches!(
        number,
        calls::FUTEX
            | calls::FUTEX_WAIT
            | calls::FUTEX_WAITV
            | calls::CLOCK_NANOSLEEP
            | calls::MQ_TIMEDSEND
            | calls::MQ_TIMEDRECEIVE
            | calls::TIMERFD_SETTIME
            | calls::TIMER_SETTIME
    )
}

/// Releases a wait whose deadline is on the wall clock, with the deadline moved to the machine's own clock: a wall clock in
/// the past would make every deadline pass at once.
///
/// The kernel reads the deadline from the program's memory, so it is changed there, the call is let go, and the old words
/// are put back once the thread is seen to sleep again or to have gone on.
///
/// # Errors
/// What the system says when the memory cannot be read or written; the call was not answered then.
pub fn wait(listener: &OwnedFd, call: &Notification, clock: &CommandClock) -> io::Result<()> {
    let Some(deadline) = deadline(call)?.filter(|deadline| deadline.address != 0) else {
        sys::answer(listener, call.id, SystemCallAnswer::Kernel);
        return Ok(());
    };
    let memory = Memory::open(call.pid)?;
    let mut before = [0; 16];
    memory.read(deadline.address, &mut before)?;
    let word = |at: usize| i64::from_le_bytes(before[at..at + 8].try_into().expect("eight of sixteen bytes"));
    // A timer that is set to nothing is switched off.
    let is_off = !deadline.sleeps && (word(0), word(8)) == (0, 0);
    let moved = if is_off { None } else { clock.deadline(word(0), word(8), deadline.clock)? };
    let Some(moved) = moved else {
        sys::answer(listener, call.id, SystemCallAnswer::Kernel);
        return Ok(());
    };
    let over = deadline.sleeps && moved <= wall::read(deadline.clock)?;
    if let Some(value) = at_once::answer(call, &memory, over) {
        sys::answer(listener, call.id, SystemCallAnswer::Value(value));
        return Ok(());
    }
    // A timer that is set to 1970 is switched off, one that passed long ago fires.
    let moved = moved.max(i64::from(!deadline.sleeps));
    let bytes: Vec<u8> = [moved / NANOS, moved % NANOS].iter().flat_map(|word| word.to_le_bytes()).collect();
    let turns = if deadline.sleeps { switches } else { runs };
    if !sys::still_waits(listener, call.id) {
        return Ok(());
    }
    memory.write(deadline.address, &bytes)?;
    let (asked, ran) = (turns(call.pid), runs(call.pid));
    sys::answer(listener, call.id, SystemCallAnswer::Kernel);
    // A signal may have interrupted the wait for the answer: that is not a sleep in the call itself.
    let answered = if deadline.sleeps { turns(call.pid) } else { asked };
    let began = Instant::now();
    // Sleeping: it is seen asleep, or has gone to sleep once more and so has left the call.
    // Setting: it has a processor again, and needs some microseconds of it.
    let may_take = || if runs(call.pid) == ran { SCHEDULE_LIMIT } else { READ_LIMIT };
    while began.elapsed() < may_take() && turns(call.pid).is_some_and(|now| Some(now) == answered) {
        if deadline.sleeps && sleeps(call.pid) {
            break;
        }
        std::thread::yield_now();
    }
    if !deadline.sleeps {
        std::thread::sleep(READ_TIME);
    }
    // A program that has gone on may keep something else there by now.
    let mut found = [0; 16];
    memory.read(deadline.address, &mut found)?;
    if found[..] == bytes[..] { memory.write(deadline.address, &before) } else { Ok(()) }
}

/// Finds the deadline of a call; `None` when it is on none of the wall clocks.
fn deadline(call: &Notification) -> io::Result<Option<Deadline>> {
    let [first, _, third, fourth, fifth, sixth] = call.arguments;
    let on = |address, clock: u64, sleeps| on_wall(clock).map(|clock| Deadline { address, clock, sleeps });
    Ok(match call.call.cast_unsigned() {
        calls::FUTEX => on(fourth, 0, true),
        calls::CLOCK_NANOSLEEP => on(third, first, true),
        calls::FUTEX_WAITV => on(fourth, fifth, true),
        calls::FUTEX_WAIT => on(fifth, sixth, true),
        calls::MQ_TIMEDSEND | calls::MQ_TIMEDRECEIVE => on(fifth, 0, true),
        calls::TIMERFD_SETTIME => {
            // A descriptor that is not there is the kernel's to refuse.
            let info = std::fs::read_to_string(format!("/proc/{}/fdinfo/{}", call.pid, first & 0xffff_ffff))
                .unwrap_or_default();
            number(&info, "clockid:")
                .and_then(|clock| on(third.wrapping_add(VALUE), clock, false))
                .filter(|_| third != 0)
        }
        calls::TIMER_SETTIME => {
            let timers = std::fs::read_to_string(format!("/proc/{}/timers", call.pid))?;
            clock_of_timer(&timers, first)
                .and_then(|clock| on(third.wrapping_add(VALUE), clock, false))
                .filter(|_| third != 0)
        }
        _ => None,
    })
}

/// Returns the machine's clock for the number of a wall clock; `None` for other clocks.
fn on_wall(clock: u64) -> Option<i32> {
    let clock = i32::try_from(clock & 0xffff_ffff).ok()?;
    match clock {
        libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_ALARM => Some(libc::CLOCK_REALTIME),
        libc::CLOCK_TAI => Some(libc::CLOCK_TAI),
        _ => None,
    }
}

fn number(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.trim().parse().ok()
}

/// Reads `/proc/PID/timers`, where each timer begins with its number and ends with its clock.
fn clock_of_timer(timers: &str, id: u64) -> Option<u64> {
    let mut lines = timers.lines().skip_while(|line| {
        line.strip_prefix("ID:").and_then(|number| number.trim().parse().ok()) != Some(id & 0xffff_ffff)
    });
    lines.find_map(|line| line.strip_prefix("ClockID:"))?.trim().parse().ok()
}

/// Whether a thread sleeps. Waiting for our answer is another state, which only a deadly signal ends.
fn sleeps(pid: u32) -> bool {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    text.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('S'))
}

/// Counts how often a thread went to sleep by itself.
fn switches(pid: u32) -> Option<u64> {
    number(&std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?, "voluntary_ctxt_switches:")
}

/// Counts how often a thread was given a processor.
fn runs(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/schedstat")).ok()?;
    text.split_ascii_whitespace().nth(2)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_of_timers_are_found() {
        let timers = "ID: 0\nsignal: 14/0\nnotify: signal/pid.7\nClockID: 1\nID: 12\nsignal: 0/0\nnotify: none/pid.7\n\
                      ClockID: 0\n";
        assert_eq!(clock_of_timer(timers, 0), Some(1));
        assert_eq!(clock_of_timer(timers, 12), Some(0));
        assert_eq!(clock_of_timer(timers, 1), None);
        assert_eq!(number("pos:\t0\nclockid: 11\nticks: 0\n", "clockid:"), Some(11));
        assert_eq!(
            (on_wall(0), on_wall(8), on_wall(11), on_wall(1), on_wall(7)),
            (Some(0), Some(0), Some(11), None, None)
        );
        let own = std::process::id();
        assert!(switches(own).is_some() && runs(own).is_some_and(|runs| runs > 0));
    }
}
