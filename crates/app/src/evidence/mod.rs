//! The evidence that travels with a manifest: `RC-05.json` and beside it `RC-05.evidence/`, one file per blob, named by
//! its SHA-256.
//!
//! It holds every blob that the manifest names directly (plan, locks, commands, actions, results, streams raw and
//! canonical, output files, the root `Directory` of output directories and frozen inputs) and all `Directory` messages of
//! the source tree and of a repository in it, so that a stranger can recompute every digest offline and see which file of the source differs.
//! Contents of the source, of frozen inputs and of output directories are left out: git, the registries and a replay have
//! them. The few files of them that prove a command's work, such as the index of a vulnerability database, are in.

#![warn(clippy::expect_used)]

pub(crate) mod currency;
pub mod evidence_folder;
pub mod evidence_set;
pub mod failure;
pub mod history;
pub(crate) mod judged;
pub mod latest;
pub mod named;
pub(crate) mod record_file;
pub mod recorded;
pub mod tampered;
pub mod verify;

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::evidence::evidence_folder::{Damage, Damaged, EvidenceFolder, LINE_END_LIMIT};
use crate::evidence::named::Named;
use crate::workspace::attributes;
use crate::workspace::files::{make_folders, own_folder, write_with};
use rcrepro_model::content::digest::{Digest, DigestHasher, Sha256};
use rcrepro_model::content::tree::{Directory, TreeError, TreeNode};
use rcrepro_model::evidence::manifest::{CommandEntry, OutputEntry, ReproManifest};
use rcrepro_model::text::hint::Hint;
use rcrepro_store::door::{self, DoorError};
use rcrepro_store::verify::VerifyingReader;
use rcrepro_store::{BlobStore, StoreError};

/// The mode of manifests and their evidence, whatever the umask.
const MODE: u32 = 0o644;

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
        /// The failed call.
        #[source]
        source: io::Error,
    },
    /// Something is where evidence is to be written, and cannot be replaced.
    #[error("evidence is to be written at `{}`: expected {expected}, found {found}", path.display())]
    InTheWay {
        /// The file or folder.
        path: PathBuf,
        /// The kind of entry that can be replaced, in words.
        expected: &'static str,
        /// The kind of entry that cannot.
        found: &'static str,
    },
    /// A directory of the source tree is malformed.
    #[error("the source tree is malformed")]
    Tree(#[from] TreeError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Hint for EvidenceError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::InTheWay { path, .. } => Some(format!("move it away: mv {0} {0}.aside", path.display())),
            Self::Store(error) => error.hint(),
            Self::Io { .. } | Self::Tree(_) => None,
        }
    }
}

/// Finds out whether a record and its evidence could be written at a path, as far as that can be seen before.
///
/// # Errors
/// [`EvidenceError::InTheWay`] for a folder in the place of a file, or anything else in the place of a folder.
pub(crate) fn try_place(path: &Path) -> Result<(), EvidenceError> {
    let in_the_way =
        |path: &Path, expected, found| Err(EvidenceError::InTheWay { path: path.to_owned(), expected, found });
    if path.symlink_metadata().is_ok_and(|found| found.is_dir()) {
        return in_the_way(path, "a file, or nothing", "a folder");
    }
    let folder = folder_of(path);
    match folder.symlink_metadata() {
        Ok(found) if found.is_symlink() => in_the_way(&folder, "a folder, or nothing", "a symbolic link"),
        Ok(found) if !found.is_dir() => in_the_way(&folder, "a folder, or nothing", "a file"),
        _ => Ok(()),
    }
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
    blobs.extend(manifest.source.git.as_ref().map(|git| git.root));
    blobs.extend(manifest.suppressions);
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
    let earlier = command.earlier.iter().flat_map(|attempt| [attempt.stdout, attempt.stderr, attempt.result]);
    [command.input_root, command.command, command.action, command.result]
        .into_iter()
        .chain(earlier)
        .chain(streams)
        .chain(outputs)
        .collect()
}

/// Lists the `Directory` messages of a tree, its root among them.
///
/// # Errors
/// [`EvidenceError`] when one of them is missing or malformed.
pub(crate) fn directories(store: &dyn BlobStore, root: Digest) -> Result<BTreeSet<Digest>, EvidenceError> {
    let mut found = BTreeSet::new();
    let mut open = vec![root];
    while let Some(at) = open.pop() {
        if !found.insert(at) {
            continue;
        }
        for node in Directory::decode(&store.get(at)?)?.entries.into_values() {
            if let TreeNode::Directory { digest } = node {
                open.push(digest);
            }
        }
    }
    Ok(found)
}

