//! Images as one OCI layout folder that `skopeo`, `umoci` and others read: `oci:DIR:NAME`.
//!
//! All images are in one layout with one index, because they share layers and a layout keeps each blob once; the annotation
//! `org.opencontainers.image.ref.name` is how those tools tell them apart. A layout for each image would hold the base
//! layer again and again.
//!
//! **Whole or not at all.** Everything is written and flushed in a folder beside, which is then renamed.
//!
//! **Copied, not linked.** A hard link is the store's own file: a program that writes through it (root is not stopped by a mode)
//! changes the store. Blobs go through the store's reader instead, so that a damaged one never gets into a layout.

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::OciError;
use super::image::ImageBlobs;
use super::layout::{blobs, layout_documents};
use rcrepro_model::content::digest::{Digest, DigestHasher};
use rcrepro_store::BlobStore;

/// An image with its names.
#[derive(Debug, Clone)]
pub struct NamedImage {
    /// The name inside the layout.
    pub reference: String,
    /// The name that engines show.
    pub tag: String,
    /// All of them in the store.
    pub blobs: ImageBlobs,
}

/// What became of a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrittenLayout {
    /// The folder was absent or empty, and was written.
    New,
    /// The folder held exactly these images; every byte of it was checked.
    AlreadyThere,
}

/// Writes images as one layout into a folder that is absent, empty, or holds exactly them.
///
/// # Errors
/// [`OciError::Occupied`] when the folder holds anything else, [`OciError::Store`] when a blob is missing,
/// [`OciError::Io`] when one is damaged or the folder cannot be written.
pub fn write_folder(images: &[NamedImage], store: &dyn BlobStore, folder: &Path) -> Result<WrittenLayout, OciError> {
    let entries: Vec<_> =
        images.iter().map(|image| image.blobs.index_entry(Some(&image.tag), Some(&image.reference))).collect();
    let documents = layout_documents(&entries);
    let blobs: BTreeMap<String, Digest> = images.iter().flat_map(|image| blobs(&image.blobs)).collect();
    let digests = documents.iter().map(|(path, bytes)| ((*path).to_owned(), Digest::of(bytes)));
    if !is_absent_or_empty(folder)? {
        return compare(folder, &digests.chain(blobs).collect());
    }
    let failed = |path: &Path| OciError::io(format!("write `{}`", path.display()));
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(failed(parent))?;
    let beside = tempfile::Builder::new().prefix(".rcrepro-layout-").tempdir_in(parent).map_err(failed(parent))?;
    let folders = [beside.path().join("blobs/sha256"), beside.path().join("blobs"), beside.path().to_owned()];
    fs::create_dir_all(&folders[0]).map_err(failed(&folders[0]))?;
    for folder in &folders {
        // Open to other users as other tools' layouts are; a temporary folder is not, and the umask may say otherwise.
        fs::set_permissions(folder, Permissions::from_mode(0o755)).map_err(failed(folder))?;
    }
    let write = |name: &str, content: &mut dyn Read| {
        let path = beside.path().join(name);
        let mut file = File::create_new(&path).map_err(failed(&path))?;
        io::copy(content, &mut file).map_err(failed(&path))?;
        file.set_permissions(Permissions::from_mode(0o644)).map_err(failed(&path))?;
        file.sync_all().map_err(failed(&path))
    };
    for (path, digest) in &blobs {
        write(path, &mut store.reader(*digest)?)?;
    }
    for (path, bytes) in &documents {
        write(path, &mut bytes.as_slice())?;
    }
    let sync = |folder: &Path| File::open(folder).and_then(|file| file.sync_all()).map_err(failed(folder));
    folders.iter().try_for_each(|folder| sync(folder))?;
    // An empty folder of that name is replaced, one that was filled meanwhile is not.
    fs::rename(beside.path(), folder).map_err(failed(folder))?;
    sync(parent)?;
    Ok(WrittenLayout::New)
}

fn is_absent_or_empty(folder: &Path) -> Result<bool, OciError> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(OciError::Occupied { folder: folder.to_owned(), reason: "it is not a folder".to_owned() })
        }
        Err(error) => Err(OciError::io(format!("read `{}`", folder.display()))(error)),
    }
}

/// Checks that a folder holds exactly these files.
fn compare(folder: &Path, expected: &BTreeMap<String, Digest>) -> Result<WrittenLayout, OciError> {
    let occupied = |reason: String| OciError::Occupied { folder: folder.to_owned(), reason };
    let mut found = BTreeMap::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(below) = folders.pop() {
        let failed = || OciError::io(format!("read `{}`", folder.join(&below).display()));
        for entry in fs::read_dir(folder.join(&below)).map_err(failed())? {
            let entry = entry.map_err(failed())?;
            let (path, kind) = (below.join(entry.file_name()), entry.file_type().map_err(failed())?);
            let shown = path.display().to_string();
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && expected.contains_key(&shown) {
                found.insert(shown, path);
            } else {
                return Err(occupied(format!("`{shown}` does not belong to them")));
            }
        }
    }
    for (path, digest) in expected {
        let Some(file) = found.get(path) else { return Err(occupied(format!("`{path}` is missing"))) };
        let failed = || OciError::io(format!("read `{}`", folder.join(file).display()));
        let mut file = File::open(folder.join(file)).map_err(failed())?;
        let mut hasher = DigestHasher::default();
        let mut buffer = vec![0; 128 << 10];
        loop {
            match file.read(&mut buffer).map_err(failed())? {
                0 => break,
                count => hasher.update(&buffer[..count]),
            }
        }
        let hash = hasher.finish();
        if hash != *digest {
            return Err(occupied(format!("`{path}` is {hash}, expected {digest}")));
        }
    }
    Ok(WrittenLayout::AlreadyThere)
}
