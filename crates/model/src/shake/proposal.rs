//! What looking for worlds came to, command by command.

use super::propose::{Candidate, Proposed, Question, Trials};
use crate::content::name::Name;
use crate::evidence::compare::Equality;
use crate::plan::packet_id::PacketId;

/// A packet whose commands were tried in worlds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PacketProposal {
    /// The packet that was shaken, by its id in the plan.
    pub packet: PacketId,
    /// The commands, in the plan's order.
    pub commands: Vec<ProposedCommand>,
}

/// A command with the world in which it passes, if one was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedCommand {
    /// The id from the plan.
    pub id: Name,
    /// The set of the plan that holds its table.
    pub set: Name,
    /// What came of it.
    pub tried: Tried,
}

/// The outcome of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// It was run in worlds until something could be said.
    Decided {
        /// What was asked.
        question: Question,
        /// Every run.
        trials: Trials,
        /// The keys for the plan, or why there are none.
        proposed: Proposed,
    },
    /// It did not run, because a command that it needs passes nowhere.
    Skipped {
        /// The command that it needs.
        because: Name,
    },
}

impl Tried {
    /// Returns the world that was found, if one was.
    #[must_use]
    pub const fn candidate(&self) -> Option<&Candidate> {
        match self {
            Self::Decided { proposed: Proposed::World { candidate, .. }, .. } => Some(candidate),
            Self::Decided { .. } | Self::Skipped { .. } => None,
        }
    }

    /// Whether the plan has other keys than those that were found.
    #[must_use]
    pub fn changes(&self) -> bool {
        match self {
            Self::Decided { question, .. } => self.candidate().is_some_and(|found| *found != question.today()),
            Self::Skipped { .. } => false,
        }
    }

    /// Ranks it: bitwise where the plan is right as it is, divergent where a key is proposed or something differs from run to
    /// run, failed where it passes nowhere, undecided where it did not run or a world could not be made.
    #[must_use]
    pub fn equality(&self) -> Equality {
        match self {
            Self::Decided { proposed: Proposed::World { differing, left_out, .. }, .. } => {
                if !left_out.is_empty() {
                    Equality::Undecided
                } else if self.changes() || !differing.is_empty() {
                    Equality::Divergent
                } else {
                    Equality::Bitwise
                }
            }
            Self::Decided { proposed: Proposed::Flaky(_), .. } => Equality::Divergent,
            Self::Decided { proposed: Proposed::Nowhere, .. } => Equality::Failed,
            Self::Skipped { .. } => Equality::Undecided,
        }
    }

    /// Counts its runs.
    #[must_use]
    pub fn runs(&self) -> usize {
        match self {
            Self::Decided { trials, .. } => trials.values().map(Vec::len).sum(),
            Self::Skipped { .. } => 0,
        }
    }
}

impl PacketProposal {
    /// The worst of all commands; no command at all decides nothing.
    #[must_use]
    pub fn equality(&self) -> Equality {
        self.commands.iter().map(|command| command.tried.equality()).max().unwrap_or(Equality::Undecided)
    }
}
