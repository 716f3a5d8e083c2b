//! What happens while images are made and a packet is run: streams that progress bars, plain lines and logs consume.

use std::fmt;
use std::time::Duration;

use super::attempt::Watch;
use crate::content::digest::Digest;
use crate::content::name::Name;
use crate::evidence::compare::{Equality, PartCounts};
use crate::image::definition::ImageName;
use crate::plan::PacketId;
use crate::text::amount::memory;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunEvent {
    /// A preparation began: an image, a frozen input, the source.
    Preparing {
        /// What is prepared, such as `image go`.
        what: String,
    },
    /// A step of making a toolchain image.
    Image(ImageEvent),
    /// A preparation ended.
    Prepared {
        /// The image, tree or input, in words for people.
        what: String,
        /// How, such as `from the store`.
        how: String,
    },
    /// A preparation that builds came to another step.
    Stepped {
        /// What is built, as its preparation was named.
        what: String,
        /// The step as its builder names it: to be made harmless before it is shown.
        step: String,
    },
    /// A preparation ended without what it should have built.
    NotBuilt {
        /// The image, in words for people.
        what: String,
        /// How, such as `NOT built`.
        how: String,
        /// The reasons in lines, to be made harmless before they are shown.
        why: Vec<String>,
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
    /// A command is ready and waits for what others have taken.
    Waiting {
        /// The command.
        id: Name,
        /// What it waits for.
        shortage: Shortage,
    },
    /// A running command wrote something more.
    Wrote {
        /// The command.
        id: Name,
        /// The last line so far, as it came: to be made harmless before it is shown.
        line: String,
    },
    /// A command was not executed: what an earlier run executed was taken over.
    TakenOver {
        /// The command.
        id: Name,
        /// The run that executed it.
        run: String,
    },
    /// A command ended.
    Finished {
        /// The command.
        id: Name,
        /// The status that it ended with.
        exit_code: i32,
        /// How it ended, in words.
        ended: String,
        /// How long it ran.
        duration: Duration,
        /// How it compares with what was recorded, when there is a record.
        equality: Option<Equality>,
    },
    /// A command tried to reach the network, or it is not known whether it did.
    Network {
        /// The command.
        id: Name,
        /// What was seen.
        attempts: Watch,
    },
    /// An attempt at a command failed, and it is run again.
    Retrying {
        /// The command.
        id: Name,
        /// The attempt that failed, from 1.
        attempt: u32,
        /// How many attempts the plan allows.
        of: u32,
        /// The attempt's exit code.
        ended: String,
    },
    /// A command is about to be run in a world that differs from its own.
    Probing {
        /// The command.
        id: Name,
        /// What is different, for people.
        world: String,
    },
    /// A command was run in such a world.
    Probed {
        /// The command.
        id: Name,
        /// What was different, as before.
        world: String,
        /// How long it ran.
        duration: Duration,
        /// How it compares with the first run in its own world.
        equality: Equality,
    },
    /// A command is about to be executed in a world, only to see whether it passes there.
    Trying {
        /// The command.
        id: Name,
        /// The world, for people.
        world: String,
    },
    /// Such an execution ended.
    Tried {
        /// The command.
        id: Name,
        /// The world, as before.
        world: String,
        /// Whether the command succeeded; none where that could not be decided.
        passed: Option<bool>,
        /// How long it ran.
        duration: Duration,
    },
    /// A command did not run because one that it needs failed.
    Skipped {
        /// The command.
        id: Name,
        /// The command that failed.
        because: Name,
    },
    /// A command did not run because another one failed and the run ends with the first failure.
    Stopped {
        /// The command.
        id: Name,
        /// The command that failed.
        because: Name,
    },
    /// A packet was not run because one that it needs did not pass.
    PacketSkipped {
        /// Not begun, and not to begin in this queue.
        packet: PacketId,
        /// The packet that did not pass.
        because: PacketId,
    },
    /// A damaged blob of the store was set aside, and what needs it begins again.
    Mending {
        /// What the blob should have been.
        blob: Digest,
        /// The folder where the damaged file is kept.
        folder: String,
    },
    /// A replay was compared with what was recorded.
    Compared {
        /// How its streams and outputs compare.
        parts: PartCounts,
    },
}

/// What a command that is ready waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shortage {
    /// As many commands run as may run at once.
    Lane {
        /// How many that are.
        lanes: usize,
        /// The commands that run.
        taken_by: Vec<String>,
    },
    /// Together with the commands that run it could use more memory than there is.
    Memory {
        /// How much those may use, in bytes.
        taken: u64,
        /// How much there is.
        of: u64,
        /// The commands that run.
        taken_by: Vec<String>,
    },
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lane { lanes, taken_by } => {
                write!(f, "waits for a lane: {} of {lanes} taken by {}", taken_by.len(), taken_by.join(", "))
            }
            Self::Memory { taken, of, taken_by } => {
                let (taken, of) = (memory(*taken), memory(*of));
                write!(f, "waits for memory: {taken} of {of} taken by {}", taken_by.join(", "))
            }
        }
    }
}

/// What happens while an image is locked or built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageEvent {
    /// So many files have to be fetched.
    Fetching {
        /// The image layer that the packages are for.
        layer: ImageName,
        /// How many files.
        files: usize,
        /// How many bytes, where the lock knows.
        bytes: u64,
    },
    /// A file is in the store.
    Fetched {
        /// The image layer that the download is for.
        layer: ImageName,
        /// The package's purl.
        package: String,
        /// The file.
        digest: Digest,
    },
    /// A program is compiled.
    Compiling {
        /// The image layer that the package is for.
        layer: ImageName,
        /// The module's purl.
        program: String,
    },
    /// A program is compiled, and its output in the store.
    Compiled {
        /// The image layer that the program is for.
        layer: ImageName,
    },
    /// A layer is put together.
    Assembling {
        /// The image layer that was in the store.
        layer: ImageName,
    },
    /// A layer is in the store.
    Assembled {
        /// The image layer that was built.
        layer: ImageName,
        /// Its uncompressed tar.
        digest: Digest,
    },
}
