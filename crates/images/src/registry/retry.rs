//! When and how long to wait before the next attempt.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

use super::error::RegistryError;

/// How often one place is asked for one thing before the next place is, or it is given up.
pub const ATTEMPTS: u32 = 4;
/// The longest that a registry may make us wait.
const LONGEST: Duration = Duration::from_secs(60);

/// Why one attempt failed and whether another one makes sense.
#[derive(Debug)]
pub(super) struct Failure {
    pub error: RegistryError,
    pub next: Next,
}

/// What to do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Asking again would not change it.
    Stop,
    /// It may pass; the registry may have said after how long.
    Again(Option<Duration>),
}

impl Failure {
    pub const fn last(error: RegistryError) -> Self {
        Self { error, next: Next::Stop }
    }

    pub const fn passing(error: RegistryError) -> Self {
        Self { error, next: Next::Again(None) }
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        Self::last(error)
    }
}

/// Counts attempts and waits between them: twice as long each time, and up to half of it more or less.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempts {
    base: Duration,
    made: u32,
}

impl Attempts {
    pub const fn new(base: Duration) -> Self {
        Self { base, made: 0 }
    }

    /// Begins to count anew, after an attempt that got somewhere.
    pub const fn forget(&mut self) {
        self.made = 0;
    }

    /// Returns the pause before the next attempt, or the failure when there is none.
    ///
    /// # Errors
    /// The failure's own error.
    pub fn pause(&mut self, failure: Failure) -> Result<Duration, RegistryError> {
        self.made += 1;
        let Next::Again(asked) = failure.next else { return Err(failure.error) };
        if self.made >= ATTEMPTS || asked.is_some_and(|asked| asked > LONGEST) {
            return Err(failure.error);
        }
        let usual = self.base * (1 << (self.made - 1));
        Ok(asked.unwrap_or(Duration::ZERO).max(jittered(usual)))
    }
}

/// Spreads a pause, so that many clients which failed together do not come back together.
fn jittered(pause: Duration) -> Duration {
    // The standard library seeds each map's hasher at random, which is all that is wanted here.
    let random = RandomState::new().build_hasher().finish() % 1_000;
    pause * u32::try_from(500 + random).expect("below 1500") / 1_000
}

/// Reads `Retry-After` in seconds; its other form, a date, counts as not said.
pub(super) fn retry_after(headers: &reqwest::header::HeaderMap) -> Option<Duration> {
    let value = headers.get(reqwest::header::RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(next: Next) -> Failure {
        Failure { error: RegistryError::NotFound { object: "x".into(), registry: "y".into() }, next }
    }

    #[test]
    fn pauses_grow_are_spread_and_end() {
        let mut attempts = Attempts::new(Duration::from_millis(100));
        for usual in [100, 200, 400] {
            let pause = attempts.pause(failure(Next::Again(None))).expect("another attempt").as_millis();
            assert!((usual / 2..usual * 3 / 2).contains(&pause), "{pause} for {usual}");
        }
        assert!(attempts.pause(failure(Next::Again(None))).is_err());
        assert!(Attempts::new(Duration::ZERO).pause(failure(Next::Stop)).is_err());
    }

    #[test]
    fn a_registrys_wish_counts_within_reason() {
        let mut attempts = Attempts::new(Duration::from_millis(1));
        let asked = Duration::from_secs(7);
        assert_eq!(attempts.pause(failure(Next::Again(Some(asked)))).expect("another attempt"), asked);
        assert!(attempts.pause(failure(Next::Again(Some(Duration::from_secs(3600))))).is_err());
        let headers =
            |value: &str| [(reqwest::header::RETRY_AFTER, value.parse().expect("a value"))].into_iter().collect();
        assert_eq!(retry_after(&headers("7")), Some(asked));
        assert_eq!(retry_after(&headers("Wed, 21 Oct 2026 07:28:00 GMT")), None);
    }
}
