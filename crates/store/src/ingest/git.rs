//! The tracked tree of a commit, read from git's objects and never from the working copy.
//!
//! The bytes are the objects' own: no end-of-line conversion, no filter, no LFS download, no `export-ignore`. Replacement
//! refs are not followed, the environment and the user's configuration are not read: a commit id names one tree everywhere.

use std::error::Error;
use std::path::Path;

use gix::objs::tree::EntryKind;
use rayon::prelude::*;

use super::{IngestLimits, Meter};
use crate::{BlobBatch, BlobStore};
use rcrepro_format::syntax::canonical_json::MAX_INTEGER;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::{TreeBuilder, TreeNode};
use rcrepro_model::plan::glob::PathGlobSet;

mod error;
mod visit;
mod walk;

pub use error::GitError;
pub use visit::{Visited, look_git, visit_git};
use walk::Walk;
pub(crate) use walk::is_malformed;

/// Names what is taken from which repository.
#[derive(Debug, Clone, Copy)]
pub struct GitSource<'a> {
    /// The repository: a working copy (linked ones too) or a bare one.
    pub repository: &'a Path,
    /// The revision, in any form that `git rev-parse` takes and that names one commit.
    pub revision: &'a str,
    /// The folder inside the repository that becomes the root; all of it when there is none.
    pub folder: Option<&'a TreePath>,
    /// Paths, relative to `folder`, that are left out; what matches as a folder is left out with everything below it.
    pub exclude: &'a PathGlobSet,
}

/// A commit's tree in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestedSource {
    /// The root `Directory`.
    pub root: Digest,
    /// The commit's id, in hex.
    pub commit: String,
    /// When it was committed, in seconds since 1970; what `SOURCE_DATE_EPOCH` is set to.
    pub commit_time: i64,
    /// How many files and symlinks the tree holds.
    pub tracked_files: usize,
}

/// A tracked file or symlink.
struct Tracked {
    path: TreePath,
    object: gix::ObjectId,
    kind: EntryKind,
}

/// Stores the tracked tree of a commit.
///
/// # Errors
/// [`GitError`]; then some of the tree's blobs may be in the store, and nothing refers to them.
pub fn ingest_git(
    store: &dyn BlobStore,
    source: &GitSource<'_>,
    limits: IngestLimits,
) -> Result<IngestedSource, GitError> {
    let repository = open(source.repository)?;
    let failed = |doing: String| reading(doing, source.repository);
    let commit = find_commit(&repository, source)?;
    let id = commit.id().to_string();
    let commit_time = commit.time().map_err(|error| failed(format!("read the time of commit {id}"))(error.into()))?;
    if commit_time.seconds.unsigned_abs() > MAX_INTEGER.unsigned_abs() {
        let why = format!("{} seconds since 1970 is outside the times that a manifest can hold", commit_time.seconds);
        return Err(failed(format!("use the time of commit {id}"))(why.into()));
    }
    let tracked = tracked(&repository, &commit, source, limits)?;

    let batch = store.batch()?;
    let nodes = read_objects(&*batch, source.repository, &tracked)?;
    let mut builder = TreeBuilder::default();
    let mut meter = Meter::new(limits);
    for (entry, node) in tracked.iter().zip(nodes) {
        let size = if let TreeNode::File { digest, .. } = &node { digest.size } else { 0 };
        meter.file(size).map_err(|source| GitError::Limit { source })?;
        builder.insert(&entry.path, node)?;
    }
    let root = builder.finish(&mut |_, bytes| batch.put(&bytes).map(drop))?;
    batch.commit()?;
    Ok(IngestedSource { root, commit: id, commit_time: commit_time.seconds, tracked_files: tracked.len() })
}

fn find_commit<'a>(repository: &'a gix::Repository, source: &GitSource<'_>) -> Result<gix::Commit<'a>, GitError> {
    let wanted = format!("{}^{{commit}}", source.revision);
    let object = repository
        .rev_parse_single(wanted.as_str())
        .map_err(|error| GitError::no_commit(repository, source.repository, source.revision, error.into()))?
        .object()
        .map_err(|error| reading("read the commit".into(), source.repository)(error.into()))?;
    Ok(object.into_commit())
}

