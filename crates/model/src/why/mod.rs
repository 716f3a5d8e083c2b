//! What `why` answers: two sides, and every difference between them.

pub mod difference;
pub mod image;

use super::plan::PacketId;
use super::standing::Standing;
use crate::content::digest::Digest;
use crate::content::name::Name;
use crate::evidence::compare::{Equality, Part, PartCounts};
use crate::evidence::manifest::ReproManifest;
use crate::evidence::release_record::ReleaseRecord;
use crate::execution::world::ClockMode;
use crate::why::difference::{DifferenceClass, Explained};
use crate::why::image::ExplainedImage;

/// One side of the comparison.
#[derive(Debug, Clone)]
pub struct Side {
    /// What it is, such as `replay 20261123T001301Z-k3f9 on linux 6.18, 2 processors`.
    pub name: String,
    /// Parsed, with every digest that the parts are compared by.
    pub manifest: ReproManifest,
    /// SHA-256 and size of the manifest's bytes.
    pub digest: Digest,
    /// What was recorded of the release images; none for a packet without any, and where it is not there.
    pub images: Option<ReleaseRecord>,
}

/// A stream or output that differs.
#[derive(Debug, Clone)]
pub struct ExplainedPart {
    /// The command, by its id in the plan.
    pub command: Name,
    /// The stream or output.
    pub part: Part,
    /// How it compares.
    pub equality: Equality,
    /// One entry per difference found, with its class, cause and remedy.
    pub differences: Vec<Explained>,
    /// What diffoscope says, where it is installed and was asked.
    pub diffoscope: Option<String>,
    /// Both sides' raw digests, where each side has the part.
    pub digests: Option<[Digest; 2]>,
}

/// Names the key that makes a stream equal which differs by nothing but what a clock said that flowed.
///
/// `clocks` are those of both runs. A program that waits for its clock fails when that stands, so the command that finds out
/// belongs to the answer.
#[must_use]
pub fn standing_clock(
    packet: &PacketId,
    command: &Name,
    clocks: [ClockMode; 2],
    differences: &[Explained],
) -> Option<String> {
    let flowed = clocks.into_iter().map(ClockMode::today).find(|clock| *clock != ClockMode::Stands)?;
    let is_clock = |one: &Explained| one.follows || one.class == DifferenceClass::Clock;
    (!differences.is_empty() && differences.iter().all(is_clock)).then(|| {
        format!(
            "clock = \"stands\" in the plan's table of `{command}`, whose clock was `{}`: it makes the stream equal; \
             rcrepro shake {packet} --command {command} --propose finds whether the command passes so",
            flowed.as_str()
        )
    })
}

/// A blob that an explanation needs and that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingBlob {
    /// What it is, such as `go-test stdout of the first side`.
    pub what: String,
    /// SHA-256 and size of the bytes that are not in the store.
    pub digest: Digest,
}

/// The whole answer.
#[derive(Debug, Clone)]
pub struct Why {
    /// The packet that both manifests are of.
    pub packet: PacketId,
    /// Both sides.
    pub sides: [Side; 2],
    /// What went in otherwise: plan, source, images, frozen inputs, environment.
    pub inputs: Vec<Explained>,
    /// Differences outside streams and outputs: exit codes, endings, commands of one side only.
    pub endings: Vec<Explained>,
    /// The streams and outputs that differ.
    pub parts: Vec<ExplainedPart>,
    /// The release images that differ, by layer.
    pub images: Vec<ExplainedImage>,
    /// How all streams and outputs compare.
    pub counts: PartCounts,
    /// Evidence that is not there.
    pub missing: Vec<MissingBlob>,
}

impl Why {
    /// Lists the differences of inputs, endings, parts and images, in this order.
    pub fn differences(&self) -> impl Iterator<Item = &Explained> {
        let parts = self.parts.iter().flat_map(|part| &part.differences);
        let images = self.images.iter().flat_map(|image| &image.differences);
        self.inputs.iter().chain(&self.endings).chain(parts).chain(images)
    }

    /// Counts the differences of each class that has some; what only follows from others is left out.
    #[must_use]
    pub fn classes(&self) -> Vec<(DifferenceClass, usize)> {
        let count = |class| self.differences().filter(|one| one.class == class && !one.follows).count();
        DifferenceClass::ALL.into_iter().map(|class| (class, count(class))).filter(|(_, count)| *count > 0).collect()
    }

    /// Counts the places at which the comparison ended early, because the rest would have taken too much work.
    #[must_use]
    pub fn cuts(&self) -> usize {
        self.differences().filter(|one| one.is_cut()).count()
    }

    /// Whether every difference is explained, which is what is asked here: the rest leaves that undecided, although it is known
    /// that the two differ. What a difference means for a packet is the replay's to say.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match self.missing.is_empty() && self.cuts() == 0 {
            false => Standing::Undecided,
            true if self.is_equal() => Standing::Passed,
            true => Standing::Failed,
        }
    }

    /// Whether the two sides differ in nothing.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.differences().next().is_none() && self.parts.is_empty() && self.missing.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_flowed_and_nothing_else_is_a_reason_to_let_it_stand() {
        let ids = || ("RC-05".parse::<PacketId>().expect("an id"), "timed".parse::<Name>().expect("a name"));
        let one = |class| Explained::new("timed stdout:1", class, ["1", "2"], "a reason", None);
        let said = |clocks, found: &[Explained]| {
            let (packet, command) = ids();
            standing_clock(&packet, &command, clocks, found)
        };
        use ClockMode::{Pinned, Real, Stands, Starts};
        let text = said([Starts, Starts], &[one(DifferenceClass::Clock)]).expect("a remedy");
        assert!(
            text.starts_with("clock = \"stands\" in the plan's table of `timed`, whose clock was `starts`"),
            "{text}"
        );
        assert!(text.contains("rcrepro shake RC-05 --command timed --propose"), "{text}");
        assert!(said([Stands, Real], &[one(DifferenceClass::Clock)]).is_some());
        assert_eq!(said([Stands, Pinned], &[one(DifferenceClass::Clock)]), None);
        assert_eq!(said([Real, Real], &[one(DifferenceClass::Clock), one(DifferenceClass::Duration)]), None);
        assert_eq!(said([Real, Real], &[]), None);
    }
}
