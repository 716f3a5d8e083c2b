//! Blocks that look at a call's arguments before they decide.

use super::bpf::{ABOVE, AND, AT_LEAST, HIGH, REFUSED, allow, argument, equal, length, load, notify, set, verdict};
use crate::programs::clamp;
use crate::sys::{FilterInstruction, HANDOVER};

/// `FUTEX_CMD_MASK` leaves away the private and the clock flag.
const FUTEX_COMMAND: u32 = 0x7f;
const FUTEX_CLOCK_REALTIME: u32 = 0x100;
/// By which programs install filters of their own.
pub(super) const SECCOMP_SET_MODE_FILTER: u32 = 1;
const PR_SET_SECCOMP: u32 = 22;
const SECCOMP_MODE_FILTER: u32 = 2;
/// What resolvers send their questions with.
const MSG_NOSIGNAL: u32 = 0x4000;
/// The sizes of a question to a name server: a header and a name at least, a datagram that needs no extension at most.
const QUESTION: (u32, u32) = (17, 512);

/// Tells the supervisor of calls with this argument, and allows all others.
pub(super) fn notify_of(index: u32, value: u32) -> Vec<FilterInstruction> {
    vec![load(argument(index)), equal(value, 0, 1), notify(), allow()]
}

/// Refuses calls whose first argument is this process, and allows all others.
pub(super) fn about_own(own: u32) -> Vec<FilterInstruction> {
    vec![load(argument(0)), equal(own, 0, 1), verdict(REFUSED), allow()]
}

/// Refuses to set limits of this process; to read them stays allowed.
pub(super) fn limits(own: u32) -> Vec<FilterInstruction> {
    vec![
        load(argument(0)),
        equal(own, 1, 0),
        allow(),
        load(argument(2)),
        equal(0, 0, 2),
        load(argument(2) + HIGH),
        equal(0, 1, 0),
        verdict(REFUSED),
        allow(),
    ]
}

/// Falls through when a 64-bit argument is zero, allows the call otherwise.
pub(super) fn zero(index: u32) -> Vec<FilterInstruction> {
    vec![load(argument(index)), equal(0, 1, 0), allow(), load(argument(index) + HIGH), equal(0, 1, 0), allow()]
}

/// Tells the supervisor of calls whose first argument is a wall clock (`REALTIME`, `REALTIME_COARSE`, `REALTIME_ALARM`,
/// `TAI`). `further` is asked of these: it falls through, or allows the call.
pub(super) fn wall_clock(further: &[FilterInstruction]) -> Vec<FilterInstruction> {
    let mut block = vec![load(argument(0))];
    for clock in [0, 5, 8] {
        block.push(equal(clock, 0, 1 + length(further)));
        block.extend_from_slice(further);
        block.push(notify());
    }
    block.extend([equal(11, 1, 0), allow()]);
    block.extend_from_slice(further);
    block.push(notify());
    block
}

/// Falls through for a time that is a deadline, and allows a duration: `TIMER_ABSTIME` and `TFD_TIMER_ABSTIME` are the
/// lowest bit of the flags, which are the second argument.
pub(super) fn only_absolute() -> Vec<FilterInstruction> {
    vec![load(argument(1)), set(1, 1, 0), allow()]
}

/// Tells the supervisor of calls that name `CLOCK_REALTIME` in this argument.
pub(super) fn on_realtime(index: u32) -> Vec<FilterInstruction> {
    vec![load(argument(index)), equal(0, 1, 0), allow(), notify()]
}

/// Questions for a file's times. An archiver's own answer is as good: it says so in the last argument, which the kernel does not read.
pub(super) fn question_for_times() -> Vec<FilterInstruction> {
    if !clamp::IS_POSSIBLE {
        return vec![notify()];
    }
    let (low, high) = ((clamp::WORD & 0xffff_ffff) as u32, (clamp::WORD >> 32) as u32);
    vec![load(argument(5)), equal(low, 0, 3), load(argument(5) + HIGH), equal(high, 0, 1), allow(), notify()]
}

/// Times that a program gives. Without a pointer the times are those of now, which the kernel has.
pub(super) fn given_times() -> Vec<FilterInstruction> {
    vec![load(argument(2)), equal(0, 0, 3), load(argument(2) + HIGH), equal(0, 0, 1), allow(), notify()]
}

/// `prctl`, where it installs a filter.
pub(super) fn prctl() -> Vec<FilterInstruction> {
    vec![
        load(argument(0)),
        equal(PR_SET_SECCOMP, 0, 3),
        load(argument(1)),
        equal(SECCOMP_MODE_FILTER, 0, 1),
        notify(),
        allow(),
    ]
}

/// `SO_TIMESTAMP` and its kin, by which packets come with the machine's wall clock.
pub(super) fn stamps() -> Vec<FilterInstruction> {
    let mut block = vec![load(argument(1)), equal(1, 1, 0), allow(), load(argument(2))];
    for option in [29, 35, 37, 63, 64, 65] {
        block.extend([equal(option, 0, 1), notify()]);
    }
    block.push(allow());
    block
}

/// `sendmsg`, whose address is behind a pointer, which no filter can follow.
pub(super) fn sendmsg() -> Vec<FilterInstruction> {
    vec![load(argument(2)), equal(HANDOVER.cast_unsigned(), 0, 1), allow(), notify()]
}

/// What is sent to an address, and what may be a question to the name server that the socket is connected to.
pub(super) fn sendto() -> Vec<FilterInstruction> {
    vec![
        load(argument(4)),
        equal(0, 1, 0),
        notify(),
        load(argument(4) + HIGH),
        equal(0, 1, 0),
        notify(),
        load(argument(3)),
        set(MSG_NOSIGNAL, 0, 4),
        load(argument(2)),
        FilterInstruction { code: AT_LEAST, jt: 0, jf: 2, k: QUESTION.0 },
        FilterInstruction { code: ABOVE, jt: 1, jf: 0, k: QUESTION.1 },
        notify(),
        allow(),
    ]
}

/// Waits with a deadline on the wall clock: `WAIT_BITSET`, `WAIT_REQUEUE_PI` and `LOCK_PI2` say so by a flag, `LOCK_PI` knows
/// no other clock. No deadline, no question.
pub(super) fn futex() -> Vec<FilterInstruction> {
    let mut block = vec![
        // A null pointer instead of a deadline.
        load(argument(3)),
        equal(0, 0, 3),
        load(argument(3) + HIGH),
        equal(0, 0, 1),
        allow(),
        load(argument(1)),
        FilterInstruction { code: AND, jt: 0, jf: 0, k: FUTEX_COMMAND },
        equal(6, 0, 1),
        notify(),
    ];
    block.extend([equal(9, 3, 0), equal(11, 2, 0), equal(13, 1, 0), allow()]);
    block.extend([load(argument(1)), set(FUTEX_CLOCK_REALTIME, 0, 1), notify(), allow()]);
    block
}
