//! The ids of runs.

use std::str::FromStr;

use super::error::RunFolderError;
use rcrepro_model::text::civil_date;

/// Names a run: when it began, in UTC, its number in the store, and a suffix. Sorts by number; a run without one, of a store
/// that gave none, comes before all that have one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId {
    number: u64,
    text: String,
}

impl RunId {
    /// Makes an id from a number from 1, seconds since 1970, and a random suffix of 1 to 32 lower-case letters and digits.
    /// A time before the year 1 or after 9999 is written as the nearest in those.
    ///
    /// # Errors
    /// [`RunFolderError::Id`] when number or suffix are not such.
    pub fn new(number: u64, seconds: i64, suffix: &str) -> Result<Self, RunFolderError> {
        let time = civil_date::utc_second(seconds).replace(['-', ':'], "");
        format!("{time}-{number}-{suffix}").parse()
    }

    /// Returns the run's number in the store; 0 for a run of a store that gave none.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// Returns the id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl std::fmt::Display for RunId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for RunId {
    type Err = RunFolderError;

    fn from_str(text: &str) -> Result<Self, RunFolderError> {
        let is_time = |time: &str| {
            let mut shape = time.bytes().zip("ddddddddTddddddZ".bytes());
            time.len() == 16
                && shape.all(|(found, wanted)| if wanted == b'd' { found.is_ascii_digit() } else { found == wanted })
        };
        let is_suffix = |suffix: &str| {
            (1..=32).contains(&suffix.len())
                && suffix.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        let parts: Vec<&str> = text.split('-').collect();
        let number = match parts[..] {
            [time, suffix] if is_time(time) && is_suffix(suffix) => Some(0),
            [time, number, suffix] if is_time(time) && is_suffix(suffix) => counted(number),
            _ => None,
        };
        match number {
            Some(number) => Ok(Self { number, text: text.to_owned() }),
            None => Err(RunFolderError::Id { found: text.to_owned() }),
        }
    }
}

/// Reads a number from 1 in its only form. Eighteen digits leave room for one more.
fn counted(text: &str) -> Option<u64> {
    let plain = (1..=18).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain && !text.starts_with('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_show_number_and_time_and_sort_by_the_number_alone() {
        let id = |number, seconds| RunId::new(number, seconds, "k3f9").expect("a good id");
        assert_eq!(id(1, 0).as_str(), "19700101T000000Z-1-k3f9");
        assert_eq!(id(2, 951_782_400).as_str(), "20000229T000000Z-2-k3f9");
        assert_eq!(id(17, 1_700_000_000).as_str(), "20231114T221320Z-17-k3f9");
        assert!(id(9, 1_700_000_000) < id(10, 0), "neither by the clock nor by the digits");
        let old: RunId = "20991231T235959Z-zzzz".parse().expect("an id of a store without numbers");
        assert!(old < id(1, 0));
        assert!("20231114T221320Z-a".parse::<RunId>().expect("an id") < old);
    }

    #[test]
    fn no_clock_is_too_wrong_for_an_id() {
        for (seconds, expected) in [
            (-1, "19691231T235959Z-1-a"),
            (i64::MIN, "00010101T000000Z-1-a"),
            (253_402_300_800, "99991231T235959Z-1-a"),
            (i64::MAX, "99991231T235959Z-1-a"),
        ] {
            assert_eq!(RunId::new(1, seconds, "a").expect("an id").as_str(), expected);
        }
    }

    #[test]
    fn other_texts_are_no_ids() {
        for wrong in [
            "",
            "x",
            "20231114T221320Z",
            "20231114T221320Z-",
            "20231114T221320Z-K",
            "20231114 221320Z-a",
            "../20231114T221320Z-a",
            "20231114T221320Z-0-a",
            "20231114T221320Z-01-a",
            "20231114T221320Z--a",
            "20231114T221320Z-1-",
            "20231114T221320Z-+1-a",
            "20231114T221320Z-1-a-b",
            "20231114T221320Z-18446744073709551615-a",
        ] {
            assert!(wrong.parse::<RunId>().is_err(), "{wrong}");
        }
        assert!(RunId::new(1, 0, "a/b").is_err());
    }
}
