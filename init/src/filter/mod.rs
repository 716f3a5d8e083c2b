//! The seccomp filter: which system calls the supervisor is told of. Pure.
//!
//! `brk(0)` and setting the thread pointer are what every program does before it can look at the vDSO: the GNU C
//! library's loader and static programs of it begin with the one, Go and musl with the other. They are the moment in which
//! a new program image is rewritten, without ptrace, so that a program that traces itself finds the tracer's place free.
//!
//! A filter is a list of blocks, one per watched call, each of which ends in a verdict or falls through to the next.

mod arguments;
mod bpf;
mod narrow;
mod watched;

use self::bpf::{AT_LEAST, Blocks, UNKNOWN_CALL, allow, equal, load, notify, verdict};
pub use self::watched::Watched;
use crate::sys::{FilterInstruction, calls};

/// What marks the numbers of the x32 table, which kernels of x86_64 may have beside their own. A call that a tracer took away
/// has it, too, and is not a call.
const X32: u32 = 0x4000_0000;
const NO_CALL: u32 = u32::MAX;

/// Puts the filter together. `own` is the number of this process, whose limits and processors no other may set: that would
/// take its sight away.
#[must_use]
pub fn program(watched: Watched, own: u32) -> Vec<FilterInstruction> {
    let mut filter = Blocks::new(vec![load(bpf::ARCHITECTURE)]);
    filter.when_not(calls::ARCHITECTURE, narrow::block(watched, own));
    filter.extend([load(bpf::NUMBER), FilterInstruction { code: AT_LEAST, jt: 0, jf: 2, k: X32 }]);
    filter.extend([equal(NO_CALL, 1, 0), verdict(UNKNOWN_CALL)]);
    for number in calls::SCHEDULING {
        filter.call(number, &arguments::about_own(own));
    }
    filter.call(calls::PRLIMIT, &arguments::limits(own));
    if watched.programs {
        watch_programs(&mut filter);
    }
    if watched.wall_clocks {
        watch_clock_readings(&mut filter);
        watch_deadlines(&mut filter);
    }
    if watched.files {
        for number in [calls::STAT, Some(calls::FSTAT), calls::LSTAT, Some(calls::NEWFSTATAT), Some(calls::STATX)] {
            filter.call(number, &arguments::question_for_times());
        }
        filter.call(calls::UTIMENSAT, &arguments::given_times());
    }
    if watched.processors {
        filter.call(calls::SCHED_GETAFFINITY, &[notify()]);
    }
    if watched.directories {
        filter.call(calls::GETDENTS64, &[notify()]);
    }
    if watched.network {
        watch_network(&mut filter);
    }
    filter.extend([allow()]);
    filter.instructions
}

/// Watches the first calls of a new program.
fn watch_programs(filter: &mut Blocks) {
    filter.call(calls::BRK, &[arguments::zero(0), vec![notify()]].concat());
    filter.call(calls::ARCH_PRCTL, &arguments::notify_of(0, calls::ARCH_SET_FS));
    for number in calls::FIRST {
        filter.call(*number, &[notify()]);
    }
}

/// Watches readings of wall clocks, and what would keep the others from being answered.
fn watch_clock_readings(filter: &mut Blocks) {
    filter.call(calls::CLOCK_GETTIME, &arguments::wall_clock(&[]));
    // Their answers tell the machine's wall clock, and programs that begin are expected to be rewritten.
    for number in [calls::GETTIMEOFDAY, calls::ADJTIMEX, calls::CLOCK_ADJTIME, calls::EXECVE, calls::EXECVEAT] {
        filter.call(number, &[notify()]);
    }
    filter.call(calls::SETSOCKOPT, &arguments::stamps());
    // A filter of the program's own is asked before this one, and may answer what new programs begin and end with.
    filter.call(calls::SECCOMP, &arguments::notify_of(0, arguments::SECCOMP_SET_MODE_FILTER));
    filter.call(calls::PRCTL, &arguments::prctl());
    filter.call(calls::TIME, &[notify()]);
}

/// Watches waits and timers whose end is a time on a wall clock.
fn watch_deadlines(filter: &mut Blocks) {
    filter.call(calls::CLOCK_NANOSLEEP, &arguments::wall_clock(&arguments::only_absolute()));
    filter.call(calls::FUTEX, &arguments::futex());
    for (number, clock) in [(calls::FUTEX_WAITV, 4), (calls::FUTEX_WAIT, 5)] {
        filter.call(number, &arguments::on_realtime(clock));
    }
    for number in [calls::MQ_TIMEDSEND, calls::MQ_TIMEDRECEIVE] {
        filter.call(number, &[notify()]);
    }
    // The clock is the timer's own.
    for number in [calls::TIMERFD_SETTIME, calls::TIMER_SETTIME] {
        filter.call(number, &[arguments::only_absolute(), vec![notify()]].concat());
    }
}

/// Watches what connects, or sends to an address; rings that would do so unseen are unknown.
fn watch_network(filter: &mut Blocks) {
    filter.call(calls::CONNECT, &[notify()]);
    filter.call(calls::SENDTO, &arguments::sendto());
    filter.call(calls::SENDMSG, &arguments::sendmsg());
    filter.call(calls::SENDMMSG, &[notify()]);
    filter.call(calls::IO_URING_SETUP, &[verdict(UNKNOWN_CALL)]);
}

#[cfg(test)]
mod tests;
