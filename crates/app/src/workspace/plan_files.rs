//! Where the files that decide an action are read from: the plan, locks, definitions of images, their keys.
//!
//! What is certified is what was committed, so whatever runs, judges or decides reads them from the commit that it takes the
//! source from. What prepares a commit (`check`, `lock`, `image`) reads the working copy, and of each file the bytes that git would
//! store: a checkout with other line ends is not another plan.

use std::collections::BTreeSet;
use std::io;
use std::path::{Component, Path, PathBuf};

use rcrepro_model::content::name::TreePath;
use rcrepro_model::decision::scope::Revision;
use rcrepro_store::door;
use rcrepro_store::git::history::GitHistory;
use rcrepro_store::git::stored::as_stored;

/// The most bytes that such a file may have.
const LIMIT: u64 = 64 << 20;

/// Reads files by their paths in the working copy, from there or from a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanFiles {
    /// Files on disk, as git would store them.
    WorkingCopy,
    /// Files in the tree of a commit.
    Commit {
        /// The repository's root, absolute.
        repository: PathBuf,
        /// The commit whose tree is read.
        commit: Revision,
    },
}

impl PlanFiles {
    /// Reads a file.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`], with what to do where the file lies on disk and is not committed, or whatever kept it from
    /// being read.
    pub(crate) fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let Self::Commit { repository, commit } = self else {
            return as_stored(path, door::read(path, LIMIT)?);
        };
        let tracked = tracked(repository, path)?;
        let history = GitHistory::open(repository).map_err(io::Error::other)?;
        match history.file(commit, &tracked, LIMIT).map_err(io::Error::other)? {
            Some(bytes) => Ok(bytes),
            None => Err(io::Error::new(io::ErrorKind::NotFound, self.absent(path))),
        }
    }

    /// Reads a text file; see [`Self::read`].
    ///
    /// # Errors
    /// As [`Self::read`], and [`io::ErrorKind::InvalidData`] when it is not UTF-8.
    pub(crate) fn read_to_string(&self, path: &Path) -> io::Result<String> {
        String::from_utf8(self.read(path)?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// Tells whether there is such a file.
    #[must_use]
    pub(crate) fn has(&self, path: &Path) -> bool {
        match self {
            Self::WorkingCopy => path.exists(),
            Self::Commit { .. } => self.read(path).is_ok(),
        }
    }

    /// Lists the names of the files of a folder; none where there is no such folder.
    ///
    /// # Errors
    /// Whatever kept it from being read.
    pub(crate) fn names(&self, folder: &Path) -> io::Result<BTreeSet<String>> {
        let Self::Commit { repository, commit } = self else {
            let entries = match std::fs::read_dir(folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
                entries => entries?,
            };
            let names = entries.map(|entry| Ok(entry?.file_name().into_string().ok()));
            return Ok(names.collect::<io::Result<Vec<_>>>()?.into_iter().flatten().collect());
        };
        let below = tracked(repository, folder)?;
        let files = GitHistory::open(repository)
            .and_then(|history| history.files(commit, Some(&below)))
            .map_err(io::Error::other)?;
        Ok(files.into_iter().filter(|file| !file.contains('/')).collect())
    }

    /// Says why a file is not there.
    #[must_use]
    pub(crate) fn absent(&self, path: &Path) -> String {
        match self {
            Self::Commit { commit, .. } if path.exists() => {
                format!("commit {} does not have it: git add it and commit", short(&commit.commit))
            }
            _ => "there is none".to_owned(),
        }
    }
}

/// Shortens a commit's id for people.
#[must_use]
pub fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

/// Resolves the `..` of an absolute path by its names alone.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    let mut whole = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::Normal(part) => whole.push(part),
            Component::ParentDir => drop(whole.pop()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    whole
}

/// Gives the path of a file in its repository.
fn tracked(repository: &Path, path: &Path) -> io::Result<TreePath> {
    let outside = || {
        let why = format!("it lies outside of the repository `{}`, so that no commit holds it", repository.display());
        io::Error::new(io::ErrorKind::NotFound, why)
    };
    let whole = resolved(path);
    let below = whole.strip_prefix(repository).map_err(|_| outside())?;
    below.to_str().and_then(|below| below.parse().ok()).ok_or_else(outside)
}
