//! Quarantine: a command that may change its mind for a while, with a reason, by name, and until a day.

use std::fmt;

use crate::content::name::Name;
use crate::evidence::suppression::IdleException;
use crate::standing::Standing;
use crate::text::civil_date::CivilDate;

/// Lets a flaky command pass for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantine {
    /// The command that may be run again, by its id.
    pub command: Name,
    /// Why it may be flaky; never blank.
    pub reason: String,
    /// Who mends it; never blank.
    pub owner: String,
    /// The last day on which the entry counts.
    pub expires: CivilDate,
}

/// A command that failed, was run again unchanged, and passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flake {
    /// The attempt that passed, from 2.
    pub attempt: u32,
    /// How many attempts the plan allows.
    pub of: u32,
    /// What the plan's quarantine says.
    pub cover: Cover,
}

/// What a plan's quarantine makes of a flake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cover {
    /// An entry counts.
    Quarantined(Quarantine),
    /// There is an entry, and its last day is over: it counts as none.
    Expired(Quarantine),
    /// It has no entry.
    None,
}

impl Flake {
    /// Judges a command that passed at an attempt after the first, on a day.
    #[must_use]
    pub fn judge(command: &Name, attempt: u32, of: u32, quarantine: &[Quarantine], day: CivilDate) -> Self {
        let mut entries = quarantine.iter().filter(|entry| &entry.command == command);
        let cover = match entries.clone().find(|entry| day <= entry.expires) {
            Some(entry) => Cover::Quarantined(entry.clone()),
            None => entries.next().map_or(Cover::None, |entry| Cover::Expired(entry.clone())),
        };
        Self { attempt, of, cover }
    }

    /// Whether the command counts as passed.
    #[must_use]
    pub const fn passes(&self) -> bool {
        matches!(self.cover, Cover::Quarantined(_))
    }
}

impl From<&Flake> for Standing {
    fn from(flake: &Flake) -> Self {
        if flake.passes() { Self::Passed } else { Self::Failed }
    }
}

impl fmt::Display for Flake {
    /// Writes `passed at attempt 2 of 3`, and what the quarantine says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "passed at attempt {} of {}: ", self.attempt, self.of)?;
        match &self.cover {
            Cover::Quarantined(entry) => {
                write!(f, "in quarantine until {} ({}: {})", entry.expires, entry.owner, entry.reason)
            }
            Cover::Expired(entry) => {
                write!(f, "flake without quarantine, which expired on {} ({})", entry.expires, entry.owner)
            }
            Cover::None => f.write_str("flake without quarantine"),
        }
    }
}

/// Names the entries that do nothing, a line each: those that have expired, and those of a command that is never run again, which
/// `retries` tells. That a command did not flake in its newest run says nothing of an entry: a flake comes seldom.
#[must_use]
pub fn idle(quarantine: &[Quarantine], retries: impl Fn(&Name) -> u32, day: CivilDate) -> Vec<IdleException> {
    let line = |entry: &Quarantine| {
        let Quarantine { command, owner, expires, .. } = entry;
        if day > *expires {
            return Some(format!("the quarantine of `{command}` ({owner}) expired on {expires} and no longer counts"));
        }
        (retries(command) == 0).then(|| {
            format!(
                "the quarantine of `{command}` ({owner}, until {expires}) is orphaned: the command has no `retries`"
            )
        })
    };
    let named =
        |entry: &Quarantine| Some(IdleException { about: format!("quarantine:{}", entry.command), says: line(entry)? });
    quarantine.iter().filter_map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_counts_up_to_its_last_day_and_for_its_command_alone() {
        let name = |text: &str| text.parse::<Name>().expect("a name");
        let day = |text: &str| text.parse::<CivilDate>().expect("a date");
        let entry = Quarantine {
            command: name("e2e"),
            reason: "races".into(),
            owner: "ada".into(),
            expires: day("2026-12-31"),
        };
        let judge = |command: &str, on| Flake::judge(&name(command), 2, 3, std::slice::from_ref(&entry), day(on));
        assert!(judge("e2e", "2026-12-31").passes());
        let expected = "passed at attempt 2 of 3: in quarantine until 2026-12-31 (ada: races)";
        assert_eq!(judge("e2e", "2026-12-31").to_string(), expected);
        let late = judge("e2e", "2027-01-01");
        assert!(!late.passes());
        assert!(late.to_string().ends_with("flake without quarantine, which expired on 2026-12-31 (ada)"), "{late}");
        assert_eq!(judge("other", "2026-01-01").to_string(), "passed at attempt 2 of 3: flake without quarantine");
        let renewed = [entry.clone(), Quarantine { expires: day("2027-12-31"), ..entry.clone() }];
        assert!(Flake::judge(&name("e2e"), 2, 3, &renewed, day("2027-01-01")).passes());
    }

    #[test]
    fn entries_that_do_nothing_are_named() {
        let day = |text: &str| text.parse::<CivilDate>().expect("a date");
        let command: Name = "e2e".parse().expect("a name");
        let entry = Quarantine { command, reason: "races".into(), owner: "ada".into(), expires: day("2026-12-31") };
        let lines = |retries, on| -> Vec<String> {
            idle(std::slice::from_ref(&entry), |_| retries, day(on)).into_iter().map(|idle| idle.says).collect()
        };
        assert_eq!(lines(2, "2026-12-31"), [""; 0]);
        assert_eq!(
            lines(2, "2027-01-01"),
            ["the quarantine of `e2e` (ada) expired on 2026-12-31 and no longer counts"]
        );
        assert!(lines(0, "2026-12-31")[0].ends_with("is orphaned: the command has no `retries`"));
    }
}
