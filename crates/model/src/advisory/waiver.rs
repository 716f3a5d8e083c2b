//! Waivers: findings that a person accepted, with a reason, until a day.

use std::collections::BTreeSet;
use std::fmt;

use crate::evidence::suppression::IdleException;
use crate::text::civil_date::CivilDate;

/// Which findings a waiver is for: an id as it is printed, in which `*` matches any characters.
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

    /// Whether a finding's id is meant.
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

    /// Whether ids that begin like this may be meant.
    fn may_begin_with(&self, start: &str) -> bool {
        match self.0.split_once('*') {
            Some((first, _)) => first.starts_with(start) || start.starts_with(first),
            None => self.0.starts_with(start),
        }
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
    /// Matches the ids of the findings that it covers.
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
    /// Whether it counts on a day: up to and including its last one.
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

/// The ids of everything that was found and that waivers can be about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The ids, waived ones among them.
    pub ids: BTreeSet<String>,
    /// How ids begin of which not all are known: no source was asked, or there is no evidence yet.
    pub unknown: BTreeSet<&'static str>,
}

/// Names the waivers that do nothing, a line each: those that have expired, and those that match nothing that was found. What
/// may be about something of which nothing is known is left alone.
#[must_use]
pub fn idle(waivers: &[Waiver], known: &Known, day: CivilDate) -> Vec<IdleException> {
    let line = |waiver: &Waiver| {
        let Waiver { finding, owner, expires, .. } = waiver;
        if !waiver.applies_on(day) {
            return Some(format!("the waiver of `{finding}` ({owner}) expired on {expires} and no longer counts"));
        }
        let used = known.ids.iter().any(|id| finding.matches(id));
        let unknown = known.unknown.iter().any(|start| finding.may_begin_with(start));
        (!used && !unknown).then(|| {
            format!(
                "the waiver of `{finding}` ({owner}, until {expires}) is orphaned: nothing is found that it matches"
            )
        })
    };
    let named =
        |waiver: &Waiver| Some(IdleException { about: format!("waiver:{}", waiver.finding), says: line(waiver)? });
    waivers.iter().filter_map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waivers_that_do_nothing_are_named_unless_something_is_unknown() {
        let day = |text: &str| text.parse::<CivilDate>().expect("a date");
        let waiver = |pattern: &str, expires: &str| Waiver {
            finding: FindingPattern::new(pattern).expect("a pattern"),
            reason: "known".into(),
            owner: "ada".into(),
            expires: day(expires),
        };
        let known = Known { ids: ["pins/a:b".to_owned()].into(), unknown: ["gitleaks/"].into() };
        let named = |pattern: &str, expires: &str| -> Vec<String> {
            let idle = idle(&[waiver(pattern, expires)], &known, day("2026-11-30"));
            assert!(idle.iter().all(|idle| idle.about == format!("waiver:{pattern}")));
            idle.into_iter().map(|idle| idle.says).collect()
        };
        for pattern in ["pins/a:*", "*:b", "gitleaks/x", "git*", "*x"] {
            assert_eq!(named(pattern, "2026-12-31"), [""; 0], "{pattern}");
        }
        for pattern in ["pins/c", "pins/*c", "advisories/GO-1"] {
            let lines = named(pattern, "2026-12-31");
            assert!(lines.len() == 1 && lines[0].contains("is orphaned"), "{pattern}: {lines:?}");
        }
        let expired = named("gitleaks/x", "2026-11-29");
        assert_eq!(expired, ["the waiver of `gitleaks/x` (ada) expired on 2026-11-29 and no longer counts"]);
        assert_eq!(named("pins/a:b", "2026-11-29").len(), 1, "expired, whatever it matches");
    }

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
