//! How a command ended, in words, with the limit that it met and the key of the plan that raises it.

use std::time::Duration;

use crate::evidence::manifest::EndingEntry;

/// The limits that a command ran under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How long it might run.
    pub timeout: Duration,
    /// How much memory it might use, in bytes, swap included; none where that is not known.
    pub memory: Option<u64>,
}

/// Memory in bytes that a command may use where the plan says nothing: three quarters of what the engine's machine has, so
/// that a command that wants too much ends before the machine does; 4 GiB where the engine does not say.
#[must_use]
pub const fn usual_memory(machine: Option<u64>) -> u64 {
    match machine {
        Some(machine) => machine / 4 * 3,
        None => 4 * GIB,
    }
}

/// What each output of a command may hold where the plan says nothing, in bytes: 1 GiB.
pub const USUAL_OUTPUT: u64 = GIB;

/// Returns the message for an output above its limit, with the key that raises the limit.
#[must_use]
pub fn too_large(limit: u64) -> String {
    format!("it holds more than {}: max-output = \"{}GiB\"", bytes(limit), limit.saturating_mul(4).div_ceil(GIB))
}

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Returns how a command ended.
#[must_use]
pub fn words(ending: EndingEntry, exit_code: i32, bounds: Bounds) -> String {
    match ending {
        EndingEntry::Exited => format!("exit code {exit_code}"),
        EndingEntry::Signaled => {
            let signal = exit_code.saturating_sub(128);
            match signal_name(signal) {
                Some(name) => format!("ended by signal {signal} ({name})"),
                None => format!("ended by signal {signal}"),
            }
        }
        EndingEntry::TimedOut => {
            let more = Duration::from_secs(bounds.timeout.as_secs().saturating_mul(3).max(60));
            format!("timed out after {}: timeout = \"{}\"", duration(bounds.timeout, true), duration(more, false))
        }
        EndingEntry::OutOfMemory => match bounds.memory {
            Some(memory) => {
                let more = memory.saturating_mul(2).div_ceil(GIB);
                format!("needed more than {}: memory = \"{more}GiB\"", bytes(memory))
            }
            None => "needed more memory than it might use: the key `memory` raises that".to_owned(),
        },
    }
}

/// Says how something ended whose limits are ours: no key of a plan changes them.
#[must_use]
pub fn with_fixed_limits(ending: EndingEntry, exit_code: i32, bounds: Bounds) -> String {
    const FIXED: &str = "a limit that no key of the plan changes";
    match (ending, bounds.memory) {
        (EndingEntry::TimedOut, _) => format!("timed out after {}, {FIXED}", duration(bounds.timeout, true)),
        (EndingEntry::OutOfMemory, Some(memory)) => format!("needed more than {}, {FIXED}", bytes(memory)),
        (EndingEntry::OutOfMemory, None) => "needed more memory than the machine gives".to_owned(),
        (EndingEntry::Exited | EndingEntry::Signaled, _) => words(ending, exit_code, bounds),
    }
}

/// Says how a command ended whose limits are not known any more.
#[must_use]
pub fn with_unknown_limits(ending: EndingEntry, exit_code: i32) -> String {
    let unknown = Bounds { timeout: Duration::ZERO, memory: None };
    match ending {
        EndingEntry::TimedOut => "timed out: the key `timeout` raises the limit".to_owned(),
        EndingEntry::OutOfMemory | EndingEntry::Exited | EndingEntry::Signaled => words(ending, exit_code, unknown),
    }
}

/// Returns how something ended where its limits do not matter.
#[must_use]
pub fn without_limits(ending: EndingEntry, exit_code: i32) -> String {
    match ending {
        EndingEntry::TimedOut => "timed out".to_owned(),
        EndingEntry::OutOfMemory => "out of memory".to_owned(),
        EndingEntry::Exited | EndingEntry::Signaled => with_unknown_limits(ending, exit_code),
    }
}

/// Says how something ended of which the exit code alone is known.
#[must_use]
pub fn of_exit_code(exit_code: i32) -> String {
    let ending = if (129..=192).contains(&exit_code) { EndingEntry::Signaled } else { EndingEntry::Exited };
    with_unknown_limits(ending, exit_code)
}

