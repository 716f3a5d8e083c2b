//! What came of shaking a packet.

use super::inquiry::Inquiry;
use crate::content::name::Name;
use crate::evidence::compare::Equality;
use crate::plan::packet_id::PacketId;

/// What `shake` learned about each command of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShakenPacket {
    /// The packet, by its id in the plan.
    pub packet: PacketId,
    /// How many worlds varied everything.
    pub worlds: usize,
    /// How often the baseline was run, and every question asked.
    pub repeat: usize,
    /// What chose the worlds.
    pub seed: u64,
    /// The commands, in the plan's order.
    pub commands: Vec<ShakenCommand>,
}

/// One command that was asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShakenCommand {
    /// The id from the plan.
    pub id: Name,
    /// What came of it.
    pub result: Shaken,
}

/// The outcome of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shaken {
    /// It was asked about.
    Asked(Inquiry),
    /// It does not succeed in its own world; there is nothing to compare with.
    Failed {
        /// The status that it ended with in its own world.
        exit_code: i32,
        /// How it ended, in words.
        ended: String,
    },
    /// It did not run, because a command that it needs failed.
    Skipped,
}

impl Shaken {
    /// How the command fared in all worlds: failed when it does not succeed in its own; undecided when it did not run, or the
    /// engine left a variation out and nothing differs anyway.
    #[must_use]
    pub fn equality(&self) -> Equality {
        match self {
            Self::Failed { .. } => Equality::Failed,
            Self::Skipped => Equality::Undecided,
            Self::Asked(inquiry) if inquiry.differs() => Equality::Divergent,
            Self::Asked(inquiry) if !inquiry.not_applied.is_empty() => Equality::Undecided,
            Self::Asked(inquiry) if inquiry.findings.is_empty() => Equality::Bitwise,
            Self::Asked(_) => Equality::Canonical,
        }
    }
}

impl ShakenPacket {
    /// The worst of all commands; no command at all decides nothing.
    #[must_use]
    pub fn equality(&self) -> Equality {
        self.commands.iter().map(|command| command.result.equality()).max().unwrap_or(Equality::Undecided)
    }

    /// Counts the commands that fared like this.
    #[must_use]
    pub fn count(&self, equality: Equality) -> usize {
        self.commands.iter().filter(|command| command.result.equality() == equality).count()
    }
}
