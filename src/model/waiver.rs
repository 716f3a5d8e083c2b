//! Waivers: findings that somebody accepted, with a reason, by name, and until a day.

use std::fmt;

use super::civil_date::CivilDate;

/// Says which findings a waiver is for: an id as it is printed, in which `*` stands for any run of characters.
///
/// Nothing else has a meaning of its own, so that an id can be copied as it was printed: ids hold `[`, `{`, `?` and `/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FindingPattern(String);

impl FindingPattern {
    /// Takes a pattern; none when it is empty or blank, or holds nothing but stars: such a one would waive everything.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let says_something = text.chars().any(|c| c != '*' && !c.is_whitespace());
        says_something.then(|| Self(text.to_owned()))
    }

    /// Tells whether a finding's id is meant.
    #[must_use]
    pub fn matches(&self, id: &str) -> bool {
        let Some((first, rest)) = self.0.split_once('*') else { return self.0 == id };
        let Some(mut left) = id.strip_prefix(first) else { return false };
        let mut parts: Vec<&str> = rest.split('*').collect();
        let last = parts.pop().unwrap_or_default();
        for part in parts {
            // The leftmost place is as good as any: what is left after it is the longest.
            let Some(at) = left.find(part) else { return false };
            left = &left[at + part.len()..];
        }
        left.ends_with(last)
    }
}

impl fmt::Display for FindingPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Accepts findings for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// Which findings.
    pub finding: FindingPattern,
    /// Why they are acceptable; never blank.
    pub reason: String,
    /// Who answers for it; never blank.
    pub owner: String,
    /// The last day on which it counts.
    pub expires: CivilDate,
}

impl fmt::Display for Waiver {
    /// Writes `ada until 2026-12-31: not reached`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} until {}: {}", self.owner, self.expires, self.reason)
    }
}

impl Waiver {
    /// Tells whether it counts on a day: up to and with its last one. An expired waiver is none.
    #[must_use]
    pub fn applies_on(&self, day: CivilDate) -> bool {
        day <= self.expires
    }

    /// Finds the first waiver for a finding that counts on a day.
    #[must_use]
    pub fn find<'a>(waivers: &'a [Self], id: &str, day: CivilDate) -> Option<&'a Self> {
        waivers.iter().find(|waiver| waiver.applies_on(day) && waiver.finding.matches(id))
    }

    /// Finds a waiver for a finding that counted once and has expired, to be named beside the finding.
    #[must_use]
    pub fn find_expired<'a>(waivers: &'a [Self], id: &str, day: CivilDate) -> Option<&'a Self> {
        waivers.iter().find(|waiver| !waiver.applies_on(day) && waiver.finding.matches(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, id: &str) -> bool {
        FindingPattern::new(pattern).expect("a pattern").matches(id)
    }

    #[test]
    fn a_star_is_any_run_and_everything_else_is_itself() {
        let id = "pins/image-without-digest:docker/Dockerfile:golang:1.26";
        for pattern in [id, "pins/*", "*:golang:1.26", "pins/image-*:docker/*:golang:*", "*docker*golang*", "*1.26*"] {
            assert!(matches(pattern, id), "{pattern}");
        }
        for pattern in ["pins/", "*docker", "pins/*:node:*", "golang*", "*1.26*1.26", "pins/image?*"] {
            assert!(!matches(pattern, id), "{pattern}");
        }
        assert!(matches("a:lts/*", "a:lts/*") && matches("a:[b]{c}?", "a:[b]{c}?"));
        assert!(!matches("a*a", "a"), "two letters are not one");
    }

    #[test]
    fn a_pattern_that_waives_everything_is_none() {
        for text in ["", " ", "*", "**", " * "] {
            assert_eq!(FindingPattern::new(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_waiver_counts_up_to_its_last_day() {
        let day = |text: &str| text.parse::<CivilDate>().expect("a date");
        let waiver = Waiver {
            finding: FindingPattern::new("a/*").expect("a pattern"),
            reason: "known".into(),
            owner: "ada".into(),
            expires: day("2026-12-31"),
        };
        let waivers = [waiver];
        assert!(Waiver::find(&waivers, "a/b", day("2026-12-31")).is_some());
        assert!(Waiver::find(&waivers, "a/b", day("2027-01-01")).is_none(), "expired counts as none");
        assert!(Waiver::find_expired(&waivers, "a/b", day("2027-01-01")).is_some());
        assert!(Waiver::find(&waivers, "b/a", day("2026-01-01")).is_none());
    }
}
