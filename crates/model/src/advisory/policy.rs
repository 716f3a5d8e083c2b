//! What advisory data of today makes of a verdict that was reached with the frozen data.
//!
//! Two questions, two answers: what the evidence says with the data that was locked stays true for ever; what newer data
//! adds is a condition, by the plan's policy, until a new scan or a waiver.

use serde::Serialize;

use super::waiver::Waiver;
use crate::text::civil_date::CivilDate;
use crate::text::plural::counted;

/// What an advisory that is newer than the frozen data makes of GO.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NewAdvisory {
    /// GO on a condition.
    #[default]
    Condition,
    /// The verdict becomes NO_GO.
    NoGo,
    /// Nothing; it is shown.
    Ignore,
}

/// A plan's table `[advisories]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AdvisoryPolicy {
    /// How many days old frozen data may be; older data is a condition. None: as old as it likes.
    pub max_age_days: Option<u64>,
    /// What newer advisories make of GO.
    pub new: NewAdvisory,
}

/// Something that was found about the data of today.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Concern {
    /// The finding's id, as waivers name it: `advisories/GO-2026-0001`, `advisories/age:NAME`.
    pub id: String,
    /// What it is, in a line.
    pub says: String,
}

/// A concern with what the policy and the waivers of a day make of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// What was found.
    #[serde(flatten)]
    pub concern: Concern,
    /// Who accepted it until when, and why; `None` without a waiver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waived: Option<String>,
    /// A waiver that has expired, which counts as none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expired: Option<String>,
    /// What it makes of GO.
    pub effect: Effect,
}

/// What a concern makes of GO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Nothing: it is waived, or the plan ignores it.
    Nothing,
    /// The verdict becomes GO_WITH_CONDITIONS, with this as one of them.
    Condition,
    /// The verdict becomes NO_GO.
    NoGo,
}

impl Judged {
    /// Writes it as a line, with a waiver that has expired.
    #[must_use]
    pub fn line(&self) -> String {
        let expired = self.expired.as_ref().map_or_else(String::new, |expired| format!(" ({expired})"));
        format!("{}: {}{expired}", self.concern.id, self.concern.says)
    }
}

impl AdvisoryPolicy {
    /// Judges a newer advisory on a day.
    #[must_use]
    pub fn advisory(&self, concern: Concern, waivers: &[Waiver], day: CivilDate) -> Judged {
        let effect = match self.new {
            NewAdvisory::Condition => Effect::Condition,
            NewAdvisory::NoGo => Effect::NoGo,
            NewAdvisory::Ignore => Effect::Nothing,
        };
        judged(concern, effect, waivers, day)
    }

    /// Judges the age of the data of a frozen input, in days; none when it is young enough or the plan does not mind.
    #[must_use]
    pub fn age(&self, name: &str, days: Option<u64>, waivers: &[Waiver], day: CivilDate) -> Option<Judged> {
        let most = self.max_age_days?;
        let says = match days {
            Some(days) if days <= most => return None,
            Some(days) => {
                format!("the frozen data is {} old, and the plan allows at most {most}", counted(days, "day"))
            }
            None => format!("the frozen data is from the future, and the plan allows at most {}", counted(most, "day")),
        };
        let concern = Concern { id: format!("advisories/age:{name}"), says };
        Some(judged(concern, Effect::Condition, waivers, day))
    }
}

/// Judges what keeps a pass from saying all that it seems to say: a condition, unless it is waived.
#[must_use]
pub fn condition(concern: Concern, waivers: &[Waiver], day: CivilDate) -> Judged {
    judged(concern, Effect::Condition, waivers, day)
}

fn judged(concern: Concern, effect: Effect, waivers: &[Waiver], day: CivilDate) -> Judged {
    let waiver = Waiver::find(waivers, &concern.id, day);
    let expired = match waiver {
        Some(_) => None,
        None => Waiver::find_expired(waivers, &concern.id, day)
            .map(|waiver| format!("the waiver of {} expired on {} and no longer counts", waiver.owner, waiver.expires)),
    };
    let effect = if waiver.is_some() { Effect::Nothing } else { effect };
    let waived = waiver.map(ToString::to_string);
    Judged { concern, waived, expired, effect }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advisory::waiver::FindingPattern;

    fn day(text: &str) -> CivilDate {
        text.parse().expect("a date")
    }

    fn waivers() -> [Waiver; 1] {
        let finding = FindingPattern::new("advisories/GO-2026-0001").expect("a pattern");
        [Waiver { finding, reason: "not reached".into(), owner: "ada".into(), expires: day("2026-12-31") }]
    }

    fn concern(id: &str) -> Concern {
        Concern { id: format!("advisories/{id}"), says: "new".into() }
    }

    #[test]
    fn the_policy_says_what_a_newer_advisory_makes_of_go() {
        for (new, effect) in [
            (NewAdvisory::Condition, Effect::Condition),
            (NewAdvisory::NoGo, Effect::NoGo),
            (NewAdvisory::Ignore, Effect::Nothing),
        ] {
            let policy = AdvisoryPolicy { new, ..AdvisoryPolicy::default() };
            assert_eq!(policy.advisory(concern("GO-2026-0002"), &waivers(), day("2026-11-28")).effect, effect);
            // A waiver stands above the policy, for as long as it counts.
            let waived = policy.advisory(concern("GO-2026-0001"), &waivers(), day("2026-12-31"));
            assert_eq!((waived.effect, waived.expired), (Effect::Nothing, None));
            assert_eq!(waived.waived.as_deref(), Some("ada until 2026-12-31: not reached"));
            let expired = policy.advisory(concern("GO-2026-0001"), &waivers(), day("2027-01-01"));
            assert_eq!((expired.effect, &expired.waived), (effect, &None));
            assert!(expired.line().ends_with("(the waiver of ada expired on 2026-12-31 and no longer counts)"));
        }
    }

    #[test]
    fn data_may_be_as_old_as_the_plan_says() {
        let policy = AdvisoryPolicy { max_age_days: Some(14), ..AdvisoryPolicy::default() };
        let age = |days| policy.age("vulndb", days, &[], day("2026-11-28"));
        assert_eq!((age(Some(0)), age(Some(14))), (None, None));
        let old = age(Some(15)).expect("too old");
        assert_eq!((old.concern.id.as_str(), old.effect), ("advisories/age:vulndb", Effect::Condition));
        assert!(age(None).is_some(), "of the future");
        assert_eq!(AdvisoryPolicy::default().age("vulndb", Some(9999), &[], day("2026-11-28")), None);
    }
}