/// Writes whole hours, minutes or seconds, for people or as a plan wants it.
fn duration(time: Duration, for_people: bool) -> String {
    let seconds = time.as_secs();
    let (number, people, plan) = match seconds {
        0 => (0, "s", "s"),
        _ if seconds.is_multiple_of(3600) => (seconds / 3600, "h", "h"),
        _ if seconds.is_multiple_of(60) => (seconds / 60, "min", "m"),
        _ => (seconds, "s", "s"),
    };
    if for_people { format!("{number} {people}") } else { format!("{number}{plan}") }
}

/// Writes an amount in the largest unit that keeps it whole, or in GiB to one place.
fn bytes(amount: u64) -> String {
    match amount {
        _ if amount.is_multiple_of(GIB) => format!("{} GiB", amount / GIB),
        _ if amount < GIB => format!("{} MiB", amount / MIB),
        _ => format!("{}.{} GiB", amount / GIB, amount % GIB * 10 / GIB),
    }
}

/// The names of the signals that end programs, alike on every architecture that we support.
const fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        31 => "SIGSYS",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ending_has_its_words_and_its_key() {
        let bounds = |seconds, memory| Bounds { timeout: Duration::from_secs(seconds), memory };
        for (ending, code, bounds, expected) in [
            (EndingEntry::Exited, 3, bounds(600, None), "exit code 3"),
            (EndingEntry::Signaled, 137, bounds(600, None), "ended by signal 9 (SIGKILL)"),
            (EndingEntry::Signaled, 180, bounds(600, None), "ended by signal 52"),
            (EndingEntry::TimedOut, 137, bounds(600, None), "timed out after 10 min: timeout = \"30m\""),
            (EndingEntry::TimedOut, 137, bounds(7200, None), "timed out after 2 h: timeout = \"6h\""),
            (EndingEntry::TimedOut, 137, bounds(5, None), "timed out after 5 s: timeout = \"1m\""),
            (EndingEntry::OutOfMemory, 137, bounds(5, Some(2 << 30)), "needed more than 2 GiB: memory = \"4GiB\""),
            (EndingEntry::OutOfMemory, 0, bounds(5, Some(256 << 20)), "needed more than 256 MiB: memory = \"1GiB\""),
            (EndingEntry::OutOfMemory, 0, bounds(5, Some(5 << 29)), "needed more than 2.5 GiB: memory = \"5GiB\""),
        ] {
            assert_eq!(words(ending, code, bounds), expected);
        }
        assert!(words(EndingEntry::OutOfMemory, 0, bounds(5, None)).contains("`memory`"));
        assert_eq!(without_limits(EndingEntry::TimedOut, 137), "timed out");
        assert_eq!(without_limits(EndingEntry::Exited, 1), "exit code 1");
        let fixed = |ending| with_fixed_limits(ending, 137, bounds(1800, Some(4 << 30)));
        assert_eq!(fixed(EndingEntry::TimedOut), "timed out after 30 min, a limit that no key of the plan changes");
        assert_eq!(fixed(EndingEntry::OutOfMemory), "needed more than 4 GiB, a limit that no key of the plan changes");
        assert_eq!(fixed(EndingEntry::Signaled), "ended by signal 9 (SIGKILL)");
        assert!(with_unknown_limits(EndingEntry::TimedOut, 137).contains("`timeout`"));
        assert_eq!((of_exit_code(0), of_exit_code(3)), ("exit code 0".to_owned(), "exit code 3".to_owned()));
        assert_eq!(of_exit_code(137), "ended by signal 9 (SIGKILL)");
        assert_eq!(too_large(USUAL_OUTPUT), "it holds more than 1 GiB: max-output = \"4GiB\"");
        assert_eq!(too_large(300 << 20), "it holds more than 300 MiB: max-output = \"2GiB\"");
    }

    #[test]
    fn a_command_may_use_three_quarters_of_the_machine() {
        assert_eq!(usual_memory(Some(24 << 30)), 18 << 30);
        assert_eq!(usual_memory(None), 4 << 30);
    }
}
