//! Instructions of the kernel's packet filter, as `seccomp` reads them, and how they are put together.

use crate::sys::FilterInstruction;

const LOAD: u16 = 0x20;
const EQUAL: u16 = 0x15;
const SET: u16 = 0x45;
const RETURN: u16 = 0x06;
pub(super) const AND: u16 = 0x54;
pub(super) const ABOVE: u16 = 0x25;
pub(super) const AT_LEAST: u16 = 0x35;

const ALLOW: u32 = 0x7fff_0000;
const NOTIFY: u32 = 0x7fc0_0000;
/// Fails with `ENOSYS`, as on a kernel that does not know the call: programs then go the usual way.
pub(super) const UNKNOWN_CALL: u32 = 0x0005_0000 | 38;
/// Fails with `EPERM`, as for a process of another user.
pub(super) const REFUSED: u32 = 0x0005_0000 | 1;

/// Where the call's number, its architecture and its arguments are in `struct seccomp_data`.
pub(super) const NUMBER: u32 = 0;
pub(super) const ARCHITECTURE: u32 = 4;
pub(super) const fn argument(index: u32) -> u32 {
    16 + 8 * index
}
/// From the low half of a 64-bit argument, which comes first, to the high one.
pub(super) const HIGH: u32 = 4;

/// A filter that is being put together.
pub(super) struct Blocks {
    pub(super) instructions: Vec<FilterInstruction>,
}

impl Blocks {
    pub(super) fn new(instructions: Vec<FilterInstruction>) -> Self {
        Self { instructions }
    }

    pub(super) fn extend(&mut self, instructions: impl IntoIterator<Item = FilterInstruction>) {
        self.instructions.extend(instructions);
    }

    /// Adds what is done for one call; nothing where the machine has no such call.
    pub(super) fn call(&mut self, number: impl Into<Option<u32>>, block: &[FilterInstruction]) {
        if let Some(number) = number.into() {
            self.extend([equal(number, 0, length(block))]);
            self.extend(block.iter().copied());
        }
    }

    /// Adds what is done when the loaded word is anything else than `value`.
    pub(super) fn when_not(&mut self, value: u32, block: Vec<FilterInstruction>) {
        self.extend([equal(value, length(&block), 0)]);
        self.extend(block);
    }
}

/// Returns how many instructions a jump over a block skips.
pub(super) fn length(block: &[FilterInstruction]) -> u8 {
    u8::try_from(block.len()).expect("a block has a few instructions")
}

pub(super) const fn load(at: u32) -> FilterInstruction {
    FilterInstruction { code: LOAD, jt: 0, jf: 0, k: at }
}

/// Skips `yes` instructions when the loaded word is `value`, `no` otherwise.
pub(super) const fn equal(value: u32, yes: u8, no: u8) -> FilterInstruction {
    FilterInstruction { code: EQUAL, jt: yes, jf: no, k: value }
}

/// Skips `yes` instructions when the loaded word has any of these bits, `no` otherwise.
pub(super) const fn set(bits: u32, yes: u8, no: u8) -> FilterInstruction {
    FilterInstruction { code: SET, jt: yes, jf: no, k: bits }
}

pub(super) const fn verdict(action: u32) -> FilterInstruction {
    FilterInstruction { code: RETURN, jt: 0, jf: 0, k: action }
}

pub(super) const fn allow() -> FilterInstruction {
    verdict(ALLOW)
}

pub(super) const fn notify() -> FilterInstruction {
    verdict(NOTIFY)
}
