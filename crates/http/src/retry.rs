//! Whether to ask again, and after how long.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

/// How often one place is asked for one thing before the next place is, or it is given up.
pub const ATTEMPTS: u32 = 4;
/// The longest that a server may make us wait.
const LONGEST: Duration = Duration::from_secs(60);

/// Why one attempt failed, and what to do next.
#[derive(Debug)]
pub struct FailedRequest<E> {
    /// Told to the user where no other attempt follows.
    pub error: E,
    /// Whether another attempt makes sense.
    pub next: NextAttempt,
}

/// What to do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextAttempt {
    /// Asking again would not change it.
    Stop,
    /// It may pass; the server may have said after how long.
    Again(Option<Duration>),
}

impl<E> FailedRequest<E> {
    /// Wraps an error after which asking again would change nothing.
    pub const fn last(error: E) -> Self {
        Self { error, next: NextAttempt::Stop }
    }

    /// Wraps an error that may pass.
    pub const fn passing(error: E) -> Self {
        Self { error, next: NextAttempt::Again(None) }
    }
}

impl<E> From<E> for FailedRequest<E> {
    fn from(error: E) -> Self {
        Self::last(error)
    }
}

/// Counts attempts and waits between them: twice as long each time, and up to half of it more or less.
#[derive(Debug, Clone, Copy)]
pub struct AttemptCount {
    base: Duration,
    made: u32,
}

impl AttemptCount {
    /// Begins to count; `base` is the first pause.
    #[must_use]
    pub const fn new(base: Duration) -> Self {
        Self { base, made: 0 }
    }

    /// Begins to count anew, after an attempt that got somewhere.
    pub const fn forget(&mut self) {
        self.made = 0;
    }

    /// Returns the pause before the next attempt; `None` when there is none.
    pub fn pause(&mut self, next: NextAttempt) -> Option<Duration> {
        self.made += 1;
        let NextAttempt::Again(asked) = next else { return None };
        if self.made >= ATTEMPTS || asked.is_some_and(|asked| asked > LONGEST) {
            return None;
        }
        let usual = self.base * (1 << (self.made - 1));
        Some(asked.unwrap_or(Duration::ZERO).max(jittered(usual)))
    }
}

/// Tries until an attempt succeeds, is final, or was the last of [`ATTEMPTS`]. `failed` is told of each that is followed by
/// another one, and of the pause between them; the first is about as long as `base`.
///
/// # Errors
/// That of the last attempt.
pub async fn retry<T, E>(
    base: Duration,
    mut attempt: impl AsyncFnMut() -> Result<T, FailedRequest<E>>,
    mut failed: impl FnMut(&E, Duration),
) -> Result<T, E> {
    let mut attempts = AttemptCount::new(base);
    loop {
        match attempt().await {
            Ok(value) => return Ok(value),
            Err(failure) => {
                let Some(pause) = attempts.pause(failure.next) else { return Err(failure.error) };
                failed(&failure.error, pause);
                tokio::time::sleep(pause).await;
            }
        }
    }
}

/// Spreads a pause, so that many clients which failed together do not come back together.
fn jittered(pause: Duration) -> Duration {
    // The standard library seeds each map's hasher at random, which is all that is wanted here.
    let random = RandomState::new().build_hasher().finish() % 1_000;
    pause * u32::try_from(500 + random).expect("below 1500") / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_are_spread_and_end() {
        let mut attempts = AttemptCount::new(Duration::from_millis(100));
        for usual in [100, 200, 400] {
            let pause = attempts.pause(NextAttempt::Again(None)).expect("another attempt").as_millis();
            assert!((usual / 2..usual * 3 / 2).contains(&pause), "{pause} for {usual}");
        }
        assert!(attempts.pause(NextAttempt::Again(None)).is_none());
        assert!(AttemptCount::new(Duration::ZERO).pause(NextAttempt::Stop).is_none());
    }

    #[test]
    fn a_servers_wish_counts_within_reason() {
        let mut attempts = AttemptCount::new(Duration::from_millis(1));
        let asked = Duration::from_secs(7);
        assert_eq!(attempts.pause(NextAttempt::Again(Some(asked))), Some(asked));
        assert!(attempts.pause(NextAttempt::Again(Some(Duration::from_secs(3600)))).is_none());
    }
}
