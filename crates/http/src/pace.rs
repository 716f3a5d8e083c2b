//! The least rate at which a body has to arrive: a server that sends a byte now and then would never be done.

use std::time::Duration;

/// The fewest bytes a second.
const LEAST: u64 = 1024;
/// Over how long the rate is taken.
const WINDOW: Duration = Duration::from_secs(30);
/// How long the beginning of an answer may take.
pub(crate) const ANSWER: Duration = Duration::from_secs(120);

/// Watches a body arrive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pace {
    began: Duration,
    arrived: u64,
}

/// The error for a body that arrives too slowly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "only {arrived} bytes arrived within {} s: expected at least {LEAST} bytes a second",
    took.as_secs()
)]
pub struct TooSlow {
    arrived: u64,
    took: Duration,
}

impl Pace {
    /// Takes note of bytes that have arrived so long after the body began.
    ///
    /// # Errors
    /// [`TooSlow`] at the end of a window in which too few came.
    pub(crate) fn take(&mut self, now: Duration, bytes: u64) -> Result<(), TooSlow> {
        self.arrived += bytes;
        let took = now.saturating_sub(self.began);
        if took < WINDOW {
            return Ok(());
        }
        if self.arrived < LEAST * took.as_secs() {
            return Err(TooSlow { arrived: self.arrived, took });
        }
        *self = Self { began: now, arrived: 0 };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(at: u64) -> Duration {
        Duration::from_secs(at)
    }

    #[test]
    fn a_byte_a_second_ends_with_the_first_window() {
        let mut pace = Pace::default();
        let slow = (1..1_000).find_map(|at| pace.take(second(at), 1).err().map(|slow| (at, slow)));
        let (at, slow) = slow.expect("too slow");
        assert_eq!(at, 30);
        assert_eq!(slow.to_string(), "only 30 bytes arrived within 30 s: expected at least 1024 bytes a second");
    }

    #[test]
    fn a_fast_beginning_does_not_pay_for_a_slow_end() {
        let mut pace = Pace::default();
        assert_eq!(pace.take(second(1), 1 << 30), Ok(()));
        assert_eq!(pace.take(second(31), 1), Ok(()));
        assert!((32..100).any(|at| pace.take(second(at), 1).is_err()));
        let mut steady = Pace::default();
        assert!((1..1_000).all(|at| steady.take(second(at), LEAST).is_ok()));
    }
}
