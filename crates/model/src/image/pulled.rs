//! Images that came from a registry: the blobs as they were published, and what they unpack to.

use super::reference::ImageReference;
use crate::content::digest::{Digest, Sha256};
use crate::image::definition::ImagePlatform;
use crate::image::identity::ImageIdentity;

/// One layer of a pulled image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PulledLayer {
    /// The blob as the registry keeps it, compressed or not.
    pub blob: Digest,
    /// What the manifest says that the blob is.
    pub media_type: String,
    /// The digest of the uncompressed tar, found by unpacking the blob and equal to what the image config says.
    pub diff_id: Sha256,
}

/// An image whose every blob is in the store, byte for byte as the registry has it, each checked against its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PulledImage {
    /// The index that the reference named, when it named one.
    pub index: Option<Digest>,
    /// The manifest of the one platform.
    pub manifest: Digest,
    /// The manifest's media type: OCI's or Docker's.
    pub manifest_type: String,
    /// The image config; its hash is the image ID of Docker's classic store.
    pub config: Digest,
    /// The machine that the image is for, as its config says.
    pub platform: ImagePlatform,
    /// The layers, lowest first.
    pub layers: Vec<PulledLayer>,
}

impl PulledImage {
    /// Returns every blob, the manifest first; a blob that is two layers comes twice.
    pub fn blobs(&self) -> impl Iterator<Item = Digest> + '_ {
        let layers = self.layers.iter().map(|layer| layer.blob);
        [self.manifest, self.config].into_iter().chain(layers).chain(self.index)
    }

    /// Returns what an engine has to confirm; the name is a comment.
    #[must_use]
    pub fn identity(&self, name: impl Into<String>) -> ImageIdentity {
        ImageIdentity {
            name: name.into(),
            manifest: self.manifest.hash,
            config: self.config.hash,
            diff_ids: self.layers.iter().map(|layer| layer.diff_id).collect(),
        }
    }
}

/// Pins an image that a plan pulls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PulledLock {
    /// The plan's reference, whose digest is that of the manifest or of the index.
    pub reference: ImageReference,
    /// What the reference means on one platform.
    pub image: PulledImage,
}
