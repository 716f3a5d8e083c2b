//! Instants as tools write them.

use rcrepro_model::text::civil_date::{CivilDate, days_since_1970, utc_second};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// An instant as far as its text says it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Instant {
    /// The local time in seconds since 1970, where the text has a date; without one, since midnight.
    pub local: i64,
    /// Whether the text has a date.
    pub dated: bool,
    /// Whether it has a time of day.
    pub timed: bool,
    /// Whether it names a zone or an offset.
    pub zoned: bool,
}

/// Reads an instant at the start of a text; gives it and its length. `before` is the character before.
#[must_use]
pub fn read(text: &str, before: Option<char>) -> Option<(Instant, usize)> {
    let mut scan = Scan { text, at: 0 };
    let date = scan.attempt(Scan::numeric_date).or_else(|| scan.attempt(Scan::named_date));
    let Some((mut year, month, day)) = date else {
        // A time of day alone; `file.c:12:34` is a place, no time.
        if before.is_some_and(|c| matches!(c, ':' | '.' | '-' | '+' | ',')) {
            return None;
        }
        let local = scan.attempt(Scan::time)?;
        let zoned = scan.zone();
        return scan.ends().then_some((Instant { local, dated: false, timed: true, zoned }, scan.at));
    };
    let time = scan.attempt(|scan| {
        scan.separator()?;
        scan.time()
    });
    let mut zoned = time.is_some() && scan.zone();
    if year == 0 {
        // `Mon Nov 23 00:13:01 UTC 2026` has its year last; syslog has none.
        let last = scan.attempt(|scan| {
            scan.literal(" ")?;
            scan.year()
        });
        year = last.unwrap_or(0);
        zoned |= last.is_some() && scan.zone();
    }
    // A whole date with a time to the second is unmistakable even where text is glued to it, as in a database's pages.
    let unmistakable = year > 0 && time.is_some() && scan.text[..scan.at].matches(':').count() >= 2;
    if (!scan.ends() && !unmistakable) || (year == 0 && time.is_none()) {
        return None;
    }
    let days = days_since_1970(if year == 0 { 1972 } else { year }, month, day);
    let instant = Instant { local: days * 86_400 + time.unwrap_or(0), dated: true, timed: time.is_some(), zoned };
    Some((instant, scan.at))
}

