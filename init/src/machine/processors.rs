//! How many processors programs are told of.

use std::io;

use crate::process::Memory;
use crate::sys::{self, Notification, SystemCallAnswer};

const MASK: usize = 128;

/// How many processors programs are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessorCount {
    /// This many, or as many as there are where those are fewer.
    AtMost(u32),
    /// This many.
    Exactly(u32),
}

/// Answers `sched_getaffinity`: a thread that may use all of this process's processors is told of so many as were asked
/// for, one that was bound to some of them is told of those.
///
/// # Errors
/// What the system says when the memory cannot be written.
pub fn serve(call: &Notification, told: Option<ProcessorCount>) -> io::Result<SystemCallAnswer> {
    let [pid, size, address, ..] = call.arguments;
    let Some(told) = told.filter(|_| size >= 8) else { return Ok(SystemCallAnswer::Kernel) };
    let asked = match i32::try_from(pid) {
        Ok(0) | Err(_) => i32::try_from(call.pid).map_err(io::Error::other)?,
        Ok(other) => other,
    };
    let (mut own, mut theirs) = ([0; MASK], [0; MASK]);
    sys::affinity(0, &mut own)?;
    // A process of that number may be none of this name space's: the kernel says so itself.
    let Ok(_) = sys::affinity(asked, &mut theirs) else { return Ok(SystemCallAnswer::Kernel) };
    if own != theirs {
        return Ok(SystemCallAnswer::Kernel);
    }
    Memory::open(call.pid)?.write(address, &mask(number(told, &own)).to_le_bytes())?;
    Ok(SystemCallAnswer::Value(8))
}

/// Returns how many processors are told of on a machine that offers these.
fn number(told: ProcessorCount, own: &[u8]) -> u32 {
    match told {
        ProcessorCount::Exactly(number) => number,
        ProcessorCount::AtMost(number) => number.min(own.iter().map(|byte| byte.count_ones()).sum()),
    }
}

/// Returns the mask of the first processors, 64 at most.
fn mask(cpus: u32) -> u64 {
    u64::MAX >> (64 - cpus.clamp(1, 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_are_told_of_than_there_are_unless_the_plan_says_so() {
        let two = [0b1001_0000, 0];
        assert_eq!(number(ProcessorCount::AtMost(4), &two), 2);
        assert_eq!(number(ProcessorCount::AtMost(1), &two), 1);
        assert_eq!(number(ProcessorCount::Exactly(4), &two), 4);
    }

    #[test]
    fn masks_have_as_many_bits() {
        assert_eq!([1, 4, 64].map(mask), [1, 15, u64::MAX]);
    }
}
