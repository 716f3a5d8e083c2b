//! The wall clock that a command sees: one that stands, or one that starts when the command begins and flows.

use std::io;

use crate::programs::clamp::ClampTimes;
use crate::programs::stub::Wall;
use crate::sys;

const NANOS: i64 = 1_000_000_000;

/// What the wall clock is asked to do; times are in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It reads one time for ever.
    Stands(i64),
    /// It reads this time when the command begins, and goes on with monotonic time.
    Starts(i64),
}

/// The wall clock of a command that has begun, or is about to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandClock {
    wall: Wall,
    /// The machine's wall clock when the command began, in nanoseconds.
    began: i64,
    /// How far this clock is ahead of the machine's wall clock, in nanoseconds.
    shift: i64,
}

impl CommandClock {
    /// Starts the clock now.
    ///
    /// *Reason for the coarse clock:* it lags behind the precise one by a tick at most, so that neither of the two can read
    /// a time before the one at which the clock starts.
    ///
    /// # Errors
    /// What the system says when a clock cannot be read.
    pub fn begin(asked: Asked) -> io::Result<Self> {
        let (steady, began) = both()?;
        let nanos = |seconds: i64| {
            let nanos = seconds.checked_mul(NANOS).filter(|nanos| nanos.checked_sub(began.max(steady)).is_some());
            nanos.ok_or_else(|| io::Error::other("the time is beyond the year 2262"))
        };
        Ok(match asked {
            Asked::Stands(seconds) => Self { wall: Wall::Stands { seconds }, began, shift: 0 },
            Asked::Starts(seconds) => {
                let start = nanos(seconds)?;
                Self { wall: Wall::Flows { ahead: start - steady }, began, shift: start - began }
            }
        })
    }

    /// Returns the time of a file on this clock, from the machine's; `None` where it is the same on both.
    ///
    /// What was written since the command began is as far from its beginning here as there. What lies between the two
    /// beginnings was written before the command began, with the image or the container, and would be in the
    /// command's future: it is as old as the command.
    #[must_use]
    pub fn of_file(&self, seconds: i64, nanos: i64) -> Option<(i64, i64)> {
        let written = seconds.checked_mul(NANOS)?.checked_add(nanos)?;
        let ours = match written {
            _ if written >= self.began => written.checked_add(self.shift)?,
            _ if written > self.began + self.shift => self.began + self.shift,
            _ => return None,
        };
        Some((ours.div_euclid(NANOS), ours.rem_euclid(NANOS)))
    }

    /// Returns the machine's time for one that a program sets on a file, so that [`Self::of_file`] gives back what was set; none
    /// where it is the same on both.
    #[must_use]
    pub fn to_file(self, seconds: i64, nanos: i64) -> Option<(i64, i64)> {
        let ours = seconds.checked_mul(NANOS)?.checked_add(nanos)?;
        let written = ours.checked_sub(self.shift).filter(|_| ours >= self.began + self.shift)?;
        Some((written.div_euclid(NANOS), written.rem_euclid(NANOS)))
    }

    /// Returns what archivers read of files that are later than this clock's beginning: that beginning. Files of the command itself are
    /// later on the machine's clock, also where this clock is ahead of it.
    #[must_use]
    pub fn clamp(&self) -> ClampTimes {
        let began = self.began.div_euclid(NANOS);
        let to = match self.wall {
            Wall::Stands { seconds } => seconds,
            Wall::Flows { .. } => (self.began + self.shift).div_euclid(NANOS),
        };
        ClampTimes { from: to.min(began), to }
    }

    /// Returns what programs are to read.
    #[must_use]
    pub const fn wall(&self) -> Wall {
        self.wall
    }

    /// Reads it: seconds since 1970, and nanoseconds. With `coarse` as of the last tick.
    ///
    /// # Errors
    /// What the system says when a clock cannot be read.
    pub fn now(&self, coarse: bool) -> io::Result<(i64, i64)> {
        match self.wall {
            Wall::Stands { seconds } => Ok((seconds, 0)),
            Wall::Flows { ahead } => {
                let steady = read(if coarse { libc::CLOCK_MONOTONIC_COARSE } else { libc::CLOCK_MONOTONIC })?;
                let now = steady + ahead;
                Ok((now.div_euclid(NANOS), now.rem_euclid(NANOS)))
            }
        }
    }

