//! `rcrepro why`: every difference of two manifests, with its class, its cause and what would remove it.

use super::evidence::EvidenceError;
use super::replay::ReplayError;
use crate::model::compare::{Equality, Part, PartCounts, compare};
use crate::model::difference::{Class, Explained};
use crate::model::digest::Digest;
use crate::model::manifest::ReproManifest;
use crate::model::name::Name;
use crate::model::plan::PacketId;
use crate::store::{BlobStore, StoreError, export::ExportError, runs};

pub mod diffoscope;
mod inputs;
mod parts;
pub mod target;

/// Says why two manifests could not be compared at all.
#[derive(Debug, thiserror::Error)]
pub enum WhyError {
    /// A side names nothing.
    #[error("`{target}` is no packet, no run of the store and no manifest file")]
    NoTarget {
        /// What was given.
        target: String,
    },
    /// A run has no record of the packet.
    #[error("run {run} has no record of {packet}")]
    NoRecord {
        /// The run.
        run: String,
        /// The packet.
        packet: PacketId,
    },
    /// The store has no run of the packet, or no replay of the manifest.
    #[error("the store has no replay of this manifest of {packet}, or no run of it at all")]
    NoRun {
        /// The packet.
        packet: PacketId,
    },
    /// A run was named that holds several packets, or `latest`, and nothing says which packet is meant.
    #[error("`{target}` does not say which packet is meant")]
    WhichPacket {
        /// What was given.
        target: String,
    },
    /// The sides are of two packets.
    #[error("the sides are of two packets: {left} and {right}")]
    Packets {
        /// The first side's.
        left: PacketId,
        /// The second side's.
        right: PacketId,
    },
    /// The manifest of a run is gone or damaged.
    #[error("the manifest of {run} cannot be read")]
    Manifest {
        /// The run.
        run: String,
        /// What the store or the format said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A manifest file could not be read.
    #[error(transparent)]
    Read(#[from] ReplayError),
    /// Evidence could not be read.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The runs of the store cannot be read.
    #[error(transparent)]
    Runs(#[from] runs::RunError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A tree is unusable.
    #[error(transparent)]
    Tree(#[from] ExportError),
}

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

/// Explains every difference of two sides.
///
/// # Errors
/// [`WhyError`]; a blob that is missing is no error, but part of the answer.
pub fn why(sides: [Side; 2], store: &dyn BlobStore) -> Result<Why, WhyError> {
    let [left, right] = [&sides[0].manifest, &sides[1].manifest];
    if left.packet != right.packet {
        return Err(WhyError::Packets { left: left.packet.clone(), right: right.packet.clone() });
    }
    let comparison = compare(left, right);
    let mut missing = Vec::new();
    let inputs = inputs::explain(left, right, store, &mut missing)?;
    let (endings, parts) = parts::explain(left, right, &comparison, store, &mut missing)?;
    missing.dedup();
    let (packet, counts) = (left.packet.clone(), comparison.part_counts());
    Ok(Why { packet, sides, inputs, endings, parts, counts, missing })
}

/// Reads a blob, or notes that it is missing.
fn read(
    store: &dyn BlobStore,
    digest: Digest,
    what: &str,
    missing: &mut Vec<MissingBlob>,
) -> Result<Option<Vec<u8>>, WhyError> {
    match store.get(digest) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(StoreError::Missing { .. }) => {
            missing.push(MissingBlob { what: what.to_owned(), digest });
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}