pub(crate) fn open(path: &Path) -> Result<gix::Repository, GitError> {
    let options = gix::open::Options::isolated().config_overrides(["core.useReplaceRefs=false"]);
    gix::open_opts(path, options).map_err(|error| reading("open anything".into(), path)(error.into()))
}

pub(crate) fn reading(doing: String, repository: &Path) -> impl FnOnce(Box<dyn Error + Send + Sync>) -> GitError {
    let repository = repository.to_owned();
    move |source| GitError::Read { doing, repository, source }
}

/// Lists what the commit tracks below the wanted folder, in git's order.
fn tracked(
    repository: &gix::Repository,
    commit: &gix::Commit<'_>,
    source: &GitSource<'_>,
    limits: IngestLimits,
) -> Result<Vec<Tracked>, GitError> {
    let mut tracked = Vec::new();
    for record in records(repository, commit, source, limits)? {
        let text = std::str::from_utf8(&record.filepath)
            .map_err(|_| GitError::NameNotUtf8 { bytes: record.filepath.escape_ascii().to_string() })?;
        if source.exclude.matches_within(text) {
            continue;
        }
        let path: TreePath = text.parse()?;
        let kind = record.mode.kind();
        if kind == EntryKind::Commit {
            return Err(GitError::Submodule { path, commit: record.oid.to_string() });
        }
        tracked.push(Tracked { path, object: record.oid, kind });
    }
    Ok(tracked)
}

/// Lists the entries below the wanted folder that are not folders; there may not be more than `limits` allow, folders counted.
fn records(
    repository: &gix::Repository,
    commit: &gix::Commit<'_>,
    source: &GitSource<'_>,
    limits: IngestLimits,
) -> Result<Vec<gix::traverse::tree::recorder::Entry>, GitError> {
    let failed = |doing: String| reading(doing, source.repository);
    let id = commit.id();
    let mut tree = commit.tree().map_err(|error| failed(format!("read the tree of commit {id}"))(error.into()))?;
    if let Some(path) = source.folder {
        let missing = || GitError::NoFolder { commit: id.to_string(), path: path.clone() };
        let entry = tree
            .lookup_entry_by_path(path.as_str())
            .map_err(|error| failed(format!("look for `{path}` in commit {id}"))(error.into()))?
            .filter(|entry| entry.mode().is_tree())
            .ok_or_else(missing)?;
        tree = repository
            .find_tree(entry.object_id())
            .map_err(|error| failed(format!("read the tree `{path}`"))(error.into()))?;
    }
    let mut walk = Walk::new(limits);
    match tree.traverse().breadthfirst(&mut walk) {
        Err(error) if !walk.is_cut() => Err(failed(format!("walk the tree of commit {id}"))(error.into())),
        _ => walk.finish(),
    }
}

/// Reads the objects on every thread of the pool; each has its own handle, because gix's is not shared.
fn read_objects(batch: &dyn BlobBatch, repository: &Path, tracked: &[Tracked]) -> Result<Vec<TreeNode>, GitError> {
    let share = tracked.len().div_ceil(rayon::current_num_threads()).max(1);
    let shares = tracked
        .par_chunks(share)
        .map(|share| {
            let handle = open(repository)?;
            share.iter().map(|entry| read_object(batch, repository, &handle, entry)).collect::<Result<Vec<_>, _>>()
        })
        .collect::<Result<Vec<_>, GitError>>()?;
    Ok(shares.into_iter().flatten().collect())
}

fn read_object(
    batch: &dyn BlobBatch,
    repository: &Path,
    handle: &gix::Repository,
    entry: &Tracked,
) -> Result<TreeNode, GitError> {
    let failed =
        |error: gix::Error| reading(format!("read `{}` ({})", entry.path, entry.object), repository)(error.into());
    let mut blob = handle.find_blob(entry.object).map_err(failed)?;
    if entry.kind == EntryKind::Link {
        let target = String::from_utf8(blob.take_data()).map_err(|error| GitError::TargetNotUtf8 {
            path: entry.path.clone(),
            bytes: error.as_bytes().escape_ascii().to_string(),
        })?;
        return Ok(TreeNode::Symlink { target });
    }
    Ok(TreeNode::File { digest: batch.put(&blob.data)?, executable: entry.kind == EntryKind::BlobExecutable })
}
