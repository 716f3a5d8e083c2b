//! What keeps two manifests from being compared.

use crate::evidence::EvidenceError;
use crate::evidence::recorded::RecordedError;
use crate::release::error::ReleaseError;
use crate::run::replay::ReplayError;
use rcrepro_model::plan::PacketId;
use rcrepro_model::text::hint::Hint;
use rcrepro_model::text::unknown::UnknownName;
use rcrepro_store::export::ExportError;
use rcrepro_store::{StoreError, runs};

/// Why two manifests could not be compared at all.
#[derive(Debug, thiserror::Error)]
pub enum WhyError {
    /// A side names nothing.
    #[error("`{target}` is neither a packet nor a run of the store nor a manifest file")]
    NoTarget {
        /// What was given.
        target: String,
    },
    /// What was recorded of a side's release images cannot be read.
    #[error(transparent)]
    Images(#[from] Box<ReleaseError>),
    /// The plan has no such packet, or the store no such run.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// A run has no record of the packet.
    #[error("run {run} has no record of {packet}")]
    NoRecord {
        /// Its id, as `rcrepro log` lists it.
        run: String,
        /// The packet that was asked for.
        packet: PacketId,
    },
    /// The store has no run of the packet, or no replay of the manifest.
    #[error("the store has no replay of this manifest of {packet}, or no run of it at all")]
    NoRun {
        /// The packet that was asked for.
        packet: PacketId,
        /// What a replay of it is asked for by: the packet, or the file of its manifest.
        target: String,
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
    /// The newest run is the one that recorded the manifest that it would be compared with.
    #[error("nothing to compare yet: {run} is the run that recorded this manifest of {packet}")]
    Itself {
        /// Its id, as `rcrepro log` lists it.
        run: String,
        /// The packet that was asked for.
        packet: PacketId,
    },
    /// What a run recorded is gone or damaged.
    #[error(transparent)]
    Recorded(#[from] RecordedError),
    /// A manifest file could not be read.
    #[error(transparent)]
    Read(#[from] ReplayError),
    /// Evidence could not be read.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The runs of the store cannot be read.
    #[error(transparent)]
    Runs(#[from] runs::RunFolderError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A tree is unusable.
    #[error(transparent)]
    Tree(#[from] ExportError),
}

impl Hint for WhyError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown(error) => error.hint(),
            Self::NoTarget { .. } => Some("name two of: a packet, a run's id, `latest`, a manifest file".to_owned()),
            Self::WhichPacket { target } => {
                Some(format!("name the packet first: rcrepro why PACKET {target}; its name: rcrepro status"))
            }
            Self::NoRun { target, .. } => Some(format!("rcrepro replay {target}")),
            Self::Itself { packet, .. } => Some(format!("rcrepro replay {packet}")),
            _ => None,
        }
    }
}