/// Writes a manifest and its evidence beside it; an older pair is replaced, and evidence that it no longer names goes.
///
/// `also` names blobs that travel with it beside those: the files of the inputs that the proofs rest on.
/// The manifest comes last, so that a crash leaves the old one with at most too much evidence.
///
/// # Errors
/// [`EvidenceError`] when a blob is missing or a file cannot be written.
pub fn write(
    path: &Path,
    bytes: &[u8],
    manifest: &ReproManifest,
    also: &BTreeSet<Digest>,
    store: &dyn BlobStore,
) -> Result<(), EvidenceError> {
    let mut blobs = named_blobs(manifest);
    blobs.extend(directories(store, manifest.source.root)?);
    if let Some(git) = &manifest.source.git {
        blobs.extend(directories(store, git.root)?);
    }
    blobs.extend(also);
    write_blobs(path, bytes, &blobs, store)
}

/// Writes a record and these blobs beside it, as [`write()`] does with a manifest. A blob that is there already is read, and
/// replaced where it was damaged.
///
/// # Errors
/// [`EvidenceError`] when a blob is missing or a file cannot be written.
pub(crate) fn write_blobs(
    path: &Path,
    bytes: &[u8],
    blobs: &BTreeSet<Digest>,
    store: &dyn BlobStore,
) -> Result<(), EvidenceError> {
    let folder = folder_of(path);
    let io = |doing, path: &Path| {
        let path = path.to_owned();
        move |source| EvidenceError::Io { doing, path, source }
    };
    for own in path.parent().into_iter().chain([folder.as_path()]) {
        own_folder(own).map_err(io("write into", own))?;
    }
    if !blobs.is_empty() {
        make_folders(&folder).map_err(io("create", &folder))?;
    }
    for digest in blobs {
        let file = folder.join(digest.hash.to_string());
        if !holds(&file, *digest).map_err(io("write", &file))? {
            write_with(&file, MODE, &mut *store.reader(*digest)?).map_err(io("write", &file))?;
        }
    }
    attributes::write_record(path, bytes).map_err(io("write", path))?;
    if !folder.exists() {
        return Ok(());
    }
    let keep: BTreeSet<Sha256> = blobs.iter().map(|digest| digest.hash).collect();
    for entry in std::fs::read_dir(&folder).map_err(io("list", &folder))? {
        let entry = entry.map_err(io("list", &folder))?;
        let named = entry.file_name().to_str().and_then(|name| name.parse::<Sha256>().ok());
        if named.is_some_and(|hash| !keep.contains(&hash)) {
            std::fs::remove_file(entry.path()).map_err(io("remove", &entry.path()))?;
        }
    }
    Ok(())
}

/// Tells whether a file holds what its name promises. One that does not, or cannot be read, is written anew.
///
/// # Errors
/// A [`DoorError`] when it is a folder, which cannot be replaced.
fn holds(file: &Path, digest: Digest) -> io::Result<bool> {
    if file.symlink_metadata().is_ok_and(|found| found.is_dir()) {
        return door::open(file, digest.size).map(|_| false);
    }
    if door::size_of(file) != Some(digest.size) {
        return Ok(false);
    }
    let read = |found| io::copy(&mut VerifyingReader::new(found, digest), &mut io::sink());
    Ok(door::open(file, digest.size).and_then(read).is_ok())
}

/// Puts the evidence beside a manifest or record into a store: what it names, directly or through its trees, and nothing else.
/// A file whose bytes are not what its name says is left out, as if it were missing; what the store has already is not read.
///
/// # Errors
/// [`EvidenceError`] when the folder or the store cannot be used, or an entry with the name of a blob is not a file.
pub fn import(manifest: &Path, store: &dyn BlobStore) -> Result<(), EvidenceError> {
    let folder = folder_of(manifest);
    let name = |path: &PathBuf| path.file_name()?.to_str()?.parse::<Sha256>().ok();
    let there: BTreeSet<Sha256> = files(&folder)?.iter().filter_map(name).collect();
    Named::beside(manifest).walk(&there, store, |digest| {
        if store.contains(digest)? {
            return Ok(());
        }
        let path = folder.join(digest.hash.to_string());
        let io = |source| EvidenceError::Io { doing: "read", path: path.clone(), source };
        let file = door::open(&path, digest.size).map_err(io)?;
        let mut writer = store.writer()?;
        match io::copy(&mut VerifyingReader::new(file, digest), &mut writer) {
            Ok(_) => writer.commit().map(drop).map_err(EvidenceError::from),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(()),
            Err(error) => Err(io(error)),
        }
    })
}

