//! An image as an OCI layout in one tar stream that engines load; [`super::layout_folder`] writes it as a folder.
//!
//! Beside the layout's own files is `manifest.json`: Docker before 25 refuses to load a layout without it.
//! Source: OCI image specification 1.1, `image-layout.md`.

use std::collections::BTreeMap;
use std::io::Write;

use super::OciError;
use super::image::ImageBlobs;
use super::tar_layer::attributes;
use rcrepro_archive::tar::writer::{TarFormat, TarWriteError, TarWriter};
use rcrepro_format::images::oci_json::{self, LayoutImage, blob_path};
use rcrepro_model::content::digest::Digest;
use rcrepro_store::BlobStore;

pub(super) const LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// Writes the image as a tar stream for an engine's `load`; bytes that do not match their digest end it with an error.
///
/// The tag, such as `rcrepro/go:0123456789ab`, is a name for people; the digests do not depend on it.
///
/// # Errors
/// [`OciError::Store`] when a blob is missing, [`OciError::Io`] when one is damaged or `out` fails.
pub fn write_archive(
    image: &ImageBlobs,
    tag: Option<&str>,
    store: &dyn BlobStore,
    out: &mut dyn Write,
) -> Result<(), OciError> {
    write_tar(image.config, &blobs(image), &documents(image, tag), store, out)
}

/// Writes a layout's blobs and its other files as one tar stream; the config names the image in messages.
pub(super) fn write_tar(
    config: Digest,
    blobs: &BTreeMap<String, Digest>,
    documents: &[(&'static str, Vec<u8>)],
    store: &dyn BlobStore,
    out: &mut dyn Write,
) -> Result<(), OciError> {
    let failed =
        |error: TarWriteError| OciError::io(format!("write the archive of image {}", config.hash))(error.into());
    let mut tar = TarWriter::new(out, TarFormat::Ustar);
    for folder in ["blobs", "blobs/sha256"] {
        tar.directory(folder, attributes(0o755, 0)).map_err(failed)?;
    }
    for (path, digest) in blobs {
        // The reader checks the digest at its end.
        let mut reader = store.reader(*digest)?;
        tar.file(path, attributes(0o644, 0), digest.size, &mut reader).map_err(failed)?;
    }
    for (path, bytes) in documents {
        tar.file(path, attributes(0o644, 0), bytes.len() as u64, &mut bytes.as_slice()).map_err(failed)?;
    }
    tar.finish().map(drop).map_err(failed)
}

/// Returns each blob once, in the order of the paths.
pub(super) fn blobs(image: &ImageBlobs) -> BTreeMap<String, Digest> {
    image.all().map(|digest| (blob_path(digest), digest)).collect()
}

fn documents(image: &ImageBlobs, tag: Option<&str>) -> [(&'static str, Vec<u8>); 3] {
    let reference = tag.map(|tag| tag.rsplit_once(':').map_or(tag, |(_, reference)| reference));
    layout_documents(&[image.index_entry(tag, reference)])
}

/// Writes the files of a layout that are not blobs: their paths and bytes.
#[must_use]
pub fn layout_documents(entries: &[LayoutImage<'_>]) -> [(&'static str, Vec<u8>); 3] {
    [
        ("index.json", oci_json::index(entries)),
        ("manifest.json", oci_json::load_list(entries)),
        ("oci-layout", LAYOUT.to_vec()),
    ]
}
