//! Exit codes: an API.

use std::process::ExitCode;

use rcrepro_model::evidence::finding::Severity;

/// Says how the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Reproduced, recorded, or nothing wrong.
    Success,
    /// Divergent, or a command failed.
    Divergent,
    /// The command line is wrong.
    Usage,
    /// The plan is bad or a lock is stale.
    Plan,
    /// The engine, a registry or the store could not serve.
    Engine,
    /// Nothing could be decided.
    Undecided,
    /// Something was changed after the fact.
    Tampered,
    /// A defect of rcrepro.
    Bug,
    /// The user stopped it.
    Interrupted,
}

impl Exit {
    /// Gives the word that documents use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Divergent => "divergent",
            Self::Usage => "usage",
            Self::Plan => "plan",
            Self::Engine => "engine",
            Self::Undecided => "undecided",
            Self::Tampered => "tampered",
            Self::Bug => "bug",
            Self::Interrupted => "interrupted",
        }
    }

    /// Gives the number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Divergent => 1,
            Self::Usage => 2,
            Self::Plan => 3,
            Self::Engine => 4,
            Self::Undecided => 5,
            Self::Tampered => 6,
            Self::Bug => 70,
            Self::Interrupted => 130,
        }
    }
}

impl From<Severity> for Exit {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Failed => Self::Divergent,
            Severity::Undecided => Self::Undecided,
            Severity::Tampered => Self::Tampered,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
