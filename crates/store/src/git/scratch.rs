//! A scratch repository: a commit of the user's, written out, and one more commit with changed files on top of it.
//!
//! It has the user's objects as alternates and keeps what is new to itself, so that the user's repository is only read.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::objs::tree::{Entry, EntryKind};
use gix::objs::{Commit, Tree};

use crate::ingest::GitError;
use crate::ingest::git::{open, reading};
use rcrepro_model::content::name::TreePath;

/// Why no scratch repository could be made.
#[derive(Debug, thiserror::Error)]
pub enum ScratchError {
    /// git's data cannot be read or written.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A file could not be written.
    #[error("cannot {doing} `{}`", path.display())]
    Io {
        /// What was tried, as a verb.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the file system.
        #[source]
        source: std::io::Error,
    },
}

/// A commit of the user's repository in a folder of its own.
#[derive(Debug)]
pub struct GitScratch {
    folder: tempfile::TempDir,
    base: ObjectId,
}

impl GitScratch {
    /// Makes the repository in a new temporary folder, and writes the tracked files of a revision out. Submodules are left
    /// empty. The folder is removed when this is dropped.
    ///
    /// # Errors
    /// [`ScratchError`].
    pub fn new(repository: &Path, revision: &str) -> Result<Self, ScratchError> {
        let theirs = open(repository)?;
        let wanted = format!("{revision}^{{commit}}");
        let base = theirs
            .rev_parse_single(wanted.as_str())
            .map_err(|error| GitError::no_commit(&theirs, repository, revision, error.into()))?
            .detach();
        let folder = tempfile::Builder::new()
            .prefix("rcrepro-mutant-")
            .tempdir()
            .map_err(|source| ScratchError::Io { doing: "make a folder in", path: std::env::temp_dir(), source })?;
        let git = folder.path().join(".git");
        for below in ["objects/info", "refs/heads"] {
            make(&git.join(below))?;
        }
        let objects = theirs.objects.store_ref().path();
        let objects = objects.canonicalize().map_err(io("find", objects))?;
        write(&git.join("objects/info/alternates"), format!("{}\n", objects.display()).as_bytes())?;
        write(&git.join("config"), b"[core]\n\trepositoryformatversion = 0\n\tbare = false\n")?;
        // A clone without history says so in this file; without it, parents that are not there would be looked for.
        let shallow = theirs.common_dir().join("shallow");
        if shallow.is_file() {
            fs::copy(&shallow, git.join("shallow")).map_err(io("copy", &shallow))?;
        }
        write(&git.join("HEAD"), format!("{base}\n").as_bytes())?;
        let scratch = Self { folder, base };
        scratch.check_out()?;
        Ok(scratch)
    }

    /// Returns the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the id of the commit that was written out, in hex.
    #[must_use]
    pub fn base(&self) -> String {
        self.base.to_string()
    }

    /// Writes files, by their paths from the repository's root, and commits them on top of the base, with the base's time.
    /// A file that was there keeps its mode. Gives the commit's id, in hex; `HEAD` is that commit.
    ///
    /// # Errors
    /// [`ScratchError`].
    pub fn commit(&self, files: &BTreeMap<TreePath, Vec<u8>>) -> Result<String, ScratchError> {
        let ours = open(self.path())?;
        let failed = |doing: &str| {
            let (doing, path) = (doing.to_owned(), self.path().to_owned());
            move |error: gix::Error| reading(doing, &path)(error.into())
        };
        let base = ours.find_commit(self.base).map_err(failed("read the base"))?;
        let mut changed = BTreeMap::new();
        for (path, bytes) in files {
            let at = self.place(path)?;
            if let Some(parent) = at.parent() {
                make(parent)?;
            }
            write(&at, bytes)?;
            let blob = ours.write_blob(bytes).map_err(failed("write a blob"))?.detach();
            changed.insert(path.segments().map(|segment| segment.to_string()).collect::<Vec<_>>(), blob);
        }
        let root = base.tree_id().map_err(failed("read the base"))?.detach();
        let changes: Vec<(&[String], ObjectId)> = changed.iter().map(|(path, id)| (path.as_slice(), *id)).collect();
        let tree = self.tree(&ours, Some(root), &changes)?;
        let theirs = base.decode().map_err(failed("read the base"))?;
        let mut committer = gix::actor::Signature {
            name: "rcrepro".into(),
            email: "rcrepro@localhost".into(),
            time: theirs.time().map_err(failed("read the base"))?,
        };
        committer.time.offset = 0;
        let commit = Commit {
            tree,
            parents: std::iter::once(self.base).collect(),
            author: committer.clone(),
            committer,
            encoding: None,
            message: "A mutant\n".into(),
            extra_headers: Vec::new(),
        };
        let id = ours.write_object(&commit).map_err(failed("write a commit"))?.detach();
        write(&self.path().join(".git/HEAD"), format!("{id}\n").as_bytes())?;
        Ok(id.to_string())
    }

