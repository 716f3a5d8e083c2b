//! The seccomp filter: which system calls the supervisor is told of. Pure.
//!
//! `brk(0)` and setting the thread pointer are what every program does before it can look at the vDSO: the GNU C
//! library's loader and static programs of it begin with the one, Go and musl with the other. They are the moment in which
//! a new program image is rewritten, without ptrace, so that whatever traces itself inside finds nobody in its place.

use crate::sys::{Instruction, calls};

/// What is watched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Watched {
    /// The start of new programs.
    pub programs: bool,
    /// Readings of wall clocks that bypass the vDSO, and deadlines on wall clocks.
    pub wall_clocks: bool,
    /// Questions for the times of files.
    pub files: bool,
    /// Questions for the processors that may be used.
    pub processors: bool,
    /// Readings of directories.
    pub directories: bool,
    /// Addresses that sockets are connected to, or send to; rings that would do so unseen are refused.
    pub network: bool,
}

const LOAD: u16 = 0x20;
const EQUAL: u16 = 0x15;
const AND: u16 = 0x54;
const SET: u16 = 0x45;
const ABOVE: u16 = 0x25;
const AT_LEAST: u16 = 0x35;
const RETURN: u16 = 0x06;
const ALLOW: u32 = 0x7fff_0000;
const NOTIFY: u32 = 0x7fc0_0000;
/// Fails with `ENOSYS`, as on a kernel that does not know the call: programs then go the usual way.
const UNKNOWN_CALL: u32 = 0x0005_0000 | 38;
/// Fails with `EPERM`, as for a process of another user.
const REFUSED: u32 = 0x0005_0000 | 1;
/// What marks the numbers of the x32 table, which kernels of x86_64 may have beside their own. A call that a tracer took away
/// has it, too, and is not a call.
const X32: u32 = 0x4000_0000;
const NO_CALL: u32 = u32::MAX;

const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const fn argument(index: u32) -> u32 {
    16 + 8 * index
}
/// Both halves of a 64-bit argument, the low one first.
const HIGH: u32 = 4;

/// `FUTEX_CMD_MASK` leaves away the private and the clock flag.
const FUTEX_COMMAND: u32 = 0x7f;
const FUTEX_CLOCK_REALTIME: u32 = 0x100;
/// The flags with which a new process hands its listener over. Nobody could answer if that call were watched, too. The
/// kernel passes over all but the first of them on such a socket, and no program that means anything writes them.
pub const HANDOVER: i32 = 0x4000 | 0x800 | 0x1600;
/// By which programs install filters of their own.
const SECCOMP_SET_MODE_FILTER: u32 = 1;
const PR_SET_SECCOMP: u32 = 22;
const SECCOMP_MODE_FILTER: u32 = 2;
/// What resolvers send their questions with.
const MSG_NOSIGNAL: u32 = 0x4000;
/// The sizes of a question to a name server: a header and a name at least, a datagram that needs no extension at most.
const QUESTION: (u32, u32) = (17, 512);