/// Hashes every blob of the evidence beside a manifest, and lists what does not hold what its name promises, or cannot be read.
///
/// # Errors
/// [`EvidenceError`] when the folder cannot be listed.
pub(crate) fn examine_folder(manifest: &Path) -> Result<EvidenceFolder, EvidenceError> {
    let path = folder_of(manifest);
    let paths = files(&path)?;
    let named = Named::beside(manifest);
    let mut folder = EvidenceFolder { missing: !path.exists(), path, ..EvidenceFolder::default() };
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Ok(wanted) = name.parse::<Sha256>() else {
            folder.strays.push(name);
            continue;
        };
        match hashed(&named, &path, wanted) {
            Ok((found, _)) if found.hash == wanted => {}
            Ok((found, bytes)) => folder.differs(name, wanted, found, bytes.as_deref()),
            // What is larger than what is named, or all holes, need not be read to be known for something else.
            Err(error) if DoorError::of(&error).is_some() => {
                folder.damaged.push(Damaged { name, how: Damage::Refused { why: error.to_string() } });
            }
            Err(error) => folder.damaged.push(Damaged { name, how: Damage::Unreadable { why: error.to_string() } }),
        }
    }
    Ok(folder)
}

/// Hashes a file, and gives its bytes when it is small enough for its line ends to be tried the other way round.
fn hashed(named: &Named, path: &Path, wanted: Sha256) -> io::Result<(Digest, Option<Vec<u8>>)> {
    // A small file of another size may be the one that is named, with other line ends.
    let small = door::size_of(path).is_some_and(|size| size <= LINE_END_LIMIT);
    let mut file = if small { door::open(path, LINE_END_LIMIT)? } else { named.open(path, wanted)? };
    if small {
        let bytes = file.whole()?;
        return Ok((Digest::of(&bytes), Some(bytes)));
    }
    let mut hasher = DigestHasher::default();
    let mut buffer = vec![0; 256 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok((hasher.finish(), None)),
            count => hasher.update(&buffer[..count]),
        }
    }
}

/// Lists a folder's files, sorted; none when it is not there.
fn files(folder: &Path) -> Result<Vec<PathBuf>, EvidenceError> {
    match door::list(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        listed => listed.map_err(|source| EvidenceError::Io { doing: "list", path: folder.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_store::memory::MemoryStore;

    #[test]
    fn a_blob_that_lies_there_is_kept_only_when_it_holds_what_its_name_says() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, store) = (folder.path().join("RC-05.json"), MemoryStore::default());
        let blobs: BTreeSet<Digest> =
            [b"one", b"two", b"six"].iter().map(|bytes| store.put(*bytes).expect("stored")).collect();
        let file = |bytes: &[u8]| folder_of(&path).join(Digest::of(bytes).hash.to_string());
        let write = || write_blobs(&path, b"{}", &blobs, &store);
        write().expect("written");
        let untouched = || {
            use std::os::unix::fs::MetadataExt as _;
            std::fs::metadata(file(b"one")).expect("there").ino()
        };
        let before = untouched();
        // Of the same size, of another one, and a link to where the right bytes are.
        std::fs::write(file(b"two"), b"owt").expect("our own file");
        std::fs::write(file(b"six"), b"").expect("our own file");
        std::fs::write(folder.path().join("elsewhere"), b"one").expect("written");
        write().expect("written");
        assert_eq!(untouched(), before, "what is whole is not written again");
        assert_eq!(examine_folder(&path).expect("looked at").damaged, []);
        assert_eq!(std::fs::read(file(b"two")).expect("there"), b"two");
        std::fs::remove_file(file(b"one")).expect("our own file");
        std::os::unix::fs::symlink("../elsewhere", file(b"one")).expect("linked");
        write().expect("written");
        assert!(file(b"one").symlink_metadata().expect("there").is_file(), "a link is replaced, too");

        std::fs::remove_file(file(b"six")).expect("our own file");
        std::fs::create_dir(file(b"six")).expect("made");
        let error = write().expect_err("nothing can be put in a folder's place");
        let cause = std::error::Error::source(&error).expect("a cause").to_string();
        assert!(error.to_string().contains("cannot write") && cause.ends_with("found a folder"), "{error}: {cause}");
    }

    #[test]
    fn a_record_without_blobs_has_no_folder_and_those_of_an_older_one_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, store) = (folder.path().join("mutants.json"), MemoryStore::default());
        write_blobs(&path, b"{}", &BTreeSet::new(), &store).expect("written");
        assert!(path.exists() && !folder_of(&path).exists());
        let blobs = [store.put(b"red").expect("stored")].into();
        write_blobs(&path, b"{}", &blobs, &store).expect("written");
        assert_eq!(files(&folder_of(&path)).expect("listed").len(), 1);
        write_blobs(&path, b"{}", &BTreeSet::new(), &store).expect("written");
        assert_eq!(files(&folder_of(&path)).expect("listed"), Vec::<PathBuf>::new());
    }
}
