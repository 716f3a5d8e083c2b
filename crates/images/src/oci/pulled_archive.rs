//! A pulled image as one tar stream that engines load: every blob with the bytes that the registry has.
//!
//! `index.json` names the manifest with its own media type, so that an engine that keeps manifests keeps this one;
//! `manifest.json`, which Docker before 25 wants, names the layers that such an engine can unpack.

use std::io::Write;

use serde_json::json;

use super::OciError;
use super::layout::write_tar;
use rcrepro_format::images::oci_json::{INDEX_TYPE, blob_path, qualified};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::image::pulled::PulledImage;
use rcrepro_store::BlobStore;

/// Writes the image; `tars` are the layers for `manifest.json`, lowest first: the blobs themselves, or what they unpack to.
///
/// # Errors
/// [`OciError::Store`] when a blob is missing, [`OciError::Io`] when one is damaged or `out` fails.
pub fn write_pulled_archive(
    image: &PulledImage,
    tars: &[Digest],
    tag: &str,
    store: &dyn BlobStore,
    out: &mut dyn Write,
) -> Result<(), OciError> {
    let layers = image.layers.iter().map(|layer| layer.blob);
    let all = [image.manifest, image.config].into_iter().chain(layers).chain(tars.iter().copied());
    let blobs = all.map(|digest| (blob_path(digest), digest)).collect();
    let documents = documents(image, tars, tag)
        .map(|(path, value)| (path, serde_json::to_vec(&value).expect("strings and integers are JSON")));
    write_tar(image.config, &blobs, &documents, store, out)
}

fn documents(image: &PulledImage, tars: &[Digest], tag: &str) -> [(&'static str, serde_json::Value); 3] {
    let reference = tag.rsplit_once(':').map_or(tag, |(_, reference)| reference);
    let index = json!({
        "schemaVersion": 2,
        "mediaType": INDEX_TYPE,
        "manifests": [{
            "mediaType": image.manifest_type,
            "digest": image.manifest.hash.to_oci(),
            "size": image.manifest.size,
            "platform": { "architecture": image.platform.architecture(), "os": "linux" },
            "annotations": { "io.containerd.image.name": qualified(tag), "org.opencontainers.image.ref.name": reference },
        }],
    });
    let layers: Vec<_> = tars.iter().map(|tar| blob_path(*tar)).collect();
    let list = json!([{ "Config": blob_path(image.config), "Layers": layers, "RepoTags": [tag] }]);
    [("index.json", index), ("manifest.json", list), ("oci-layout", json!({ "imageLayoutVersion": "1.0.0" }))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_model::content::digest::Sha256;
    use rcrepro_model::image::definition::ImagePlatform;
    use rcrepro_model::image::pulled::PulledLayer;

    #[test]
    fn names_and_media_types_are_those_that_engines_look_for() {
        let (blob, tar) = (Digest::of(b"packed"), Digest::of(b"tar"));
        let layer = PulledLayer { blob, media_type: "application/x".to_owned(), diff_id: Sha256::of(b"tar") };
        let image = PulledImage {
            index: None,
            manifest: Digest::of(b"manifest"),
            manifest_type: "application/y".to_owned(),
            config: Digest::of(b"config"),
            platform: ImagePlatform::LinuxAmd64,
            layers: vec![layer],
        };
        let [(_, index), (_, list), _] = documents(&image, &[tar], "rcrepro/go:012");
        let entry = &index["manifests"][0];
        assert_eq!(entry["mediaType"], "application/y");
        assert_eq!(entry["annotations"]["io.containerd.image.name"], "localhost/rcrepro/go:012");
        assert_eq!(list[0]["Layers"], json!([blob_path(tar)]));
        assert_eq!(list[0]["RepoTags"], json!(["rcrepro/go:012"]));
    }
}