/// Puts the filter together: each watched call is a block of its own that ends in a verdict or falls through. `own` is the
/// number of this process, whose limits and processors no other may set: that would take its sight away.
#[must_use]
pub fn program(watched: Watched, own: u32) -> Vec<Instruction> {
    let narrow = narrow(watched, own);
    let length = u8::try_from(narrow.len()).expect("the smaller table is watched in a few instructions");
    let mut filter = vec![load(ARCHITECTURE), equal(calls::ARCHITECTURE, length, 0)];
    filter.extend(narrow);
    filter.extend([load(NUMBER), Instruction { code: AT_LEAST, jt: 0, jf: 2, k: X32 }]);
    filter.extend([equal(NO_CALL, 1, 0), verdict(UNKNOWN_CALL)]);
    let mut call = |number: Option<u32>, block: Vec<Instruction>| {
        let Some(number) = number else { return };
        let length = u8::try_from(block.len()).expect("a block has a few instructions");
        filter.push(equal(number, 0, length));
        filter.extend(block);
    };
    for number in calls::SCHEDULING {
        call(Some(number), vec![load(argument(0)), equal(own, 0, 1), verdict(REFUSED), verdict(ALLOW)]);
    }
    call(Some(calls::PRLIMIT), limits(own));
    if watched.programs {
        call(Some(calls::BRK), [zero(0), vec![verdict(NOTIFY)]].concat());
        call(
            calls::ARCH_PRCTL,
            vec![load(argument(0)), equal(calls::ARCH_SET_FS, 0, 1), verdict(NOTIFY), verdict(ALLOW)],
        );
        for number in calls::FIRST {
            call(Some(*number), vec![verdict(NOTIFY)]);
        }
    }
    if watched.wall_clocks {
        let wall = |flags: Vec<Instruction>| {
            let mut block = vec![load(argument(0))];
            for clock in [0, 5, 8] {
                block.extend([equal(clock, 0, 1 + u8::try_from(flags.len()).expect("few"))]);
                block.extend(flags.clone());
                block.push(verdict(NOTIFY));
            }
            block.extend([equal(11, 1, 0), verdict(ALLOW)]);
            block.extend(flags);
            block.push(verdict(NOTIFY));
            block
        };
        call(Some(calls::CLOCK_GETTIME), wall(Vec::new()));
        // Their answers tell the machine's wall clock, and programs that begin are expected to be rewritten.
        for number in [calls::GETTIMEOFDAY, calls::ADJTIMEX, calls::CLOCK_ADJTIME, calls::EXECVE, calls::EXECVEAT] {
            call(Some(number), vec![verdict(NOTIFY)]);
        }
        call(Some(calls::SETSOCKOPT), stamps());
        // A filter of the program's own is asked before this one, and may answer what new programs begin and end with.
        call(
            Some(calls::SECCOMP),
            vec![load(argument(0)), equal(SECCOMP_SET_MODE_FILTER, 0, 1), verdict(NOTIFY), verdict(ALLOW)],
        );
        let prctl = vec![
            load(argument(0)),
            equal(PR_SET_SECCOMP, 0, 3),
            load(argument(1)),
            equal(SECCOMP_MODE_FILTER, 0, 1),
            verdict(NOTIFY),
            verdict(ALLOW),
        ];
        call(Some(calls::PRCTL), prctl);
        call(calls::TIME, vec![verdict(NOTIFY)]);
        // TIMER_ABSTIME is the lowest bit of the flags.
        call(Some(calls::CLOCK_NANOSLEEP), wall(vec![load(argument(1)), set(1, 1, 0), verdict(ALLOW)]));
        call(Some(calls::FUTEX), futex());
        for (number, clock) in [(calls::FUTEX_WAITV, 4), (calls::FUTEX_WAIT, 5)] {
            let on_wall = vec![load(argument(clock)), equal(0, 1, 0), verdict(ALLOW), verdict(NOTIFY)];
            call(Some(number), on_wall);
        }
        for number in [calls::MQ_TIMEDSEND, calls::MQ_TIMEDRECEIVE] {
            call(Some(number), vec![verdict(NOTIFY)]);
        }
        // The clock is the timer's own. TIMER_ABSTIME and TFD_TIMER_ABSTIME are the lowest bit of the flags.
        for number in [calls::TIMERFD_SETTIME, calls::TIMER_SETTIME] {
            call(Some(number), vec![load(argument(1)), set(1, 1, 0), verdict(ALLOW), verdict(NOTIFY)]);
        }
    }
    if watched.files {
        for number in [calls::STAT, Some(calls::FSTAT), calls::LSTAT, Some(calls::NEWFSTATAT), Some(calls::STATX)] {
            call(number, vec![verdict(NOTIFY)]);
        }
        // Without a pointer the times are those of now, which the kernel has.
        let times = vec![
            load(argument(2)),
            equal(0, 0, 3),
            load(argument(2) + HIGH),
            equal(0, 0, 1),
            verdict(ALLOW),
            verdict(NOTIFY),
        ];
        call(Some(calls::UTIMENSAT), times);
    }
    if watched.processors {
        call(Some(calls::SCHED_GETAFFINITY), vec![verdict(NOTIFY)]);
    }
    if watched.directories {
        call(Some(calls::GETDENTS64), vec![verdict(NOTIFY)]);
    }
    if watched.network {
        call(Some(calls::CONNECT), vec![verdict(NOTIFY)]);
        call(Some(calls::SENDTO), sendto());
        // Where their addresses stand is behind a pointer, which no filter can follow.
        call(
            Some(calls::SENDMSG),
            vec![load(argument(2)), equal(HANDOVER.cast_unsigned(), 0, 1), verdict(ALLOW), verdict(NOTIFY)],
        );
        call(Some(calls::SENDMMSG), vec![verdict(NOTIFY)]);
        call(Some(calls::IO_URING_SETUP), vec![verdict(UNKNOWN_CALL)]);
    }
    filter.push(verdict(ALLOW));
    filter
}

