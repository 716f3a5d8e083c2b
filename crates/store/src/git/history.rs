//! What changed between two commits of a repository, read from git's objects and never from the working copy.
//!
//! Files are compared by mode and id; nothing is taken for a rename, so that both names of a moved file are seen.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::objs::tree::EntryMode;

use crate::ingest::GitError;
use crate::ingest::git::{is_malformed, open, reading};
use crate::ingest::{IngestLimits, LimitError, Meter};
use rcrepro_model::content::name::TreePath;
use rcrepro_model::decision::scope::{Revision, TrackedFile};

/// How many commits are looked through for one with a wanted tree.
const WALK_LIMIT: usize = 100_000;

/// A repository whose history can be asked.
#[derive(Debug)]
pub struct GitHistory {
    repository: gix::Repository,
    path: PathBuf,
}

/// A file that is not the same in two trees; the path is relative to the repository's root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// With `/` between names.
    pub path: String,
    /// The file in the first tree, if it has it.
    pub before: Option<TrackedFile>,
    /// The file in the second tree, if it has it.
    pub after: Option<TrackedFile>,
}

/// A commit by its id, with its committer's time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatedCommit {
    /// The commit's id, in hex.
    pub id: String,
    /// When it was committed, in seconds since 1970.
    pub time: i64,
}

type Entries = BTreeMap<Vec<u8>, (EntryMode, ObjectId)>;

impl GitHistory {
    /// Opens a repository: a working copy (linked ones too) or a bare one.
    ///
    /// # Errors
    /// [`GitError::Read`].
    pub fn open(path: &Path) -> Result<Self, GitError> {
        Ok(Self { repository: open(path)?, path: path.to_owned() })
    }

    /// Finds the commit that a revision names, in any form that `git rev-parse` takes.
    ///
    /// # Errors
    /// [`GitError::NoCommit`], [`GitError::Read`].
    pub fn commit(&self, revision: &str) -> Result<Revision, GitError> {
        let wanted = format!("{revision}^{{commit}}");
        let id = self
            .repository
            .rev_parse_single(wanted.as_str())
            .map_err(|error| GitError::no_commit(&self.repository, &self.path, revision, error.into()))?;
        let commit = self
            .repository
            .find_commit(id)
            .map_err(|error| self.failed(format!("read the commit {id}"))(error.into()))?;
        let tree = commit.tree_id().map_err(|error| self.failed(format!("read the commit {id}"))(error.into()))?;
        Ok(Revision { commit: id.to_string(), tree: tree.to_string() })
    }

    /// Finds the best common ancestor of two commits; `None` when their histories share nothing.
    ///
    /// # Errors
    /// [`GitError::Read`].
    pub fn merge_base(&self, one: &Revision, other: &Revision) -> Result<Option<String>, GitError> {
        let (first, second) = (self.id(&one.commit)?, self.id(&other.commit)?);
        let failed = |error: gix::Error| self.failed(format!("find where {first} and {second} meet"))(error.into());
        Ok(self.repository.merge_base(first, second).map_err(failed)?.map(|id| id.to_string()))
    }

    /// Whether one commit is an ancestor of another, or the same.
    ///
    /// # Errors
    /// [`GitError::Read`].
    pub fn is_ancestor(&self, ancestor: &Revision, of: &Revision) -> Result<bool, GitError> {
        Ok(self.merge_base(ancestor, of)?.is_some_and(|base| base == ancestor.commit))
    }