/// Writes seconds since 1970 as `2026-11-23T00:13:01Z`; outside the years 1 to 9999, as their number, so that no two instants
/// have one text.
#[must_use]
pub fn rfc3339(seconds: i64) -> String {
    match CivilDate::of_unix_seconds(seconds) {
        Some(_) => utc_second(seconds),
        None => format!("{seconds} s since 1970"),
    }
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl Scan<'_> {
    fn attempt<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let at = self.at;
        let found = read(self);
        if found.is_none() {
            self.at = at;
        }
        found
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn literal(&mut self, literal: &str) -> Option<()> {
        self.rest().starts_with(literal).then(|| self.at += literal.len())
    }

    /// Reads exactly so many digits with a value in a range.
    fn digits(&mut self, count: usize, from: i64, to: i64) -> Option<i64> {
        let text = self.rest().get(..count).filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?;
        let value = text.parse().ok().filter(|value| (from..=to).contains(value))?;
        self.at += count;
        Some(value)
    }

    fn one_or_two(&mut self, from: i64, to: i64) -> Option<i64> {
        self.attempt(|scan| scan.digits(2, from, to)).or_else(|| self.attempt(|scan| scan.digits(1, from, to)))
    }

    fn year(&mut self) -> Option<i64> {
        self.digits(4, 1970, 2200)
    }

    /// `2026-11-23`, `2026/11/23`, `20261123`, the latter only before a time of day.
    fn numeric_date(&mut self) -> Option<(i64, i64, i64)> {
        let year = self.year()?;
        let separator = ["-", "/", ""].into_iter().find(|separator| self.rest().starts_with(separator))?;
        self.literal(separator)?;
        let month = self.digits(2, 1, 12)?;
        self.literal(separator)?;
        let day = self.digits(2, 1, 31)?;
        if separator.is_empty() {
            let mut ahead = Scan { text: self.text, at: self.at };
            ahead.separator()?;
            ahead.time()?;
        }
        Some((year, month, day))
    }

    /// `Mon Nov 23`, `Nov 23 2026`, `Mon, 23 Nov 2026`; the year is 0 where it is not said yet.
    fn named_date(&mut self) -> Option<(i64, i64, i64)> {
        self.attempt(|scan| {
            DAYS.iter().find(|day| scan.rest().starts_with(**day))?;
            scan.at += 3;
            scan.literal(", ").or_else(|| scan.literal(" "))
        });
        let (month, day) = match self.attempt(|scan| scan.one_or_two(1, 31)) {
            Some(day) => {
                self.literal(" ").or_else(|| self.literal("-"))?;
                (self.month()?, day)
            }
            None => {
                let month = self.month()?;
                self.literal("  ").or_else(|| self.literal(" "))?;
                (month, self.one_or_two(1, 31)?)
            }
        };
        let year = self.attempt(|scan| {
            scan.literal(", ").or_else(|| scan.literal(" ")).or_else(|| scan.literal("-"))?;
            scan.year()
        });
        Some((year.unwrap_or(0), month, day))
    }

    fn month(&mut self) -> Option<i64> {
        let index = MONTHS.iter().position(|month| self.rest().starts_with(month))?;
        self.at += 3;
        i64::try_from(index + 1).ok()
    }

    fn separator(&mut self) -> Option<()> {
        ["T", "  ", " ", "-", "_", ":", ""].into_iter().find_map(|separator| self.literal(separator))
    }

    /// `00:13:01.123456`, `00:13`, `1:05PM`, `001301`; gives seconds since midnight.
    fn time(&mut self) -> Option<i64> {
        if let Some((hour, minute, second)) = self.attempt(|scan| {
            let found = (scan.digits(2, 0, 23)?, scan.digits(2, 0, 59)?, scan.digits(2, 0, 60)?);
            (scan.at > 6).then_some(found)
        }) {
            return Some(hour * 3600 + minute * 60 + second);
        }
        let short = self.attempt(|scan| {
            let hour = scan.digits(1, 0, 9)?;
            scan.rest().starts_with(':').then_some(hour)
        });
        let hour = short.or_else(|| self.digits(2, 0, 24))?;
        self.literal(":")?;
        let minute = self.digits(2, 0, 59)?;
        let second = self.attempt(|scan| {
            scan.literal(":")?;
            scan.digits(2, 0, 60)
        });
        if second.is_some() {
            let fraction =
                self.rest().strip_prefix(['.', ',']).unwrap_or("").bytes().take_while(u8::is_ascii_digit).count();
            self.at += if fraction > 0 { 1 + fraction } else { 0 };
        }
        let half = ["AM", "PM", " AM", " PM", "am", "pm"].into_iter().find(|half| self.rest().starts_with(half));
        self.at += half.map_or(0, str::len);
        // `1:05` alone may be a span or a place.
        (short.is_none() || half.is_some()).then(|| hour * 3600 + minute * 60 + second.unwrap_or(0))
    }

    /// `Z`, `+01:00`, ` +0000`, ` CEST`.
    fn zone(&mut self) -> bool {
        if self.literal("Z").is_some() {
            return true;
        }
        let offset = self.attempt(|scan| {
            let _ = scan.literal(" ");
            scan.literal("+").or_else(|| scan.literal("-"))?;
            scan.digits(2, 0, 14)?;
            let _ = scan.literal(":");
            scan.digits(2, 0, 59)
        });
        let named = |scan: &mut Self| {
            scan.attempt(|scan| {
                scan.literal(" ")?;
                let end = scan.rest().find(|c: char| !c.is_ascii_uppercase()).unwrap_or(scan.rest().len());
                let apart = !scan.rest()[end..].starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '=');
                const ZONES: [&str; 20] = [
                    "UTC", "GMT", "CET", "CEST", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT", "JST", "IST",
                    "BST", "WET", "WEST", "EET", "EEST", "MSK",
                ];
                (apart && ZONES.contains(&&scan.rest()[..end])).then(|| scan.at += end)
            })
        };
        offset.is_some() || named(self).is_some()
    }

    fn ends(&self) -> bool {
        !self.rest().starts_with(|c: char| c.is_alphanumeric() || c == '_')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_instant_in_many_notations() {
        let wanted = 1_795_392_781;
        assert_eq!(rfc3339(wanted), "2026-11-23T00:13:01Z");
        assert_eq!(rfc3339(1 << 40), "1099511627776 s since 1970");
        for text in [
            "2026-11-23T00:13:01Z",
            "2026-11-23 00:13:01.123456",
            "2026/11/23 00:13:01",
            "20261123T001301Z",
            "20261123001301",
            "Mon Nov 23 00:13:01 UTC 2026",
            "Mon Nov 23 00:13:01 2026",
            "Mon, 23 Nov 2026 00:13:01 GMT",
            "Nov 23 2026 00:13:01",
            "2026-11-23T00:13:01,5+01:00",
        ] {
            let (instant, length) = read(text, None).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((instant.local, length), (wanted, text.len()), "{text}");
        }
    }

    #[test]
    fn what_is_no_instant() {
        for text in ["12", "2026", "1:05", "20261123", "99:99", "May be", "Mon", "Sun 3", "1234567890", "2026-13-01"] {
            assert_eq!(read(text, None), None, "{text}");
        }
        assert_eq!(read("12:34", Some(':')), None);
    }
}
