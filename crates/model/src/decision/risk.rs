//! Residual risks: what stays open when a release goes out, and who accepted it until when.

use std::fmt;
use std::str::FromStr;

use crate::content::digest::serde_as_text;
use crate::content::name::Name;
use crate::text::civil_date::CivilDate;

/// The error for a text that is not a valid class of risk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid risk class `{found}`: expected P0, P1, P2 or P3")]
pub struct RiskClassError {
    /// The text that was found.
    pub found: String,
}

/// Ranks a risk; the first is the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RiskClass {
    /// Nothing may go out with it.
    P0,
    /// Nothing should go out with it.
    P1,
    /// It may stay.
    P2,
    /// It may stay unnoticed.
    P3,
}

impl RiskClass {
    /// Whether a release may go out with such a risk without an acceptance.
    #[must_use]
    pub const fn may_stay(self) -> bool {
        matches!(self, Self::P2 | Self::P3)
    }
}

const CLASSES: [(&str, RiskClass); 4] =
    [("P0", RiskClass::P0), ("P1", RiskClass::P1), ("P2", RiskClass::P2), ("P3", RiskClass::P3)];

impl fmt::Display for RiskClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(CLASSES.iter().find(|(_, class)| class == self).map_or("", |(text, _)| text))
    }
}

impl FromStr for RiskClass {
    type Err = RiskClassError;

    fn from_str(text: &str) -> Result<Self, RiskClassError> {
        let found = CLASSES.iter().find(|(word, _)| *word == text).map(|(_, class)| *class);
        found.ok_or_else(|| RiskClassError { found: text.to_owned() })
    }
}

serde_as_text!(RiskClass);

/// One residual risk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Risk {
    /// Its id, unique in the plan.
    pub id: Name,
    /// What it is; never blank.
    pub says: String,
    /// How bad it is.
    pub class: RiskClass,
    /// Who answers for it; never blank.
    pub owner: Option<String>,
    /// The last day on which the owner accepts it; `None` without an owner.
    pub accepted_until: Option<CivilDate>,
}

/// The state of a risk on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RiskState {
    /// Its class lets it stay.
    Residual,
    /// Its owner accepts it.
    Accepted,
    /// Its owner accepted it until a day that is past.
    Expired,
    /// Nobody accepted it, and its class does not let it stay.
    Open,
}

impl RiskState {
    /// Returns the word that reports use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Residual => "residual",
            Self::Accepted => "accepted",
            Self::Expired => "expired",
            Self::Open => "open",
        }
    }

    /// Whether a release may go out with it.
    #[must_use]
    pub const fn holds(self) -> bool {
        matches!(self, Self::Residual | Self::Accepted)
    }
}

impl Risk {
    /// Returns its state on a day. An acceptance ends after its last day; P2 and P3 need none.
    #[must_use]
    pub fn state(&self, day: CivilDate) -> RiskState {
        match (&self.owner, self.accepted_until) {
            (Some(_), Some(last)) if day <= last => RiskState::Accepted,
            _ if self.class.may_stay() => RiskState::Residual,
            (Some(_), Some(_)) => RiskState::Expired,
            _ => RiskState::Open,
        }
    }
}

/// Lists the risks with which no release may go out on a day. None: what rests on `risks` holds.
#[must_use]
pub fn open(risks: &[Risk], day: CivilDate) -> Vec<(&Risk, RiskState)> {
    risks.iter().map(|risk| (risk, risk.state(day))).filter(|(_, state)| !state.holds()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> CivilDate {
        text.parse().expect("a date")
    }

    fn risk(class: RiskClass, owner: Option<&str>, until: Option<&str>) -> Risk {
        Risk {
            id: "risk".parse().expect("a name"),
            says: "it may rain".into(),
            class,
            owner: owner.map(str::to_owned),
            accepted_until: until.map(day),
        }
    }

    #[test]
    fn the_table_of_classes_owners_and_days() {
        let (past, last, future) = (Some("2026-11-22"), Some("2026-11-23"), Some("2027-01-01"));
        for (class, owner, until, expected) in [
            (RiskClass::P0, None, None, RiskState::Open),
            (RiskClass::P1, None, None, RiskState::Open),
            (RiskClass::P1, Some("ada"), None, RiskState::Open),
            (RiskClass::P1, Some("ada"), past, RiskState::Expired),
            (RiskClass::P1, Some("ada"), last, RiskState::Accepted),
            (RiskClass::P0, Some("ada"), future, RiskState::Accepted),
            (RiskClass::P2, None, None, RiskState::Residual),
            (RiskClass::P2, Some("ada"), past, RiskState::Residual),
            (RiskClass::P3, Some("ada"), future, RiskState::Accepted),
        ] {
            let risk = risk(class, owner, until);
            assert_eq!(risk.state(day("2026-11-23")), expected, "{class} {owner:?} {until:?}");
            assert_eq!(open(&[risk], day("2026-11-23")).is_empty(), expected.holds());
        }
    }

    #[test]
    fn classes_have_one_form_and_an_order() {
        for (text, class) in CLASSES {
            assert_eq!((text.parse(), class.to_string().as_str()), (Ok(class), text));
        }
        assert!(RiskClass::P0 < RiskClass::P1 && "p1".parse::<RiskClass>().is_err());
    }
}
