//! The machine's other table of calls: programs of 32 bits, and others that use it. Any further table is unknown.

use super::arguments::{about_own, limits};
use super::bpf::{Blocks, NUMBER, UNKNOWN_CALL, allow, argument, equal, load, notify, verdict};
use super::watched::Watched;
use crate::sys::FilterInstruction;
use crate::sys::calls::{self, socketcall};

/// Decides about every call of that table.
pub(super) fn block(watched: Watched, own: u32) -> Vec<FilterInstruction> {
    let calls::Narrow { architecture, connect, sendto, sendmsg, sendmmsg, .. } = calls::NARROW;
    let mut block = Blocks::new(vec![equal(architecture, 1, 0), verdict(UNKNOWN_CALL), load(NUMBER)]);
    for (index, number) in calls::NARROW.about_others.iter().enumerate() {
        block.call(*number, &if index == 0 { limits(own) } else { about_own(own) });
    }
    let mut notified = Vec::new();
    if watched.network {
        block.call(calls::NARROW.io_uring_setup, &[verdict(UNKNOWN_CALL)]);
        notified.extend([connect, sendto, sendmsg, sendmmsg]);
        block.call(calls::NARROW.socketcall, &kinds_of_socketcall());
    }
    if watched.wall_clocks {
        notified.extend(calls::NARROW.clocks);
        notified.extend(calls::NARROW.exec);
        block.call(calls::NARROW.brk, &[load(argument(0)), equal(0, 0, 1), notify(), allow()]);
    }
    for number in notified {
        block.call(number, &[notify()]);
    }
    block.extend([allow()]);
    block.instructions
}

/// Tells the supervisor of those of its own numbers that connect or send.
fn kinds_of_socketcall() -> Vec<FilterInstruction> {
    use socketcall::{CONNECT, SENDMMSG, SENDMSG, SENDTO};
    let kinds = [equal(CONNECT, 4, 0), equal(SENDTO, 3, 0), equal(SENDMSG, 2, 0), equal(SENDMMSG, 1, 0)];
    [&[load(argument(0))][..], &kinds, &[allow(), notify()]].concat()
}
