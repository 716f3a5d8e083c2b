//! How a command ended, in words, with the limit that it met, where that came from and the key of the plan that raises it.

use std::time::Duration;

use super::limits::{EngineMachine, Limit, LimitSource};
use crate::evidence::manifest::EndingEntry;
use crate::text::amount::{GIB, for_people, for_plan, memory};

/// The limits that a command ran under, as far as they are known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// How long it might run.
    pub timeout: Option<Limit<Duration>>,
    /// How much memory it might use, in bytes, swap included.
    pub memory: Option<Limit<u64>>,
    /// The machine whose defaults apply where the plan says nothing.
    pub machine: EngineMachine,
}

/// What each output of a command may hold where the plan says nothing, in bytes: 1 GiB.
pub const USUAL_OUTPUT: u64 = GIB;

/// Returns the message for an output above its limit, with the key that raises the limit.
#[must_use]
pub fn too_large(limit: u64) -> String {
    format!("it holds more than {}: max-output = \"{}GiB\"", memory(limit), limit.saturating_mul(4).div_ceil(GIB))
}

/// Returns how a command ended. Where a limit is not known any more, the key that raises it is named alone.
#[must_use]
pub fn words(ending: EndingEntry, exit_code: i32, bounds: &Bounds) -> String {
    match ending {
        EndingEntry::Exited => format!("exit code {exit_code}"),
        EndingEntry::Signaled => {
            let signal = exit_code.saturating_sub(128);
            match signal_name(signal) {
                Some(name) => format!("ended by signal {signal} ({name})"),
                None => format!("ended by signal {signal}"),
            }
        }
        EndingEntry::TimedOut => match bounds.timeout {
            Some(Limit { amount, source }) => {
                let more = Duration::from_secs(amount.as_secs().saturating_mul(3).max(60));
                let from = match source {
                    LimitSource::Plan => String::new(),
                    LimitSource::Machine => bounds.machine.source_of_timeout(),
                };
                format!("timed out after {}{from}: timeout = \"{}\"", for_people(amount), for_plan(more))
            }
            None => "timed out: the key `timeout` raises the limit".to_owned(),
        },
        EndingEntry::OutOfMemory => match bounds.memory {
            Some(Limit { amount, source }) => {
                let more = amount.saturating_mul(2).div_ceil(GIB);
                let from = match source {
                    LimitSource::Plan => String::new(),
                    LimitSource::Machine => bounds.machine.source_of_memory(),
                };
                format!("needed more than {}{from}: memory = \"{more}GiB\"", memory(amount))
            }
            None => "needed more memory than it might use: the key `memory` raises that".to_owned(),
        },
    }
}

/// Says how something ended whose limits, a time and an amount of memory in bytes, are ours: no key of a plan changes them.
#[must_use]
pub fn with_fixed_limits(ending: EndingEntry, exit_code: i32, (time, bytes): (Duration, u64)) -> String {
    const FIXED: &str = "a limit that no key of the plan changes";
    match ending {
        EndingEntry::TimedOut => format!("timed out after {}, {FIXED}", for_people(time)),
        EndingEntry::OutOfMemory => format!("needed more than {}, {FIXED}", memory(bytes)),
        EndingEntry::Exited | EndingEntry::Signaled => words(ending, exit_code, &Bounds::default()),
    }
}

/// Says how a command ended whose limits are not known any more.
#[must_use]
pub fn with_unknown_limits(ending: EndingEntry, exit_code: i32) -> String {
    words(ending, exit_code, &Bounds::default())
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

    fn bounds(seconds: u64, memory: Option<u64>) -> Bounds {
        let timeout = Limit { amount: Duration::from_secs(seconds), source: LimitSource::Plan };
        let memory = memory.map(|amount| Limit { amount, source: LimitSource::Plan });
        Bounds { timeout: Some(timeout), memory, ..Bounds::default() }
    }

    #[test]
    fn every_ending_has_its_words_and_its_key() {
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
            assert_eq!(words(ending, code, &bounds), expected);
        }
        assert!(words(EndingEntry::OutOfMemory, 0, &bounds(5, None)).contains("`memory`"));
        assert_eq!(without_limits(EndingEntry::TimedOut, 137), "timed out");
        assert_eq!(without_limits(EndingEntry::Exited, 1), "exit code 1");
        let fixed = |ending| with_fixed_limits(ending, 137, (Duration::from_secs(1800), 4 << 30));
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
    fn a_default_of_the_machine_is_named_as_one() {
        let machine = EngineMachine { memory: Some(24 << 30), processors: Some(2) };
        let bounds = Bounds { timeout: Some(machine.timeout(None)), memory: Some(machine.memory(None)), machine };
        assert_eq!(
            words(EndingEntry::TimedOut, 137, &bounds),
            "timed out after 4 h, the default on a machine with 2 processors: timeout = \"12h\""
        );
        assert_eq!(
            words(EndingEntry::OutOfMemory, 137, &bounds),
            "needed more than 9 GiB, the default on a machine with 24 GiB and 2 processors: memory = \"18GiB\""
        );
    }
}
