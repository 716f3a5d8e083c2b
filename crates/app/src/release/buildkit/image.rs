//! The image that a build left, an OCI layout: believed as far as its own digests confirm it.

use serde::Deserialize;

use crate::release::read::{Refused, folded, found_at};
use rcrepro_format::images::image_settings;
use rcrepro_images::oci::image::ImageBlobs;
use rcrepro_model::content::digest::{Digest, Sha256};
use rcrepro_model::evidence::release_record::Parts;
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_store::BlobStore;

#[derive(Deserialize)]
struct Index {
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Manifest {
    config: Descriptor,
    layers: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
}

/// Stores what makes an image the same as another, and names its blobs.
///
/// # Errors
/// [`Refused`] when the layout is not whole, or contradicts itself.
pub(super) fn read(
    store: &dyn BlobStore,
    layout: Digest,
    platform: ImagePlatform,
) -> Result<(Parts, ImageBlobs), Refused> {
    let blob = |descriptor: &Descriptor| -> Result<Digest, Refused> {
        let wrong = || Refused::Reason(format!("it names `{}`, which is no digest", descriptor.digest));
        let hash = descriptor.digest.strip_prefix("sha256:").ok_or_else(wrong)?;
        let hash: Sha256 = hash.parse().map_err(|_| wrong())?;
        let digest = found_at(store, layout, &format!("blobs/sha256/{hash}"))?;
        if digest.hash != hash {
            return Err(Refused::Reason(format!("its blob {hash} is {}", digest.hash)));
        }
        Ok(digest)
    };
    let malformed = |what: &'static str| move |error: serde_json::Error| Refused::Reason(format!("{what}: {error}"));
    let index: Index =
        serde_json::from_slice(&store.get(found_at(store, layout, "index.json")?)?).map_err(malformed("its index"))?;
    let [one] = index.manifests.as_slice() else {
        return Err(Refused::Reason(format!("it holds {} images, expected one", index.manifests.len())));
    };
    let manifest = blob(one)?;
    let parsed: Manifest = serde_json::from_slice(&store.get(manifest)?).map_err(malformed("its manifest"))?;
    let config = blob(&parsed.config)?;
    let layers: Vec<Digest> = parsed.layers.iter().map(blob).collect::<Result<_, _>>()?;
    let document = store.get(config)?;
    let settings = image_settings::read(&document).map_err(malformed("its configuration"))?;
    let parts = folded(store, (&document, &settings), &layers)?;
    Ok((Parts { manifest: Some(manifest), ..parts }, ImageBlobs { platform, manifest, config, layers }))
}
