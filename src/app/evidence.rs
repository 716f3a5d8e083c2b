//! The evidence that travels with a manifest: `RC-05.json` and beside it `RC-05.evidence/`, one file a blob, named by its
//! SHA-256.
//!
//! It holds every blob that the manifest names directly (plan, locks, commands, actions, results, streams raw and
//! canonical, output files, the root `Directory` of output directories and frozen inputs) and all `Directory` messages of
//! the source tree, so that a stranger can recompute every digest offline and see which file of the source differs.
//! Contents of the source, of frozen inputs and of output directories are left out: git, the registries and a replay have
//! them.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use crate::model::digest::{Digest, Sha256};
use crate::model::manifest::{CommandEntry, OutputEntry, ReproManifest};
use crate::model::tree::{Directory, Node, TreeError};
use crate::store::{BlobStore, StoreError};

/// Says why evidence could not be gathered or read.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// A file or folder could not be read or written.
    #[error("cannot {doing} `{path}`")]
    Io {
        /// What was tried, as a verb.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A directory of the source tree is malformed.
    #[error("the source tree is malformed")]
    Tree(#[from] TreeError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Gives the folder of the evidence that belongs to a manifest file.
#[must_use]
pub fn folder_of(manifest: &Path) -> PathBuf {
    manifest.with_extension("evidence")
}

/// Lists the blobs that a manifest names directly.
#[must_use]
pub fn named_blobs(manifest: &ReproManifest) -> BTreeSet<Digest> {
    let mut blobs: BTreeSet<Digest> = [manifest.plan, manifest.source.root].into();
    blobs.extend(manifest.images.values().map(|image| image.lock));
    blobs.extend(manifest.frozen.values().flat_map(|frozen| [frozen.lock, frozen.root]));
    blobs.extend(manifest.commands.iter().flat_map(command_blobs));
    blobs
}

fn command_blobs(command: &CommandEntry) -> Vec<Digest> {
    let streams = [&command.stdout, &command.stderr].into_iter().flat_map(|stream| [stream.raw, stream.canonical]);
    let outputs = command.outputs.values().flat_map(|output| match output {
        OutputEntry::File { raw, canonical, .. } | OutputEntry::Directory { raw, canonical } => vec![*raw, *canonical],
        OutputEntry::Symlink { .. } => Vec::new(),
    });
    [command.input_root, command.command, command.action, command.result]
        .into_iter()
        .chain(streams)
        .chain(outputs)
        .collect()
}

/// Lists the `Directory` messages of a tree, its root among them.
///
/// # Errors
/// [`EvidenceError`] when one of them is missing or malformed.
pub fn directories(store: &dyn BlobStore, root: Digest) -> Result<BTreeSet<Digest>, EvidenceError> {
    let mut found = BTreeSet::new();
    let mut open = vec![root];
    while let Some(at) = open.pop() {
        if !found.insert(at) {
            continue;
        }
        for node in Directory::decode(&store.get(at)?)?.entries.into_values() {
            if let Node::Directory { digest } = node {
                open.push(digest);
            }
        }
    }
    Ok(found)
}

/// Writes a manifest and its evidence beside it; an older pair is replaced, and evidence that it no longer names goes.
///
/// The manifest comes last, so that a crash leaves the old one with at most too much evidence.
///
/// # Errors
/// [`EvidenceError`] when a blob is missing or a file cannot be written.
pub fn write(path: &Path, bytes: &[u8], manifest: &ReproManifest, store: &dyn BlobStore) -> Result<(), EvidenceError> {
    let folder = folder_of(path);
    let io = |doing, path: &Path| {
        let path = path.to_owned();
        move |source| EvidenceError::Io { doing, path, source }
    };
    std::fs::create_dir_all(&folder).map_err(io("create", &folder))?;
    let mut blobs = named_blobs(manifest);
    blobs.extend(directories(store, manifest.source.root)?);
    let mut keep = BTreeSet::new();
    for digest in blobs {
        let file = folder.join(digest.hash.to_string());
        keep.insert(digest.hash);
        if !file.exists() {
            write_file(&file, &store.get(digest)?).map_err(io("write", &file))?;
        }
    }
    write_file(path, bytes).map_err(io("write", path))?;
    for entry in std::fs::read_dir(&folder).map_err(io("list", &folder))? {
        let entry = entry.map_err(io("list", &folder))?;
        let named = entry.file_name().to_str().and_then(|name| name.parse::<Sha256>().ok());
        if named.is_some_and(|hash| !keep.contains(&hash)) {
            std::fs::remove_file(entry.path()).map_err(io("remove", &entry.path()))?;
        }
    }
    Ok(())
}

fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".rcrepro-")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .tempfile_in(folder)?;
    io::Write::write_all(&mut file, bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Puts the evidence beside a manifest into a store, each blob under the digest of its bytes, whatever its file is called.
///
/// Gives the names of files whose bytes do not match; a folder that is not there gives none.
///
/// # Errors
/// [`EvidenceError`] when the folder or the store cannot be used.
pub fn load(manifest: &Path, store: &dyn BlobStore) -> Result<Vec<(String, Digest)>, EvidenceError> {
    let folder = folder_of(manifest);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| EvidenceError::Io { doing: "read", path, source }
    };
    let mut damaged = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(io(&folder))? {
        let path = entry.map_err(io(&folder))?.path();
        let bytes = std::fs::read(&path).map_err(io(&path))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let found = store.put(&bytes)?;
        if name != found.hash.to_string() {
            damaged.push((name, found));
        }
    }
    damaged.sort();
    Ok(damaged)
}
