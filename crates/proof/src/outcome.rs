//! What evidence proves about a command's work.

use std::fmt;

use rcrepro_model::plan::proof::{Condition, Tool};
use rcrepro_model::standing::Standing;
use rcrepro_model::text::plural::of_one;

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// The tool that did it.
    pub tool: Tool,
    /// How often, where the tool says so.
    pub count: Option<u64>,
    /// What was done, in the plural, such as `tests executed`.
    pub what: String,
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            Some(1) => write!(f, "1 {}", of_one(&self.what)),
            Some(count) => write!(f, "{count} {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// What the evidence of one command proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// It did its work.
    Proven {
        /// One entry or more for each tool of the line.
        work: Vec<Work>,
        /// What keeps the pass from saying all that it seems to say.
        conditions: Vec<Condition>,
    },
    /// No rule says more than the exit code, which is 0.
    Unproven {
        /// Why not.
        reason: String,
    },
    /// The exit code is 0, and nothing was checked, or nothing shows that anything was.
    Hollow {
        /// What is missing.
        reason: String,
    },
    /// The exit code is 0, and the streams say that the check failed.
    Contradicted {
        /// What they say.
        reason: String,
    },
    /// The exit code is not 0, and no verdict of the tool's: it could not do its work.
    NoVerdict {
        /// What kept the tool from its work, in its own words where it says so.
        reason: String,
    },
    /// The exit code is not 0.
    Failed,
}

impl Proof {
    /// Returns what the proof makes of the command.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match self {
            Self::Proven { .. } | Self::Unproven { .. } => Standing::Passed,
            Self::Hollow { .. } | Self::NoVerdict { .. } => Standing::Undecided,
            Self::Contradicted { .. } | Self::Failed => Standing::Failed,
        }
    }

    /// Returns the word that reports and JSON use.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Proven { .. } => "proven",
            Self::Unproven { .. } => "unproven",
            Self::Hollow { .. } => "hollow",
            Self::Contradicted { .. } => "contradicted",
            Self::NoVerdict { .. } => "no-verdict",
            Self::Failed => "failed",
        }
    }

    /// Returns why it is not a proof; none for a pass or a plain failure.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Unproven { reason }
            | Self::Hollow { reason }
            | Self::Contradicted { reason }
            | Self::NoVerdict { reason } => Some(reason),
            Self::Proven { .. } | Self::Failed => None,
        }
    }

    pub(crate) fn hollow(reason: impl Into<String>) -> Self {
        Self::Hollow { reason: reason.into() }
    }

    pub(crate) fn unproven(reason: impl Into<String>) -> Self {
        Self::Unproven { reason: reason.into() }
    }

    pub(crate) fn contradicted(reason: impl Into<String>) -> Self {
        Self::Contradicted { reason: reason.into() }
    }

    pub(crate) fn no_verdict(reason: impl Into<String>) -> Self {
        Self::NoVerdict { reason: reason.into() }
    }

    pub(crate) fn proven(tool: Tool, count: u64, what: &str) -> Self {
        Self::done(vec![Work { tool, count: Some(count), what: what.to_owned() }])
    }

    pub(crate) fn done(work: Vec<Work>) -> Self {
        Self::Proven { work, conditions: Vec::new() }
    }

    /// Adds what the pass does not say; any other proof stays as it is.
    pub(crate) fn on(mut self, more: impl IntoIterator<Item = Condition>) -> Self {
        if let Self::Proven { conditions, .. } = &mut self {
            conditions.extend(more);
        }
        self
    }

    /// Lists what keeps a pass from saying all that it seems to say.
    #[must_use]
    pub fn conditions(&self) -> &[Condition] {
        match self {
            Self::Proven { conditions, .. } => conditions,
            _ => &[],
        }
    }

    /// Ranks proofs: what is worst decides for a line.
    pub(crate) const fn rank(&self) -> u8 {
        match self {
            Self::Proven { .. } => 0,
            Self::Unproven { .. } => 1,
            Self::Hollow { .. } => 2,
            Self::NoVerdict { .. } => 3,
            Self::Failed => 4,
            Self::Contradicted { .. } => 5,
        }
    }
}

impl From<&Proof> for Standing {
    fn from(proof: &Proof) -> Self {
        proof.standing()
    }
}

impl fmt::Display for Proof {
    /// Writes `132 tests executed`, `unproven: …` or `hollow pass: …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proven { work, .. } => {
                let work: Vec<String> = work.iter().map(ToString::to_string).collect();
                f.write_str(&work.join(", "))
            }
            Self::Unproven { reason } => write!(f, "unproven: {reason}"),
            Self::Hollow { reason } => write!(f, "hollow pass: {reason}"),
            Self::Contradicted { reason } => write!(f, "the exit code is 0, and the output says otherwise: {reason}"),
            Self::NoVerdict { reason } => write!(f, "the exit code is not a verdict: {reason}"),
            Self::Failed => f.write_str("failed"),
        }
    }
}
