//! The day: this tier alone asks the clock for it, so that everything below can be asked about any day.

use std::time::{SystemTime, UNIX_EPOCH};

use rcrepro_model::text::civil_date::CivilDate;

/// Gives the day in UTC.
pub fn today() -> CivilDate {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    // A clock beyond the year 9999 lets every entry expire.
    let last = || CivilDate::new(9999, 12, 31).expect("a constant day");
    i64::try_from(seconds).ok().and_then(CivilDate::of_unix_seconds).unwrap_or_else(last)
}
