//! The certified repository in a scratch folder, where a mutant can be committed without touching the user's.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::path::PathBuf;

use super::MutateError;
use super::seeds::{SeededChange, SourceFiles};
use crate::frozen::go::settings::BuildCache;
use crate::frozen::{cache_made_from, client, lock_path};
use crate::workspace::Workspace;
use rcrepro_format::plan::frozen_toml;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_store::door;
use rcrepro_store::git::history::GitHistory;
use rcrepro_store::git::scratch::GitScratch;

/// A clone of the repository in a temporary folder, with the plan of the commit.
pub(crate) struct ScratchClone {
    git: GitScratch,
    /// The plan's folder in it.
    pub(crate) workspace: Workspace,
    /// Where in the repository that folder is.
    below: Option<TreePath>,
    paths: BTreeSet<String>,
}

impl ScratchClone {
    /// Clones the user's repository at a revision, and lays the manifests of the user's folder over it: what they say counts
    /// for documents, committed or not.
    ///
    /// # Errors
    /// [`MutateError`].
    pub(crate) fn new(user: &Workspace, revision: &str) -> Result<Self, MutateError> {
        let (repository, below) = user.repository()?;
        let git = GitScratch::new(&repository, revision)?;
        let folder = below.as_ref().map_or_else(|| git.path().to_owned(), |below| git.path().join(below.as_str()));
        let workspace = Workspace::open(&folder)?;
        for packet in workspace.plan.packets.keys() {
            let (from, to) = (user.manifest_path(packet), workspace.manifest_path(packet));
            let copied = match door::read(&from, door::RECORD_LIMIT) {
                Ok(bytes) => crate::workspace::files::write_whole(&to, &bytes),
                Err(_) => continue,
            };
            copied.map_err(|source| MutateError::Io { doing: "write", path: to, source })?;
        }
        let history = GitHistory::open(git.path()).map_err(crate::workspace::WorkspaceError::from)?;
        let commit = history.commit(&git.base()).map_err(crate::workspace::WorkspaceError::from)?;
        let paths = history.files(&commit, below.as_ref()).map_err(crate::workspace::WorkspaceError::from)?;
        let regular = |path: &String| workspace.folder.join(path).symlink_metadata().is_ok_and(|found| found.is_file());
        let paths = paths.into_iter().filter(regular).collect();
        Ok(Self { git, workspace, below, paths })
    }

    /// Gives the id of the user's commit, in hex.
    #[must_use]
    pub(crate) fn base(&self) -> String {
        self.git.base()
    }

    /// Commits a change, locks of frozen inputs with it; gives the commit's id. `roots` are the new trees of frozen inputs.
    ///
    /// A lock says what it was made from. Where a seed changes that (`go.mod`), the lock is written as if `rcrepro lock` had run
    /// and found the tree that `roots` names, or the one that was locked.
    ///
    /// # Errors
    /// [`MutateError`].
    pub(crate) fn apply(
        &mut self,
        change: &SeededChange,
        roots: &BTreeMap<Name, Digest>,
    ) -> Result<String, MutateError> {
        let mut files = change.files.clone();
        for (name, input) in &self.workspace.plan.frozen {
            let cache = BuildCache::of(&self.workspace.plan, name);
            if input.kind.is_advisories() || (input.kind.is_made_of_an_image() && cache.is_none()) {
                continue;
            }
            let path = lock_path(&self.workspace.folder, name);
            let Some(lock) =
                door::read_text(&path, door::RECORD_LIMIT).ok().and_then(|text| frozen_toml::decode(&text).ok())
            else {
                continue;
            };
            let read = |path: &str| {
                let changed = path.parse::<TreePath>().ok().and_then(|path| change.files.get(&path).cloned());
                Ok::<_, Infallible>(changed.or_else(|| door::read_below(&self.workspace.folder, path.as_ref()).ok()))
            };
            let Ok(locked) = client::files(
                cache.as_ref().map_or(input, |cache| cache.input),
                client::is_alone(&self.workspace.plan, name),
                &read,
            );
            let Ok(locked) = locked else { continue };
            let made_from = match &cache {
                // What is compiled for other modules is still right; a command only finds less of what it looks for.
                Some(cache) => {
                    let image = lock.compiled.as_ref().map(|compiled| compiled.image);
                    let Ok(made_from) = cache_made_from(name, cache, image, &locked) else { continue };
                    made_from
                }
                None => frozen_toml::made_from(input.kind, &client::hashed(input, &locked)),
            };
            let root = roots.get(name).copied().unwrap_or(lock.root);
            if made_from != lock.made_from || root != lock.root {
                let text = frozen_toml::encode(&frozen_toml::FrozenLock { made_from, root, ..lock });
                files.insert(
                    format!("lockfiles/{name}.lock").parse().map_err(super::seeds::SeedError::from)?,
                    text.into_bytes(),
                );
            }
        }
        let whole = |path: &TreePath| self.below.as_ref().map_or_else(|| path.clone(), |below| below.join(path));
        let files = files.into_iter().map(|(path, bytes)| (whole(&path), bytes)).collect();
        let commit = self.git.commit(&files)?;
        self.workspace = Workspace::open(&self.workspace.folder)?;
        Ok(commit)
    }

    /// Gives the path of a tracked file on disk.
    #[must_use]
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.workspace.folder.join(file)
    }
}

impl SourceFiles for ScratchClone {
    fn paths(&self) -> &BTreeSet<String> {
        &self.paths
    }

    fn text(&self, path: &str) -> Option<String> {
        if !self.paths.contains(path) {
            return None;
        }
        String::from_utf8(door::read(&self.path(path), door::RECORD_LIMIT).ok()?).ok()
    }
}
