//! What keeps an image of the release from being pushed or compared.

use crate::release::error::ReleaseError;
use crate::workspace::WorkspaceError;
use rcrepro_format::images::oci_document::DocumentError;
use rcrepro_images::registry::RegistryError;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::image::reference::ImageReference;
use rcrepro_model::plan::PacketId;
use rcrepro_model::standing::Standing;
use rcrepro_model::text::hint::Hint;
use rcrepro_model::text::unknown::UnknownName;
use rcrepro_store::StoreError;

/// Why an image of the release could not be pushed or compared.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The plan has no such image.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// The source cannot be read.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The record or its evidence cannot be read.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// The registry could not serve, or was not believed.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No packet names the image, so that none records it.
    #[error("release image `{image}`: no packet of the plan builds it")]
    NoPacket {
        /// Its name in the plan.
        image: Name,
    },
    /// A release has no record of the image.
    #[error("release image `{image}`: {revision} has no record of it")]
    NoRecord {
        /// Its name in the plan.
        image: Name,
        /// The packet that builds it.
        packet: PacketId,
        /// The tag or revision; `HEAD` for the record beside the plan.
        revision: String,
    },
    /// There is no earlier release.
    #[error("there is no release before HEAD: no tag, and no commit with another record of the images of {packet}")]
    NoEarlier {
        /// The packet that builds the image.
        packet: PacketId,
    },
    /// The record does not show a good image of this source.
    #[error("release image `{image}` is not certified by {packet}: {why}")]
    NotCertified {
        /// Its name in the plan.
        image: Name,
        /// The packet that builds it.
        packet: PacketId,
        /// Whether it failed, is undecided, or was tampered with.
        standing: Standing,
        /// What is wrong, or missing.
        why: String,
    },
    /// Two packets recorded different images under one name.
    #[error("release image `{image}`: the records of {one} and {other} are of different images")]
    Ambiguous {
        /// Its name in the plan.
        image: Name,
        /// The packet whose record was read first.
        one: PacketId,
        /// The packet whose record contradicts it.
        other: PacketId,
    },
    /// The record is of an image for another machine.
    #[error("release image `{image}`: {packet} recorded it for {}, {asked} was asked for", recorded.join(" and "))]
    OtherPlatform {
        /// Its name in the plan.
        image: Name,
        /// The packet that built it.
        packet: PacketId,
        /// The record's.
        recorded: Vec<String>,
        /// The platform of the command line.
        asked: String,
    },
    /// The engine's classic builder made it, so that the record names no manifest.
    #[error(
        "release image `{image}`: its record names no manifest, because the engine's classic builder made it: expected one by \
         BuildKit, whose every build has the same digest"
    )]
    Classic {
        /// Its name in the plan.
        image: Name,
    },
    /// The evidence holds something else in the place of the manifest.
    #[error("release image `{image}`: its manifest cannot be read: {mistake}")]
    Manifest {
        /// Its name in the plan.
        image: Name,
        /// What is wrong with it.
        mistake: DocumentError,
    },
    /// Blobs of the image are not in the store, or are damaged there.
    #[error("release image `{image}`: {missing} of its {of} blobs are not whole in the store, the first is {}", first.hash.to_oci())]
    NotHere {
        /// Its name in the plan.
        image: Name,
        /// The packet that builds it.
        packet: PacketId,
        /// How many are missing or damaged.
        missing: usize,
        /// How many the image has.
        of: usize,
        /// The lowest of their digests.
        first: Digest,
    },
    /// No name was given, and no record has what the registry serves.
    #[error("`{reference}` serves {found}, and no record of the plan's images names such a manifest")]
    Which {
        /// As it was given.
        reference: Box<ImageReference>,
        /// What is served, in words.
        found: String,
        /// The names to choose from.
        known: Vec<Name>,
    },
}

impl Hint for PublishError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown(error) => error.hint(),
            Self::Workspace(error) => error.hint(),
            Self::Release(error) => error.hint(),
            Self::Registry(error) => error.hint(),
            Self::Store(error) => error.hint(),
            Self::NoPacket { image } => {
                Some(format!("name it in a packet: release-images = [\"{image}\"], then rcrepro run PACKET"))
            }
            Self::NoRecord { packet, revision, .. } if revision == "HEAD" => {
                Some(format!("rcrepro run {packet}, and commit what it records"))
            }
            Self::NoRecord { image, .. } => {
                Some(format!("name a revision that recorded it: rcrepro image delta {image} --since REV"))
            }
            Self::NoEarlier { .. } => Some("name a revision: --since REV; or git fetch --tags".to_owned()),
            Self::NotCertified { packet, standing, image, .. } => Some(match standing {
                Standing::Tampered => format!("rcrepro verify manifests/{packet}.json names every part"),
                Standing::Failed => format!("rcrepro log {packet} {image}, then rcrepro run {packet}"),
                Standing::Undecided | Standing::Passed => format!("rcrepro run {packet}, and commit what it records"),
            }),
            Self::Ambiguous { one, other, .. } => Some(format!("rcrepro run {one} {other}")),
            Self::OtherPlatform { recorded, .. } => {
                recorded.first().map(|recorded| format!("rcrepro image --platform {recorded} …"))
            }
            Self::Classic { image } => Some(format!(
                "builder = \"buildkit\" in [release-images.{image}]; or push it by other means, then rcrepro image compare \
                 REFERENCE {image}"
            )),
            Self::Manifest { .. } => Some("git checkout -- manifests".to_owned()),
            Self::NotHere { packet, .. } => Some(format!("rcrepro replay {packet} builds it again")),
            Self::Which { reference, known, .. } => {
                let known: Vec<&str> = known.iter().map(Name::as_str).collect();
                Some(format!(
                    "say which image it should be: rcrepro image compare {reference} NAME; known: {}",
                    known.join(", ")
                ))
            }
        }
    }
}
