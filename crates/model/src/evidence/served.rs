//! How what a registry serves compares with an image of the release that was certified.

use super::finding::Finding;
use crate::content::digest::{Digest, Sha256};
use crate::content::name::Name;
use crate::image::definition::ImagePlatform;
use crate::plan::packet_id::PacketId;
use crate::standing::Standing;

/// What the two were compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparedBy {
    /// The manifest's digest, which fixes every byte.
    Digest,
    /// The files, settings, modes and owners that layers and configuration hold.
    Files,
}

impl ComparedBy {
    /// Gives the word that documents use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Digest => "digest",
            Self::Files => "files",
        }
    }
}

/// The comparison of one image, for every platform that it was certified for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedComparison {
    /// The image's name in the plan.
    pub image: Name,
    /// The packet that recorded it.
    pub packet: PacketId,
    /// The manifest or index that the reference names now.
    pub asked: Sha256,
    /// The platforms that were compared, in order.
    pub platforms: Vec<ServedPlatform>,
    /// Those that were certified, too, and that a manifest of one platform is not for.
    pub unserved: Vec<ImagePlatform>,
}

/// The comparison for one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedPlatform {
    /// As an index names it, without a variant.
    pub platform: ImagePlatform,
    /// The manifest that is served; none where the index has none for the platform.
    pub served: Option<Digest>,
    /// The manifest that was certified; none for an image of the engine's classic builder.
    pub certified: Option<Digest>,
    /// Whether digests decided, or what is in the image.
    pub by: ComparedBy,
    /// Everything that differs, or cannot be compared.
    pub findings: Vec<Finding>,
}

impl ServedComparison {
    /// Says whether it is the certified image, for every platform that was compared.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing::worst(self.platforms.iter().flat_map(|platform| &platform.findings))
    }
}

impl ServedPlatform {
    /// Says whether it is the certified image.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing::worst(&self.findings)
    }
}
