//! What `why` answers: two sides, and every difference between them.

use super::compare::{Equality, Part, PartCounts};
use super::difference::{Class, Explained};
use super::digest::Digest;
use super::manifest::ReproManifest;
use super::name::Name;
use super::plan::PacketId;

/// Is one side of the comparison.
#[derive(Debug, Clone)]
pub struct Side {
    /// What it is, such as `replay 20261123T001301Z-k3f9 on linux 6.18, 2 processors`.
    pub name: String,
    /// The manifest.
    pub manifest: ReproManifest,
    /// Its digest.
    pub digest: Digest,
}

/// Is a stream or output that differs.
#[derive(Debug, Clone)]
pub struct ExplainedPart {
    /// The command.
    pub command: Name,
    /// The stream or output.
    pub part: Part,
    /// How it compares.
    pub equality: Equality,
    /// Its differences, each explained.
    pub differences: Vec<Explained>,
    /// What diffoscope says, where it is installed and was asked.
    pub diffoscope: Option<String>,
    /// Both sides' raw digests, where each side has the part.
    pub digests: Option<[Digest; 2]>,
}

/// Is a blob that an explanation wants and nobody has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingBlob {
    /// What it is, such as `go-test stdout of the first side`.
    pub what: String,
    /// Its digest.
    pub digest: Digest,
}

/// Is the whole answer.
#[derive(Debug, Clone)]
pub struct Why {
    /// The packet.
    pub packet: PacketId,
    /// Both sides.
    pub sides: [Side; 2],
    /// What went in otherwise: plan, source, images, frozen inputs, environment.
    pub inputs: Vec<Explained>,
    /// What is no stream's or output's: exit codes, endings, commands of one side only.
    pub endings: Vec<Explained>,
    /// The streams and outputs that differ.
    pub parts: Vec<ExplainedPart>,
    /// How all streams and outputs compare.
    pub counts: PartCounts,
    /// Evidence that is not there.
    pub missing: Vec<MissingBlob>,
}

impl Why {
    /// Gives every difference.
    pub fn differences(&self) -> impl Iterator<Item = &Explained> {
        let parts = self.parts.iter().flat_map(|part| &part.differences);
        self.inputs.iter().chain(&self.endings).chain(parts)
    }

    /// Counts the differences of each class that has some; what only follows from others is left out.
    #[must_use]
    pub fn classes(&self) -> Vec<(Class, usize)> {
        let count = |class| self.differences().filter(|one| one.class == class && !one.follows).count();
        Class::ALL.into_iter().map(|class| (class, count(class))).filter(|(_, count)| *count > 0).collect()
    }

    /// Tells whether the two sides differ in nothing.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.differences().next().is_none() && self.parts.is_empty() && self.missing.is_empty()
    }
}
