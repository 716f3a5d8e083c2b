//! The code that answers time readings inside other programs, and the data that it reads.
//!
//! [`Stub`] is the bytes of one such piece of code. Its data is at its front: eleven words (see [`Stub::render`]), then
//! the first reading of each monotonic clock. The assembler writes both (see `sys::stub_code`).

use crate::sys;

/// The first word of the stub, by which a rewritten program image is known.
pub const MARKER: u64 = u64::from_le_bytes(*b"rcrepro\x01");

/// The wall clocks: `REALTIME`, `REALTIME_COARSE`, `REALTIME_ALARM`, `TAI`.
pub const WALL: u64 = 1 | 1 << 5 | 1 << 8 | 1 << 11;
/// The clocks that only move forwards: `MONOTONIC`, `MONOTONIC_RAW`, `MONOTONIC_COARSE`, `BOOTTIME`.
pub const STEADY: u64 = 1 << 1 | 1 << 4 | 1 << 6 | 1 << 7;

/// How many clocks have a first reading in the stub's data.
const CLOCKS: usize = 8;
const WORD: usize = 8;
/// Where three words are: seconds and nanoseconds of the wall clock, and whether it flows.
const WALL_AT: usize = WORD;
/// Where the words begin that change with every program.
const STEADY_AT: usize = 5 * WORD;
/// Where the word is by which held clocks have moved on.
pub const PASSED_AT: usize = 6 * WORD;
const SPIN_AT: usize = 8 * WORD;
/// Where two words are: the lowest address of the watching thread's stack, and how far it reaches.
pub const STACK_AT: usize = 9 * WORD;
const FIRST_AT: usize = 11 * WORD;

/// The readings, in nanoseconds, of monotonic clocks by their numbers at a program's start.
pub type Readings = [u64; CLOCKS];

const NANOS: i64 = 1_000_000_000;

/// What the wall clock of a program reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wall {
    /// One time, in seconds since 1970.
    Stands { seconds: i64 },
    /// The monotonic clock and so many nanoseconds.
    Flows { ahead: i64 },
}

/// The stub's code with the data that is the same for every program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stub {
    /// Data and code.
    pub bytes: Vec<u8>,
}

impl Stub {
    /// Fills in the way from the stub to the kernel's own `clock_gettime`. The wall clock reads 1970 until [`Self::set`].
    #[must_use]
    pub fn render(to_original: i64) -> Self {
        let mut bytes = sys::stub_code().to_vec();
        let words = [MARKER, 0, 0, 0, WALL, 0, 0, to_original.cast_unsigned()];
        for (word, at) in words.iter().zip(bytes.chunks_exact_mut(WORD)) {
            at.copy_from_slice(&word.to_le_bytes());
        }
        Self { bytes }
    }

    /// Sets the wall clock.
    pub fn set(&mut self, wall: Wall) {
        let words = match wall {
            Wall::Stands { seconds } => [seconds.cast_unsigned(), 0, 0],
            Wall::Flows { ahead } => {
                [ahead.div_euclid(NANOS).cast_unsigned(), ahead.rem_euclid(NANOS).cast_unsigned(), 1]
            }
        };
        for (index, word) in words.iter().enumerate() {
            self.bytes[WALL_AT + index * WORD..][..WORD].copy_from_slice(&word.to_le_bytes());
        }
    }

    /// Holds the monotonic clocks at these readings. They move on by what is written at [`PASSED_AT`], and while a program
    /// reads them again and again. `spin` is the address of a word, zero at first, that nothing else uses.
    ///
    /// *Reason:* a program may spin until some microseconds have passed; a clock that stands still holds it there.
    pub fn hold(&mut self, readings: &Readings, spin: u64) {
        let mut put = |at: usize, word: u64| self.bytes[at..at + WORD].copy_from_slice(&word.to_le_bytes());
        put(STEADY_AT, STEADY);
        put(SPIN_AT, spin);
        for (clock, reading) in readings.iter().enumerate() {
            put(FIRST_AT + clock * WORD, *reading);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(stub: &Stub, index: usize) -> u64 {
        u64::from_le_bytes(stub.bytes[index * 8..][..8].try_into().expect("eight bytes"))
    }

    #[test]
    fn data_stands_where_the_code_reads_it() {
        let mut stub = Stub::render(0x100);
        assert_eq!(word(&stub, 0), MARKER);
        stub.set(Wall::Flows { ahead: -1 });
        assert_eq!((word(&stub, 1).cast_signed(), word(&stub, 2), word(&stub, 3)), (-1, 999_999_999, 1));
        stub.set(Wall::Stands { seconds: -5 });
        assert_eq!((word(&stub, 2), word(&stub, 3)), (0, 0));
        assert_eq!(word(&stub, 1).cast_signed(), -5);
        assert_eq!((word(&stub, 4), word(&stub, 5), word(&stub, 7)), (WALL, 0, 0x100));
        stub.hold(&[0, 11, 0, 0, 14, 0, 16, 17], 88);
        assert_eq!((word(&stub, 5), word(&stub, 6), word(&stub, 8)), (STEADY, 0, 88));
        assert_eq!((word(&stub, 12), word(&stub, 18)), (11, 17));
        let entries = sys::stub_entries();
        assert!(entries.clock_gettime == 19 * 8 && entries.gettimeofday < stub.bytes.len());
    }
}
