//! The system's clock as texts and numbers of records: RFC 3339 in UTC, and whole seconds since 1970.

use std::time::{Duration, SystemTime};

use rcrepro_model::text::civil_date;

/// Writes a time as RFC 3339 in UTC, to the millisecond; also one before 1970.
#[must_use]
pub fn rfc3339(time: SystemTime) -> String {
    let millis = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => since.subsec_millis(),
        Err(before) => (1_000 - before.duration().subsec_millis()) % 1_000,
    };
    let second = civil_date::utc_second(seconds(time));
    format!("{}.{millis:03}Z", second.trim_end_matches('Z'))
}

/// Gives the whole seconds since 1970; negative before.
#[must_use]
pub(crate) fn seconds(time: SystemTime) -> i64 {
    let whole = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => whole(since),
        Err(before) => -whole(before.duration()) - i64::from(before.duration().subsec_nanos() > 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_on_both_sides_of_1970_have_their_text() {
        let after = |millis| SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        let before = |millis| SystemTime::UNIX_EPOCH - Duration::from_millis(millis);
        for (time, expected) in [
            (after(1_700_000_000_007), "2023-11-14T22:13:20.007Z"),
            (after(0), "1970-01-01T00:00:00.000Z"),
            (before(1), "1969-12-31T23:59:59.999Z"),
            (before(1_000), "1969-12-31T23:59:59.000Z"),
            (before(86_400_250), "1969-12-30T23:59:59.750Z"),
            (after(253_402_300_800_000), "9999-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(rfc3339(time), expected);
        }
    }
}