/// Watches the machine's other table of calls: programs of 32 bits, and others that use it. Any further one is unknown.
fn narrow(watched: Watched, own: u32) -> Vec<Instruction> {
    let calls::Narrow { architecture, connect, sendto, sendmsg, sendmmsg, .. } = calls::NARROW;
    let mut block = vec![equal(architecture, 1, 0), verdict(UNKNOWN_CALL), load(NUMBER)];
    let mut call = |number: u32, then: Vec<Instruction>| {
        block.push(equal(number, 0, u8::try_from(then.len()).expect("a block has a few instructions")));
        block.extend(then);
    };
    for (index, number) in calls::NARROW.about_others.iter().enumerate() {
        let refused = vec![load(argument(0)), equal(own, 0, 1), verdict(REFUSED), verdict(ALLOW)];
        call(*number, if index == 0 { limits(own) } else { refused });
    }
    let mut notified = Vec::new();
    if watched.network {
        call(calls::NARROW.io_uring_setup, vec![verdict(UNKNOWN_CALL)]);
        notified.extend([connect, sendto, sendmsg, sendmmsg]);
        if let Some(number) = calls::NARROW.socketcall {
            use calls::socketcall::{CONNECT, SENDMMSG, SENDMSG, SENDTO};
            let kinds = [equal(CONNECT, 4, 0), equal(SENDTO, 3, 0), equal(SENDMSG, 2, 0), equal(SENDMMSG, 1, 0)];
            call(number, [&[load(argument(0))][..], &kinds, &[verdict(ALLOW), verdict(NOTIFY)]].concat());
        }
    }
    if watched.wall_clocks {
        notified.extend(calls::NARROW.clocks);
        notified.extend(calls::NARROW.exec);
        call(calls::NARROW.brk, vec![load(argument(0)), equal(0, 0, 1), verdict(NOTIFY), verdict(ALLOW)]);
    }
    for number in notified {
        call(number, vec![verdict(NOTIFY)]);
    }
    block.push(verdict(ALLOW));
    block
}

/// Refuses to set limits of this process; to read them stays allowed.
fn limits(own: u32) -> Vec<Instruction> {
    vec![
        load(argument(0)),
        equal(own, 1, 0),
        verdict(ALLOW),
        load(argument(2)),
        equal(0, 0, 2),
        load(argument(2) + HIGH),
        equal(0, 1, 0),
        verdict(REFUSED),
        verdict(ALLOW),
    ]
}

/// `SO_TIMESTAMP` and its kin, by which packets come with the machine's wall clock.
fn stamps() -> Vec<Instruction> {
    let mut block = vec![load(argument(1)), equal(1, 1, 0), verdict(ALLOW), load(argument(2))];
    for option in [29, 35, 37, 63, 64, 65] {
        block.extend([equal(option, 0, 1), verdict(NOTIFY)]);
    }
    block.push(verdict(ALLOW));
    block
}

/// What is sent to an address, and what may be a question to the name server that the socket is connected to.
fn sendto() -> Vec<Instruction> {
    vec![
        load(argument(4)),
        equal(0, 1, 0),
        verdict(NOTIFY),
        load(argument(4) + HIGH),
        equal(0, 1, 0),
        verdict(NOTIFY),
        load(argument(3)),
        set(MSG_NOSIGNAL, 0, 4),
        load(argument(2)),
        Instruction { code: AT_LEAST, jt: 0, jf: 2, k: QUESTION.0 },
        Instruction { code: ABOVE, jt: 1, jf: 0, k: QUESTION.1 },
        verdict(NOTIFY),
        verdict(ALLOW),
    ]
}

/// Waits with a deadline on the wall clock: `WAIT_BITSET`, `WAIT_REQUEUE_PI` and `LOCK_PI2` say so by a flag, `LOCK_PI` knows
/// no other clock. No deadline, no question.
fn futex() -> Vec<Instruction> {
    let mut block = vec![
        // A null pointer instead of a deadline.
        load(argument(3)),
        equal(0, 0, 3),
        load(argument(3) + HIGH),
        equal(0, 0, 1),
        verdict(ALLOW),
        load(argument(1)),
        Instruction { code: AND, jt: 0, jf: 0, k: FUTEX_COMMAND },
        equal(6, 0, 1),
        verdict(NOTIFY),
    ];
    block.extend([equal(9, 3, 0), equal(11, 2, 0), equal(13, 1, 0), verdict(ALLOW)]);
    block.extend([load(argument(1)), set(FUTEX_CLOCK_REALTIME, 0, 1), verdict(NOTIFY), verdict(ALLOW)]);
    block
}

