//! Days of the civil calendar: what people write as `2026-12-31`.

use std::fmt;
use std::str::FromStr;

use crate::content::digest::serde_as_text;

/// The error for a text that is not a valid date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid date `{found}`: expected YYYY-MM-DD, such as 2026-12-31")]
pub struct CivilDateError {
    /// The text that was found.
    pub found: String,
}

/// A day of the proleptic Gregorian calendar, in no time zone; ordered as days follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CivilDate {
    year: u16,
    month: u8,
    day: u8,
}

impl CivilDate {
    /// Makes a date of a year from 1 to 9999, a month from 1 and a day from 1; `None` for a day that does not exist.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let fits = (1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=length(year, month)).contains(&day);
        fits.then_some(Self { year, month, day })
    }

    /// Returns the day in UTC of an instant in seconds since 1970; none outside the years 1 to 9999.
    ///
    /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
    #[must_use]
    pub fn of_unix_seconds(seconds: i64) -> Option<Self> {
        // Days since 0000-03-01: years then end with February, so that its length disturbs no other month.
        let days = seconds.div_euclid(86_400).checked_add(719_468)?;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self::new(u16::try_from(year).ok()?, u8::try_from(month).ok()?, u8::try_from(day).ok()?)
    }
}

/// Writes an instant in seconds since 1970 as RFC 3339 in UTC; one before the year 1 or after 9999 as the nearest in those.
#[must_use]
pub fn utc_second(seconds: i64) -> String {
    let seconds = seconds.clamp(FIRST, LAST);
    let date = CivilDate::of_unix_seconds(seconds).expect("a second of the years 1 to 9999");
    let second = seconds.rem_euclid(86_400);
    format!("{date}T{:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60)
}

/// Counts the days from 1970-01-01 to a date of any year; a day beyond the month's end counts into the next month.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
#[must_use]
pub fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The first second of the year 1 and the last of 9999, in seconds since 1970.
const FIRST: i64 = -62_135_596_800;
const LAST: i64 = 253_402_300_799;

fn length(year: u16, month: u8) -> u8 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl fmt::Display for CivilDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for CivilDate {
    type Err = CivilDateError;

    fn from_str(text: &str) -> Result<Self, CivilDateError> {
        let parse = || {
            let digits = text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
            if text.len() != 10 || !digits {
                return None;
            }
            Self::new(text[..4].parse().ok()?, text[5..7].parse().ok()?, text[8..].parse().ok()?)
        };
        parse().ok_or_else(|| CivilDateError { found: text.to_owned() })
    }
}

serde_as_text!(CivilDate);

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> CivilDate {
        text.parse().expect("a date")
    }

    #[test]
    fn dates_have_one_form_and_are_days_that_exist() {
        assert_eq!(date("2024-02-29").to_string(), "2024-02-29");
        for wrong in
            ["2026-02-29", "1900-02-29", "2026-13-01", "2026-00-01", "2026-1-01", "2026-12-31T00", "0000-01-01", ""]
        {
            assert!(wrong.parse::<CivilDate>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn instants_fall_on_their_day() {
        for (seconds, expected) in [
            (0, "1970-01-01"),
            (86_399, "1970-01-01"),
            (-1, "1969-12-31"),
            (951_782_400, "2000-02-29"),
            (1_798_675_199, "2026-12-30"),
            (1_798_675_200, "2026-12-31"),
        ] {
            assert_eq!(CivilDate::of_unix_seconds(seconds), Some(date(expected)), "{seconds}");
            let CivilDate { year, month, day } = date(expected);
            let days = days_since_1970(i64::from(year), i64::from(month), i64::from(day));
            assert_eq!(days, seconds.div_euclid(86_400), "{expected}");
        }
        assert_eq!(CivilDate::of_unix_seconds(i64::MAX), None);
    }

    #[test]
    fn every_second_has_a_text() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (1_700_000_000, "2023-11-14T22:13:20Z"),
            (FIRST, "0001-01-01T00:00:00Z"),
            (i64::MIN, "0001-01-01T00:00:00Z"),
            (LAST, "9999-12-31T23:59:59Z"),
            (i64::MAX, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(utc_second(seconds), expected);
        }
    }

    #[test]
    fn days_are_ordered() {
        assert!(date("2025-12-31") < date("2026-01-01") && date("2026-01-31") < date("2026-02-01"));
    }
}
