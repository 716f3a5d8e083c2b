//! The one scale of outcomes: what a command, a packet or a whole release came to.
//!
//! Every judgement of rcrepro ends here, whatever it was made from, and an exit code is made from nothing else.
//!
//! # The order
//!
//! [`Passed`](Standing::Passed) < [`Undecided`](Standing::Undecided) < [`Failed`](Standing::Failed) <
//! [`Tampered`](Standing::Tampered). Where several facts meet, the greatest decides ([`Standing::worst`]):
//!
//! - *Failed outranks undecided*, because what failed is known whatever else is not: no evidence that is still missing can turn
//!   a failed test into a passed one, whereas a hollow pass beside it may still become either.
//! - *Tampered outranks all*, because it takes away the ground on which anything else was decided: a failure in evidence that
//!   contradicts itself says nothing about the command.
//! - *Undecided outranks passed*: a pass is a claim about everything that was asked.
//!
//! Nothing at all is two different things. A check that found nothing wrong passed ([`Standing::worst`]); evidence that does not
//! exist decides nothing ([`Standing::of_evidence`]).

use serde::Serialize;

/// What something came to; later is worse. See the module for the reason of the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Everything was looked at, and nothing is wrong.
    Passed,
    /// Something could not be decided: evidence is missing or hollow, or a command did not run.
    Undecided,
    /// The evidence is whole and says that something did not succeed or is not equal.
    Failed,
    /// Two parts contradict each other: something was changed after the fact.
    Tampered,
}

impl Standing {
    /// All of them, in their order.
    pub const ALL: [Self; 4] = [Self::Passed, Self::Undecided, Self::Failed, Self::Tampered];

    /// The word in JSON documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Undecided => "undecided",
            Self::Failed => "failed",
            Self::Tampered => "tampered",
        }
    }

    /// The word in the last line of a report.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Passed => "PASSED",
            Self::Undecided => "UNDECIDED",
            Self::Failed => "FAILED",
            Self::Tampered => "TAMPERED",
        }
    }

    /// The worst of what a check found; passed when it found nothing.
    #[must_use]
    pub fn worst<T: Into<Self>>(found: impl IntoIterator<Item = T>) -> Self {
        found.into_iter().map(Into::into).max().unwrap_or(Self::Passed)
    }

    /// The worst of all evidence; undecided when there is none.
    #[must_use]
    pub fn of_evidence<T: Into<Self>>(evidence: impl IntoIterator<Item = T>) -> Self {
        evidence.into_iter().map(Into::into).max().unwrap_or(Self::Undecided)
    }
}

impl std::fmt::Display for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Standing::{self, Failed, Passed, Tampered, Undecided};

    #[test]
    fn what_failed_is_known_whatever_else_is_not_and_tampering_outranks_all() {
        assert_eq!(Standing::worst([Undecided, Failed, Passed]), Failed);
        assert_eq!(Standing::worst([Failed, Tampered, Undecided]), Tampered);
        assert_eq!(Standing::worst([Passed, Undecided]), Undecided);
        assert!(Standing::ALL.is_sorted(), "the list is in the order of the scale");
    }

    #[test]
    fn nothing_found_is_a_pass_and_no_evidence_decides_nothing() {
        assert_eq!(Standing::worst::<Standing>([]), Passed);
        assert_eq!(Standing::of_evidence::<Standing>([]), Undecided);
        assert_eq!(Standing::of_evidence([Passed]), Passed);
    }
}
