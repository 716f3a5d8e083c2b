//! Times and amounts of memory, as people and as plans write them.

use std::time::Duration;

/// A mebibyte.
const MIB: u64 = 1 << 20;
/// A gibibyte.
pub const GIB: u64 = 1 << 30;

/// Writes whole hours, minutes or seconds: `2 h`, `90 min`, `5 s`.
#[must_use]
pub fn for_people(time: Duration) -> String {
    let (number, unit) = whole(time);
    let unit = if unit == "m" { "min" } else { unit };
    format!("{number} {unit}")
}

/// Writes the same as a plan wants it: `2h`, `90m`, `5s`.
#[must_use]
pub fn for_plan(time: Duration) -> String {
    let (number, unit) = whole(time);
    format!("{number}{unit}")
}

/// Writes how long something has gone on: seconds, then whole minutes, then hours and minutes.
#[must_use]
pub fn elapsed(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds < 60 => format!("{seconds} s"),
        seconds if seconds < 3600 => format!("{} min", seconds / 60),
        seconds => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// Writes an amount of bytes in the largest unit that keeps it whole, or in GiB to one place.
#[must_use]
pub fn memory(bytes: u64) -> String {
    match bytes {
        _ if bytes.is_multiple_of(GIB) => format!("{} GiB", bytes / GIB),
        _ if bytes < GIB => format!("{} MiB", bytes / MIB),
        _ => format!("{}.{} GiB", bytes / GIB, bytes % GIB * 10 / GIB),
    }
}

/// Writes an amount of bytes for people: `740 bytes`, `12 kB`, `3 MB`, `1.4 GB`.
#[must_use]
pub fn bytes(amount: u64) -> String {
    match amount {
        1 => "1 byte".to_owned(),
        0 | 2..1_000 => format!("{amount} bytes"),
        1_000..1_000_000 => format!("{} kB", amount / 1_000),
        1_000_000..1_000_000_000 => format!("{} MB", amount / 1_000_000),
        _ => format!("{}.{} GB", amount / 1_000_000_000, amount % 1_000_000_000 / 100_000_000),
    }
}

const fn whole(time: Duration) -> (u64, &'static str) {
    match time.as_secs() {
        0 => (0, "s"),
        seconds if seconds.is_multiple_of(3600) => (seconds / 3600, "h"),
        seconds if seconds.is_multiple_of(60) => (seconds / 60, "m"),
        seconds => (seconds, "s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_for_people() {
        for (amount, text) in
            [(1, "1 byte"), (999, "999 bytes"), (1_000, "1 kB"), (7_999_999, "7 MB"), (1_450_000_000, "1.4 GB")]
        {
            assert_eq!(bytes(amount), text);
        }
    }

    #[test]
    fn amounts_are_written_for_people_and_for_plans() {
        let at = Duration::from_secs;
        assert_eq!((for_people(at(5400)), for_plan(at(5400))), ("90 min".to_owned(), "90m".to_owned()));
        assert_eq!((for_people(at(7200)), for_plan(at(61))), ("2 h".to_owned(), "61s".to_owned()));
        let times = [59, 60, 3599, 3600, 7325].map(|seconds| elapsed(at(seconds)));
        assert_eq!(times, ["59 s", "1 min", "59 min", "1 h 0 min", "2 h 2 min"]);
        assert_eq!([6 << 30, 300 << 20, 5 << 29].map(memory), ["6 GiB", "300 MiB", "2.5 GiB"]);
    }
}
