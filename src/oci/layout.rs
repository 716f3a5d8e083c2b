//! An image as an OCI layout, as a folder or as one tar stream that engines load.
//!
//! Beside the layout's own files stands `manifest.json`: Docker before 25 refuses to load a layout without it.
//! Source: OCI image specification 1.1, `image-layout.md`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tar::{Builder, EntryType};

use super::OciError;
use super::image::ImageBlobs;
use super::tar_layer::header;
use crate::format::oci_json::{self, blob_path};
use crate::model::digest::Digest;
use crate::store::BlobStore;

const LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

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
    for (path, digest) in blobs(image) {
        let mut reader = store.reader(digest)?;
        append(&path, digest.size, &mut reader)?;
        // The reader checks the digest at its end, and tar stops before it.
        io::copy(&mut reader, &mut io::sink()).map_err(failed())?;
    }
    for (path, bytes) in documents(image, tag) {
        append(path, bytes.len() as u64, &mut bytes.as_slice())?;
    }
    tar.into_inner().and_then(|out| out.flush()).map_err(failed())
}

/// Writes the image as a layout folder; what is there already under a blob's name is written anew.
///
/// # Errors
/// As [`write_archive`].
pub fn write_folder(
    image: &ImageBlobs,
    tag: Option<&str>,
    store: &dyn BlobStore,
    folder: &Path,
) -> Result<(), OciError> {
    let failed = |path: &Path| OciError::io(format!("write `{}`", path.display()));
    let blobs_folder = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs_folder).map_err(failed(&blobs_folder))?;
    let write = |name: &str, content: &mut dyn Read| {
        let path = folder.join(name);
        // Readable for other tools, whatever the caller's umask makes of it.
        let mode = fs::Permissions::from_mode(0o644);
        let mut part = tempfile::Builder::new().permissions(mode).tempfile_in(folder).map_err(failed(&path))?;
        io::copy(content, &mut part).map_err(failed(&path))?;
        part.as_file().sync_all().map_err(failed(&path))?;
        part.persist(&path).map_err(|error| failed(&path)(error.error)).map(|_| ())
    };
    for (path, digest) in blobs(image) {
        write(&path, &mut store.reader(digest)?)?;
    }
    for (path, bytes) in documents(image, tag) {
        write(path, &mut bytes.as_slice())?;
    }
    Ok(())
}

/// Gives each blob once, in the order of the paths.
fn blobs(image: &ImageBlobs) -> BTreeMap<String, Digest> {
    image.all().map(|digest| (blob_path(digest), digest)).collect()
}

fn documents(image: &ImageBlobs, tag: Option<&str>) -> [(&'static str, Vec<u8>); 3] {
    [
        ("index.json", oci_json::index(image.manifest, image.platform, tag)),
        ("manifest.json", oci_json::load_list(image.config, &image.layers, tag)),
        ("oci-layout", LAYOUT.to_vec()),
    ]
}