    /// Moves a deadline on this clock to one of the machine's clocks, both in nanoseconds; `None` for what the kernel refuses
    /// by itself, and for deadlines beyond all time.
    ///
    /// The machine's clock is read last: a deadline may come a little late, and never early.
    ///
    /// # Errors
    /// What the system says when a clock cannot be read.
    pub fn deadline(&self, seconds: i64, nanos: i64, clock: i32) -> io::Result<Option<i64>> {
        let (now, now_nanos) = self.now(false)?;
        let machine = read(clock)?;
        Ok(moved((seconds, nanos), (now, now_nanos), machine))
    }
}

/// Reads both coarse clocks within one tick: the steady one and the wall clock.
fn both() -> io::Result<(i64, i64)> {
    loop {
        let (before, wall) = (read(libc::CLOCK_MONOTONIC_COARSE)?, read(libc::CLOCK_REALTIME_COARSE)?);
        if read(libc::CLOCK_MONOTONIC_COARSE)? == before {
            return Ok((before, wall));
        }
    }
}

/// Reads one of the machine's clocks, in nanoseconds.
///
/// # Errors
/// What the system says when a clock cannot be read.
pub fn read(clock: i32) -> io::Result<i64> {
    i64::try_from(sys::clock(clock)?).map_err(io::Error::other)
}

/// Moves a deadline: as far from the machine's clock as it was from ours.
fn moved((seconds, nanos): (i64, i64), (now, now_nanos): (i64, i64), machine: i64) -> Option<i64> {
    if seconds < 0 || !(0..NANOS).contains(&nanos) {
        return None;
    }
    let far = seconds.checked_sub(now)?.checked_mul(NANOS)?.checked_add(nanos - now_nanos)?;
    // A deadline that passed long ago has passed on the machine's clock, too, which knows no time before its beginning.
    far.checked_add(machine).map(|moved| moved.max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_keep_their_distance() {
        assert_eq!(moved((105, 7), (100, 0), 1_000 * NANOS), Some(1_005 * NANOS + 7));
        assert_eq!(moved((105, 7), (100, 9), 1_000 * NANOS), Some(1_005 * NANOS - 2));
        assert_eq!(moved((90, 0), (100, 0), 1_000 * NANOS), Some(990 * NANOS));
        assert_eq!(moved((0, 1), (1_700_000_000, 0), 5), Some(0), "long ago");
        assert_eq!(moved((i64::MAX, 0), (100, 0), 0), None);
        assert_eq!(moved((1, NANOS), (0, 0), 0), None);
        assert_eq!(moved((-1, 0), (0, 0), 0), None);
    }

    #[test]
    fn times_of_files_come_back_as_they_were_set() {
        let clock = CommandClock { wall: Wall::Stands { seconds: 0 }, began: 900 * NANOS, shift: -800 * NANOS };
        for set in [(3, 4), (99, 999_999_999), (100, 0), (150, 7), (901, 0), (100_000, 5)] {
            let (seconds, nanos) = clock.to_file(set.0, set.1).unwrap_or(set);
            assert_eq!(clock.of_file(seconds, nanos).unwrap_or((seconds, nanos)), set);
        }
        assert_eq!(clock.of_file(905, 1), Some((105, 1)), "written five seconds after the beginning");
        assert_eq!(clock.of_file(500, 0), Some((100, 0)), "of an image that is younger than the source");
        assert_eq!((clock.of_file(77, 0), clock.to_file(77, 0)), (None, None));
    }

    #[test]
    fn a_clock_that_starts_begins_at_its_time_and_flows() {
        let clock = CommandClock::begin(Asked::Starts(100)).expect("clocks");
        let first = clock.now(true).expect("clocks");
        std::thread::sleep(std::time::Duration::from_millis(30));
        let second = clock.now(false).expect("clocks");
        assert!(((100, 0)..(101, 0)).contains(&first), "{first:?}");
        assert!(second > first && second < (130, 0), "{first:?} {second:?}");
        let still = CommandClock::begin(Asked::Stands(100)).expect("clocks");
        assert_eq!((still.now(true).ok(), still.now(false).ok()), (Some((100, 0)), Some((100, 0))));
        assert!(CommandClock::begin(Asked::Starts(i64::MAX)).is_err());
    }
}
