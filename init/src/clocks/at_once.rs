//! Waits that are over before they begin.
//!
//! The kernel reads a deadline from the program's memory, and a program whose wait is over at once may already keep something
//! else there when the deadline is put back. Where the answer is known, the kernel is not asked, and nothing is put there.

use crate::process::Memory;
use crate::sys::{Notification, calls};

/// `FUTEX_CMD_MASK` leaves away the private and the clock flag.
const COMMAND: u64 = 0x7f;
const WAIT_BITSET: u64 = 9;

/// Returns what a call gives that does not wait: one whose deadline is `over`, or a futex whose word has changed; `None`
/// where the kernel has to decide.
///
/// Mistakes in the arguments are the kernel's to refuse.
#[must_use]
pub fn answer(call: &Notification, memory: &Memory, over: bool) -> Option<i64> {
    match call.call.cast_unsigned() {
        calls::CLOCK_NANOSLEEP => over.then_some(0),
        calls::FUTEX if call.arguments[1] & COMMAND == WAIT_BITSET => {
            let [address, _, expected, _, _, bits] = call.arguments;
            let mut word = [0; 4];
            let is_valid = address.is_multiple_of(4) && low(bits) != 0 && memory.read(address, &mut word).is_ok();
            of_futex(is_valid.then(|| u32::from_le_bytes(word)), low(expected), over)
        }
        _ => None,
    }
}

/// The word of a futex, none where the call is a mistake; what it is expected to be.
fn of_futex(word: Option<u32>, expected: u32, over: bool) -> Option<i64> {
    match word {
        Some(word) if word != expected => Some(-i64::from(libc::EAGAIN)),
        Some(_) if over => Some(-i64::from(libc::ETIMEDOUT)),
        _ => None,
    }
}

/// The kernel reads the lower half of these arguments.
fn low(argument: u64) -> u32 {
    u32::try_from(argument & u64::from(u32::MAX)).expect("32 bits are left")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_futex_is_decided_in_the_order_of_the_kernel() {
        assert_eq!(of_futex(Some(1), 2, false), Some(-11), "the word has changed");
        assert_eq!(of_futex(Some(1), 2, true), Some(-11), "which is looked at first");
        assert_eq!(of_futex(Some(2), 2, true), Some(-110));
        assert_eq!(of_futex(Some(2), 2, false), None, "it waits");
        assert_eq!(of_futex(None, 2, true), None, "a mistake");
        assert_eq!(low(0xffff_ffff_0000_0007), 7);
    }
}
