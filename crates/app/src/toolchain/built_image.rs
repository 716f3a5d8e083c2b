//! A built image as a value.

use rcrepro_images::oci::image::ImageBlobs;
use rcrepro_model::image::identity::ImageIdentity;

/// An image whose every blob is in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltImage {
    /// What an engine has to confirm.
    pub identity: ImageIdentity,
    /// Manifest, config and layers, by their digests.
    pub blobs: ImageBlobs,
}