    /// Returns where a file is written. A symlink on the way could lead to a file of the user's.
    fn place(&self, path: &TreePath) -> Result<PathBuf, ScratchError> {
        let mut at = self.path().to_owned();
        for segment in path.segments() {
            at.push(segment.as_str());
            if at.is_symlink() {
                let source = std::io::Error::new(std::io::ErrorKind::InvalidInput, "a symlink is in the way");
                return Err(ScratchError::Io { doing: "write", path: at, source });
            }
        }
        Ok(at)
    }

    /// Writes a tree that has these blobs at these paths beside what it had.
    fn tree(
        &self,
        ours: &gix::Repository,
        before: Option<ObjectId>,
        changes: &[(&[String], ObjectId)],
    ) -> Result<ObjectId, ScratchError> {
        let failed = |error: gix::Error| reading("write a tree".to_owned(), self.path())(error.into());
        let mut entries: Vec<Entry> = Vec::new();
        if let Some(id) = before {
            let tree = ours.find_tree(id).map_err(failed)?;
            let decoded = tree.decode().map_err(failed)?;
            entries.extend(decoded.entries.iter().map(|entry| Entry {
                mode: entry.mode,
                filename: entry.filename.to_owned(),
                oid: entry.oid.to_owned(),
            }));
        }
        let mut below: BTreeMap<&str, Vec<(&[String], ObjectId)>> = BTreeMap::new();
        for (path, id) in changes {
            let Some((first, rest)) = path.split_first() else { continue };
            below.entry(first).or_default().push((rest, *id));
        }
        for (name, changes) in below {
            let old = entries.iter().position(|entry| entry.filename == name).map(|at| entries.remove(at));
            let (mode, oid) = match changes.as_slice() {
                [([], id)] => {
                    let executable = old.is_some_and(|old| old.mode.kind() == EntryKind::BlobExecutable);
                    (if executable { EntryKind::BlobExecutable } else { EntryKind::Blob }, *id)
                }
                _ => {
                    let old = old.filter(|old| old.mode.is_tree()).map(|old| old.oid);
                    (EntryKind::Tree, self.tree(ours, old, &changes)?)
                }
            };
            entries.push(Entry { mode: mode.into(), filename: name.into(), oid });
        }
        entries.sort();
        Ok(ours.write_object(&Tree { entries }).map_err(failed)?.detach())
    }

    fn check_out(&self) -> Result<(), ScratchError> {
        let ours = open(self.path())?;
        let failed = |error: gix::Error| reading("write the base out".to_owned(), self.path())(error.into());
        let tree = ours.find_commit(self.base).map_err(failed)?.tree().map_err(failed)?;
        let records = tree.traverse().breadthfirst.files().map_err(failed)?;
        for record in records {
            let kind = record.mode.kind();
            if matches!(kind, EntryKind::Tree | EntryKind::Commit) {
                continue;
            }
            // A path that no tree of ours can hold cannot be written to either.
            let Some(path) = std::str::from_utf8(&record.filepath).ok().and_then(|path| path.parse::<TreePath>().ok())
            else {
                continue;
            };
            let at = self.place(&path)?;
            if let Some(parent) = at.parent() {
                make(parent)?;
            }
            let blob = ours.find_blob(record.oid).map_err(failed)?;
            if kind == EntryKind::Link {
                let target = String::from_utf8_lossy(&blob.data).into_owned();
                symlink(target, &at).map_err(io("make the symlink", &at))?;
                continue;
            }
            write(&at, &blob.data)?;
            if kind == EntryKind::BlobExecutable {
                fs::set_permissions(&at, fs::Permissions::from_mode(0o755)).map_err(io("set the mode of", &at))?;
            }
        }
        Ok(())
    }
}

fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> ScratchError {
    let path = path.to_owned();
    move |source| ScratchError::Io { doing, path, source }
}

fn make(folder: &Path) -> Result<(), ScratchError> {
    fs::create_dir_all(folder).map_err(io("make the folder", folder))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), ScratchError> {
    fs::write(path, bytes).map_err(io("write", path))
}
