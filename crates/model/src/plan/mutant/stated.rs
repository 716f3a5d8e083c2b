//! The gates that can go red, and the mutants that a plan states for them.

use std::fmt;
use std::str::FromStr;

use crate::content::digest::serde_as_text;
use crate::content::name::{Name, TreePath};
use crate::plan::packet_id::PacketId;

/// A gate that can go red: as text `command:ID`, `documents`, `pins` or `scope:PACKET`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MutationGate {
    /// A command and the verdict on its evidence.
    Command(Name),
    /// The documents that quote commands.
    Documents,
    /// The references to toolchains.
    Pins,
    /// What a packet's branch may change.
    Scope(PacketId),
}

impl fmt::Display for MutationGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(id) => write!(f, "command:{id}"),
            Self::Documents => f.write_str("documents"),
            Self::Pins => f.write_str("pins"),
            Self::Scope(packet) => write!(f, "scope:{packet}"),
        }
    }
}

/// The error for a text that is not a valid gate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid gate `{found}`: expected `command:ID`, `scope:PACKET`, `pins` or `documents`")]
pub struct GateError {
    /// The text that was found.
    pub found: String,
}

impl FromStr for MutationGate {
    type Err = GateError;

    fn from_str(text: &str) -> Result<Self, GateError> {
        let error = || GateError { found: text.to_owned() };
        match text.split_once(':') {
            Some(("command", id)) => id.parse().map(Self::Command).map_err(|_| error()),
            Some(("scope", packet)) => packet.parse().map(Self::Scope).map_err(|_| error()),
            None if text == "documents" => Ok(Self::Documents),
            None if text == "pins" => Ok(Self::Pins),
            _ => Err(error()),
        }
    }
}

serde_as_text!(MutationGate);

/// A mutant that a plan states: what only the project knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanMutant {
    /// Its id, unique in the plan. One that a built-in mutant has takes that one's place.
    pub id: Name,
    /// What is wrong after it; never blank.
    pub says: String,
    /// What has to go red.
    pub gate: MutationGate,
    /// The tracked file that is changed, relative to the plan's folder.
    pub file: TreePath,
    /// The text to remove; it must appear in the file exactly once.
    pub find: String,
    /// What comes in its place.
    pub replace: String,
    /// The text that the red gate's evidence must hold, and that of the unchanged source must not; never blank.
    pub shows: String,
}
