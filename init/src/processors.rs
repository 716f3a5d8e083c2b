//! How many processors programs are told of.

use std::io;

use crate::memory::Memory;
use crate::sys::{self, Answer, Notification};

const MASK: usize = 128;

/// Answers `sched_getaffinity`: a thread that may use all of this process's processors is told of so many as were asked
/// for, one that was bound to some of them hears the truth.
///
/// # Errors
/// What the system says when the memory cannot be written.
pub fn serve(call: &Notification, cpus: Option<u32>) -> io::Result<Answer> {
    let [pid, size, address, ..] = call.arguments;
    let Some(cpus) = cpus.filter(|_| size >= 8) else { return Ok(Answer::Kernel) };
    let asked = match i32::try_from(pid) {
        Ok(0) | Err(_) => i32::try_from(call.pid).map_err(io::Error::other)?,
        Ok(other) => other,
    };
    let (mut own, mut theirs) = ([0; MASK], [0; MASK]);
    sys::affinity(0, &mut own)?;
    // A process of that number may be none of this name space's: the kernel says so itself.
    let Ok(_) = sys::affinity(asked, &mut theirs) else { return Ok(Answer::Kernel) };
    if own != theirs {
        return Ok(Answer::Kernel);
    }
    Memory::open(call.pid)?.write(address, &mask(cpus).to_le_bytes())?;
    Ok(Answer::Value(8))
}

/// Gives the mask of the first processors, 64 at most.
fn mask(cpus: u32) -> u64 {
    u64::MAX >> (64 - cpus.clamp(1, 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_have_as_many_bits() {
        assert_eq!([1, 4, 64].map(mask), [1, 15, u64::MAX]);
    }
}
