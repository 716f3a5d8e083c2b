//! A pulled image as one tar stream that engines load: every blob with the bytes that the registry has.
//!
//! `index.json` names the manifest with its own media type, so that an engine that keeps manifests keeps this one;
//! `manifest.json`, which Docker before 25 wants, names the layers that such an engine can unpack.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use serde_json::json;
use tar::{Builder, EntryType};

use super::OciError;
use super::tar_layer::header;
use crate::format::oci_json::{INDEX_TYPE, blob_path};
use crate::model::digest::Digest;
use crate::model::pulled_image::PulledImage;
use crate::store::BlobStore;

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
    let failed = || OciError::io(format!("write the archive of image {}", image.config.hash));
    let mut tar = Builder::new(out);
    for folder in ["blobs/", "blobs/sha256/"] {
        tar.append_data(&mut header(EntryType::Directory, 0o755, 0), folder, io::empty()).map_err(failed())?;
    }
    let mut append = |path: &str, size: u64, content: &mut dyn Read| {
        let mut header = header(EntryType::Regular, 0o644, 0);
        header.set_size(size);
        tar.append_data(&mut header, path, content).map_err(failed())
    };
    let layers = image.layers.iter().map(|layer| layer.blob);
    let all = [image.manifest, image.config].into_iter().chain(layers).chain(tars.iter().copied());
    let blobs: BTreeMap<_, _> = all.map(|digest| (blob_path(digest), digest)).collect();
    for (path, digest) in blobs {
        let mut reader = store.reader(digest)?;
        append(&path, digest.size, &mut reader)?;
        // The reader checks the digest at its end, and tar stops before it.
        io::copy(&mut reader, &mut io::sink()).map_err(failed())?;
    }
    for (path, value) in documents(image, tars, tag) {
        let bytes = serde_json::to_vec(&value).expect("strings and integers are JSON");
        append(path, bytes.len() as u64, &mut bytes.as_slice())?;
    }
    tar.into_inner().and_then(|out| out.flush()).map_err(failed())
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
            "annotations": { "io.containerd.image.name": tag, "org.opencontainers.image.ref.name": reference },
        }],
    });
    let layers: Vec<_> = tars.iter().map(|tar| blob_path(*tar)).collect();
    let list = json!([{ "Config": blob_path(image.config), "Layers": layers, "RepoTags": [tag] }]);
    [("index.json", index), ("manifest.json", list), ("oci-layout", json!({ "imageLayoutVersion": "1.0.0" }))]
}