/// Falls through when a 64-bit argument is zero, allows the call otherwise.
fn zero(index: u32) -> Vec<Instruction> {
    vec![
        load(argument(index)),
        equal(0, 1, 0),
        verdict(ALLOW),
        load(argument(index) + HIGH),
        equal(0, 1, 0),
        verdict(ALLOW),
    ]
}

const fn load(at: u32) -> Instruction {
    Instruction { code: LOAD, jt: 0, jf: 0, k: at }
}

/// Skips `yes` instructions when the loaded word is `value`, `no` otherwise.
const fn equal(value: u32, yes: u8, no: u8) -> Instruction {
    Instruction { code: EQUAL, jt: yes, jf: no, k: value }
}

const fn set(bits: u32, yes: u8, no: u8) -> Instruction {
    Instruction { code: SET, jt: yes, jf: no, k: bits }
}

const fn verdict(action: u32) -> Instruction {
    Instruction { code: RETURN, jt: 0, jf: 0, k: action }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_c_library() {
        let ours = [
            calls::BRK,
            calls::GETTIMEOFDAY,
            calls::FUTEX,
            calls::SCHED_GETAFFINITY,
            calls::GETDENTS64,
            calls::CLOCK_GETTIME,
            calls::CLOCK_NANOSLEEP,
            calls::TIMER_SETTIME,
            calls::TIMERFD_SETTIME,
            calls::MQ_TIMEDSEND,
            calls::MQ_TIMEDRECEIVE,
            calls::FUTEX_WAITV,
            calls::FSTAT,
            calls::NEWFSTATAT,
            calls::STATX,
            calls::UTIMENSAT,
            calls::CONNECT,
            calls::SENDTO,
            calls::SENDMSG,
            calls::SENDMMSG,
            calls::IO_URING_SETUP,
            calls::SETSOCKOPT,
            calls::ADJTIMEX,
            calls::CLOCK_ADJTIME,
            calls::PRCTL,
            calls::SECCOMP,
            calls::EXECVE,
            calls::EXECVEAT,
            calls::PRLIMIT,
            calls::SCHEDULING[0],
            calls::SCHEDULING[1],
            calls::SCHEDULING[2],
            calls::SCHEDULING[3],
        ];
        let theirs = [
            libc::SYS_brk,
            libc::SYS_gettimeofday,
            libc::SYS_futex,
            libc::SYS_sched_getaffinity,
            libc::SYS_getdents64,
            libc::SYS_clock_gettime,
            libc::SYS_clock_nanosleep,
            libc::SYS_timer_settime,
            libc::SYS_timerfd_settime,
            libc::SYS_mq_timedsend,
            libc::SYS_mq_timedreceive,
            libc::SYS_futex_waitv,
            libc::SYS_fstat,
            libc::SYS_newfstatat,
            libc::SYS_statx,
            libc::SYS_utimensat,
            libc::SYS_connect,
            libc::SYS_sendto,
            libc::SYS_sendmsg,
            libc::SYS_sendmmsg,
            libc::SYS_io_uring_setup,
            libc::SYS_setsockopt,
            libc::SYS_adjtimex,
            libc::SYS_clock_adjtime,
            libc::SYS_prctl,
            libc::SYS_seccomp,
            libc::SYS_execve,
            libc::SYS_execveat,
            libc::SYS_prlimit64,
            libc::SYS_sched_setparam,
            libc::SYS_sched_setscheduler,
            libc::SYS_sched_setaffinity,
            libc::SYS_sched_setattr,
        ];
        assert_eq!(ours.map(i64::from), theirs);
        #[cfg(target_arch = "x86_64")]
        assert_eq!(
            [calls::ARCH_PRCTL, calls::TIME, calls::STAT, calls::LSTAT].map(|number| number.map(i64::from)),
            [libc::SYS_arch_prctl, libc::SYS_time, libc::SYS_stat, libc::SYS_lstat].map(Some)
        );
        #[cfg(target_arch = "aarch64")]
        assert_eq!(calls::FIRST.first().copied(), u32::try_from(libc::SYS_set_tid_address).ok());
    }
}
