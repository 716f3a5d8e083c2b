//! What happens while a packet is run: one stream that progress bars, plain lines and logs consume.

use std::time::Duration;

use super::compare::Equality;
use super::name::Name;

/// Is one thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunEvent {
    /// A preparation began: an image, a frozen input, the source.
    Preparing {
        /// What is prepared, such as `image go`.
        what: String,
    },
    /// A preparation ended.
    Prepared {
        /// What was prepared.
        what: String,
        /// How, such as `from the store`.
        how: String,
    },
    /// The commands are about to run.
    Planned {
        /// The commands, in the plan's order.
        commands: Vec<Name>,
    },
    /// A command began.
    Started {
        /// The command.
        id: Name,
    },
    /// A command ended.
    Finished {
        /// The command.
        id: Name,
        /// Its exit code.
        exit_code: i32,
        /// How long it ran.
        duration: Duration,
        /// How it compares with what was recorded, when there is a record.
        equality: Option<Equality>,
    },
    /// A command did not run because one that it needs failed.
    Skipped {
        /// The command.
        id: Name,
        /// The command that failed.
        because: Name,
    },
}