    /// Finds a commit again: itself, or, where history was written anew, the latest ancestor of `from` with its tree.
    ///
    /// # Errors
    /// [`GitError::Read`] when history cannot be walked.
    pub fn find_again(&self, wanted: &Revision, from: &Revision) -> Result<Option<Revision>, GitError> {
        if let Ok(found) = self.commit(&wanted.commit)
            && found == *wanted
            && self.is_ancestor(&found, from)?
        {
            return Ok(Some(found));
        }
        let doing = || format!("walk the history of {}", from.commit);
        let walk = self
            .repository
            .rev_walk([self.id(&from.commit)?])
            .all()
            .map_err(|error| self.failed(doing())(error.into()))?;
        for info in walk.take(WALK_LIMIT) {
            let info = info.map_err(|error| self.failed(doing())(error.into()))?;
            let found = self.commit(&info.id.to_string())?;
            if found.tree == wanted.tree {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Lists the commits that branches, tags and `HEAD` reach and whose file at a path has the wanted content, the newest first.
    ///
    /// # Errors
    /// [`GitError::Read`] when history cannot be walked.
    pub fn commits_with(&self, path: &TreePath, wanted: &dyn Fn(&[u8]) -> bool) -> Result<Vec<DatedCommit>, GitError> {
        let doing = || format!("walk the history of `{path}`");
        let mut tips = vec![self.id(&self.commit("HEAD")?.commit)?];
        let references = self.repository.references().map_err(|error| self.failed(doing())(error.into()))?;
        for reference in references.all().map_err(|error| self.failed(doing())(error.into()))? {
            let commit = reference.ok().and_then(|mut found| found.peel_to_commit().ok());
            tips.extend(commit.map(|commit| commit.id));
        }
        let newest =
            gix::revision::walk::Sorting::ByCommitTime(gix::traverse::commit::simple::CommitTimeOrder::NewestFirst);
        let walk = self.repository.rev_walk(tips).sorting(newest);
        let walk = walk.all().map_err(|error| self.failed(doing())(error.into()))?;
        let (mut known, mut found) = (BTreeMap::new(), Vec::new());
        for info in walk.take(WALK_LIMIT) {
            let info = info.map_err(|error| self.failed(doing())(error.into()))?;
            let commit = info.object().map_err(|error| self.failed(doing())(error.into()))?;
            let tree = commit.tree().map_err(|error| self.failed(doing())(error.into()))?;
            let entry = tree.lookup_entry_by_path(path.as_str()).map_err(|error| self.failed(doing())(error.into()))?;
            let Some(entry) = entry.filter(|entry| entry.mode().is_blob()) else { continue };
            let blob = entry.object_id();
            let is_wanted = match known.get(&blob) {
                Some(is_wanted) => *is_wanted,
                None => {
                    let bytes = self.repository.find_blob(blob).map_err(|error| self.failed(doing())(error.into()))?;
                    *known.entry(blob).or_insert(wanted(&bytes.data))
                }
            };
            if is_wanted {
                let time = commit.time().map_err(|error| self.failed(doing())(error.into()))?.seconds;
                found.push(DatedCommit { id: info.id.to_string(), time });
            }
        }
        Ok(found)
    }

    /// Finds the release before a commit: the newest of its ancestors with a tag, and of several tags there the one whose name
    /// comes last. A tag of the commit itself names what is to be released. None where no ancestor has a tag.
    ///
    /// # Errors
    /// [`GitError::Read`] when history or the tags cannot be read, [`GitError::Shallow`] where it ends before a tag is met: what is
    /// not here may have one.
    pub fn tag_before(&self, commit: &Revision) -> Result<Option<(String, Revision)>, GitError> {
        let doing = || format!("look for a tag before {}", commit.commit);
        let failed = |error: gix::Error| self.failed(doing())(error.into());
        let mut tags: BTreeMap<ObjectId, String> = BTreeMap::new();
        let references = self.repository.references().map_err(failed)?;
        for reference in references.tags().map_err(failed)? {
            let Ok(mut reference) = reference else { continue };
            let name = reference.name().shorten().to_string();
            let Ok(tagged) = reference.peel_to_commit() else { continue };
            let known = tags.entry(tagged.id).or_default();
            *known = name.max(std::mem::take(known));
        }
        tags.remove(&self.id(&commit.commit)?);
        let ends: HashSet<ObjectId> =
            self.repository.shallow_commits().map_err(failed)?.iter().flat_map(|ends| ends.iter().copied()).collect();
        if tags.is_empty() && ends.is_empty() {
            return Ok(None);
        }
        let newest =
            gix::revision::walk::Sorting::ByCommitTime(gix::traverse::commit::simple::CommitTimeOrder::NewestFirst);
        let walk = self.repository.rev_walk([self.id(&commit.commit)?]).sorting(newest).all();
        for info in walk.map_err(|error| self.failed(doing())(error.into()))? {
            let info = info.map_err(|error| self.failed(doing())(error.into()))?;
            if let Some(name) = tags.get(&info.id) {
                return Ok(Some((name.clone(), self.commit(&info.id.to_string())?)));
            }
            if ends.contains(&info.id) && self.has_parents(info.id)? {
                return Err(GitError::Shallow { repository: self.path.clone(), commit: info.id.to_string() });
            }
        }
        Ok(None)
    }

    /// Whether a commit names parents, which a shallow clone need not have.
    fn has_parents(&self, id: ObjectId) -> Result<bool, GitError> {
        let failed = |error: gix::Error| self.failed(format!("read the commit {id}"))(error.into());
        let commit = self.repository.find_commit(id).map_err(failed)?;
        let decoded = commit.decode().map_err(failed)?;
        Ok(decoded.parents().next().is_some())
    }

    /// Whether a commit or one of its ancestors that are here has a wanted file in a folder, by the file's name and content. A folder
    /// that did not change is not looked at again.
    ///
    /// # Errors
    /// [`GitError::Read`] when history cannot be walked.
    pub fn ever_had(
        &self,
        commit: &Revision,
        folder: &TreePath,
        wanted: &dyn Fn(&str, &[u8]) -> bool,
    ) -> Result<bool, GitError> {
        let failed = |error: gix::Error| self.failed(format!("walk the history of `{folder}`"))(error.into());
        let walk = self.repository.rev_walk([self.id(&commit.commit)?]).all().map_err(failed)?;
        let (mut folders, mut files) = (BTreeSet::new(), BTreeSet::new());
        for info in walk.take(WALK_LIMIT) {
            let tree = info.map_err(failed)?.object().map_err(failed)?.tree().map_err(failed)?;
            let entry = tree.lookup_entry_by_path(folder.as_str()).map_err(failed)?;
            let Some(entry) = entry.filter(|entry| entry.mode().is_tree()) else { continue };
            if !folders.insert(entry.object_id()) {
                continue;
            }
            for (name, (mode, id)) in self.entries(Some(entry.object_id()))? {
                let Ok(name) = String::from_utf8(name) else { continue };
                if !mode.is_blob() || files.contains(&id) {
                    continue;
                }
                if wanted(&name, &self.repository.find_blob(id).map_err(failed)?.data) {
                    return Ok(true);
                }
                files.insert(id);
            }
        }
        Ok(false)
    }

    /// Lists the files that two commits do not share, by path.
    ///
    /// # Errors
    /// [`GitError`] when a tree cannot be read or a path is not UTF-8.
    pub fn changes(&self, base: &Revision, head: &Revision) -> Result<Vec<FileChange>, GitError> {
        let mut changes = Vec::new();
        let (base, head) = (self.id(&base.tree)?, self.id(&head.tree)?);
        self.compare(Some(base), Some(head), &mut changes)?;
        changes.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(changes)
    }

    /// Lists the files and symlinks that a commit tracks below a folder; paths are relative to the folder.
    ///
    /// # Errors
    /// [`GitError`] when a tree cannot be read or a path is not UTF-8.
    pub fn files(&self, commit: &Revision, folder: Option<&TreePath>) -> Result<Vec<String>, GitError> {
        let mut all = Vec::new();
        self.compare(None, Some(self.id(&commit.tree)?), &mut all)?;
        let below = |path: &str| match folder {
            Some(folder) => path.strip_prefix(folder.as_str())?.strip_prefix('/').map(str::to_owned),
            None => Some(path.to_owned()),
        };
        let mut files: Vec<String> = all.iter().filter_map(|change| below(&change.path)).collect();
        files.sort();
        Ok(files)
    }

    /// Reads a regular file of a commit; `None` when it is not tracked or is a folder, a symlink or a submodule.
    ///
    /// # Errors
    /// [`GitError::Read`], or [`GitError::Limit`] when it has more than `limit` bytes.
    pub fn file(&self, commit: &Revision, path: &TreePath, limit: u64) -> Result<Option<Vec<u8>>, GitError> {
        let failed =
            |error: gix::Error| self.failed(format!("read `{path}` of commit {}", commit.commit))(error.into());
        let tree = self.repository.find_tree(self.id(&commit.tree)?).map_err(failed)?;
        let entry = tree.lookup_entry_by_path(path.as_str()).map_err(failed)?;
        let Some(entry) = entry.filter(|entry| entry.mode().is_blob()) else { return Ok(None) };
        let found = self.repository.find_header(entry.object_id()).map_err(failed)?.size();
        if found > limit {
            return Err(GitError::Limit { source: LimitError::File { found, limit } });
        }
        Ok(Some(self.repository.find_blob(entry.object_id()).map_err(failed)?.take_data()))
    }

    /// Compares two trees; equal ones are not entered, and no more entries are looked at than a tree may have.
    fn compare(
        &self,
        before: Option<ObjectId>,
        after: Option<ObjectId>,
        changes: &mut Vec<FileChange>,
    ) -> Result<(), GitError> {
        let mut meter = Meter::new(IngestLimits::default());
        let mut open = vec![(String::new(), before, after)];
        while let Some((below, before, after)) = open.pop() {
            let (mut before, after) = (self.entries(before)?, self.entries(after)?);
            let mut pairs: Vec<(Vec<u8>, Side, Side)> = Vec::new();
            for (name, entry) in after {
                let old = before.remove(&name);
                pairs.push((name, old, Some(entry)));
            }
            pairs.extend(before.into_iter().map(|(name, entry)| (name, Some(entry), None)));
            for (name, old, new) in pairs.into_iter().filter(|(_, old, new)| old != new) {
                meter.entry().map_err(|source| GitError::Limit { source })?;
                let escaped = || format!("{}{}", below.escape_default(), name.escape_ascii());
                if is_malformed(&name) {
                    return Err(GitError::Malformed { path: escaped() });
                }
                let text = std::str::from_utf8(&name).map_err(|_| GitError::NameNotUtf8 { bytes: escaped() })?;
                let path = format!("{below}{text}");
                let tree = |side: Side| side.filter(|(mode, _)| mode.is_tree()).map(|(_, id)| id);
                let file = |side: Side| {
                    let (mode, id) = side.filter(|(mode, _)| !mode.is_tree())?;
                    Some(TrackedFile { mode: format!("{:o}", mode.value()), id: id.to_string() })
                };
                if tree(old).is_some() || tree(new).is_some() {
                    open.push((format!("{path}/"), tree(old), tree(new)));
                }
                if file(old).is_some() || file(new).is_some() {
                    changes.push(FileChange { path, before: file(old), after: file(new) });
                }
            }
        }
        Ok(())
    }

    fn entries(&self, tree: Option<ObjectId>) -> Result<Entries, GitError> {
        let Some(id) = tree else { return Ok(Entries::new()) };
        let failed = |error: gix::Error| self.failed(format!("read the tree {id}"))(error.into());
        let tree = self.repository.find_tree(id).map_err(failed)?;
        let decoded = tree.decode().map_err(failed)?;
        let entry =
            |entry: &gix::objs::tree::EntryRef<'_>| (entry.filename.to_vec(), (entry.mode, entry.oid.to_owned()));
        Ok(decoded.entries.iter().map(entry).collect())
    }

    fn id(&self, hex: &str) -> Result<ObjectId, GitError> {
        ObjectId::from_hex(hex.as_bytes()).map_err(|error| self.failed(format!("read the id `{hex}`"))(Box::new(error)))
    }

    fn failed(&self, doing: String) -> impl FnOnce(Box<dyn std::error::Error + Send + Sync>) -> GitError {
        reading(doing, &self.path)
    }
}

/// An entry of one of two trees, if that one has it.
type Side = Option<(EntryMode, ObjectId)>;
