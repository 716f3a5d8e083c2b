//! Layers, config and manifest together: an image whose every byte is in the store.

use super::OciError;
use rcrepro_format::images::oci_json::{self, LayoutImage};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::image::definition::{ImageConfig, ImagePlatform};
use rcrepro_store::BlobStore;

/// Names the blobs of one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageBlobs {
    /// The machine that the image is for.
    pub platform: ImagePlatform,
    /// OCI JSON, media type `application/vnd.oci.image.manifest.v1+json`.
    pub manifest: Digest,
    /// OCI JSON: the entry point, the environment and the DiffIds.
    pub config: Digest,
    /// The uncompressed layers, lowest first.
    pub layers: Vec<Digest>,
}

impl ImageBlobs {
    /// Returns every blob, the manifest first.
    pub fn all(&self) -> impl Iterator<Item = Digest> + '_ {
        [self.manifest, self.config].into_iter().chain(self.layers.iter().copied())
    }

    /// Returns the image's entry in a layout's index: `tag` for engines, `reference` as its name inside the layout.
    #[must_use]
    pub fn index_entry<'a>(&'a self, tag: Option<&'a str>, reference: Option<&'a str>) -> LayoutImage<'a> {
        let Self { platform, manifest, config, layers } = self;
        LayoutImage { manifest: *manifest, config: *config, layers, platform: *platform, tag, reference }
    }
}

/// What an image is made of beside its layers.
#[derive(Debug, Clone, Copy)]
pub struct ImageParts<'a> {
    /// The machine that the image is for.
    pub platform: ImagePlatform,
    /// Its `created`, in seconds since 1970.
    pub epoch: u64,
    /// What a container starts with.
    pub config: &'a ImageConfig,
    /// The uncompressed layers, lowest first.
    pub layers: &'a [Digest],
}

/// Computes an image's config and manifest and puts both into the store.
///
/// # Errors
/// [`OciError::Store`].
pub fn store_image(parts: ImageParts<'_>, store: &dyn BlobStore) -> Result<ImageBlobs, OciError> {
    let config = store.put(&oci_json::config(parts.platform, parts.epoch, parts.config, parts.layers))?;
    let manifest = store.put(&oci_json::manifest(config, parts.layers))?;
    Ok(ImageBlobs { platform: parts.platform, manifest, config, layers: parts.layers.to_vec() })
}
