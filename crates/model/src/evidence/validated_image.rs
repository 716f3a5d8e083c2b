//! What was checked of a release image by its record, and what came out.

use super::finding::{EvidenceCount, Finding, Note};
use crate::content::digest::Digest;
use crate::content::name::Name;
use crate::plan::packet_id::PacketId;
use crate::standing::Standing;

/// One release image as the record of one packet shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidatedImage {
    /// The image's name in the plan.
    pub image: Name,
    /// The packet whose record it is.
    pub packet: PacketId,
    /// What the board makes of it.
    pub standing: Standing,
    /// Why, in the board's words.
    pub says: String,
    /// The record; none where there is none that can be read.
    pub record: Option<RecordedImage>,
    /// What was checked, in the order in which it is judged.
    pub checks: Vec<ImageCheck>,
    /// Statements of the record that nothing in its evidence can confirm.
    pub untied: Vec<Note>,
}

/// The record that an image was judged by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedImage {
    /// The version of its format.
    pub version: u32,
    /// Each platform with the manifest of its image; without one where the engine's classic builder made it.
    pub platforms: Vec<(String, Option<Digest>)>,
    /// How many blobs the record names, and how many of them are there.
    pub evidence: EvidenceCount,
}

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageCheck {
    /// Its name, such as `user`.
    pub name: &'static str,
    /// How it ended.
    pub outcome: CheckOutcome,
    /// What was held against what.
    pub says: String,
    /// Everything that is wrong.
    pub findings: Vec<Finding>,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckOutcome {
    /// With this result.
    Judged(Standing),
    /// The plan asks for nothing, or the image has nothing of the kind.
    NothingAsked,
    /// The record is of a version that does not say it.
    Unconfirmed,
}

impl CheckOutcome {
    /// Gives the word for people and documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Judged(Standing::Passed) => "ok",
            Self::Judged(other) => other.as_str(),
            Self::NothingAsked => "not asked",
            Self::Unconfirmed => "unconfirmed",
        }
    }
}
