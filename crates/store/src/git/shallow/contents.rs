//! What a commit's tree holds: every object, and an entry of the index for every tracked path.

use std::collections::BTreeSet;
use std::path::Path;

use gix::ObjectId;
use gix::objs::Kind;
use gix::objs::tree::EntryKind;

use super::index::IndexEntry;
use super::pack::rank;
use crate::ingest::git::{is_malformed, reading};
use crate::ingest::{GitError, IngestLimits, Meter};
use rcrepro_model::plan::glob::PathGlobSet;

/// The objects of a commit, with their rank in a pack, and its index.
pub(super) struct Contents {
    /// The trees and blobs.
    pub(super) objects: BTreeSet<(u8, ObjectId)>,
    /// By path, as the index has them.
    pub(super) entries: Vec<IndexEntry>,
}

/// Walks the whole tree of a commit. `place` is the repository's, for errors; what `exclude` matches is not in the source.
pub(super) fn of_commit(
    repository: &gix::Repository,
    place: &Path,
    exclude: &PathGlobSet,
    commit: ObjectId,
    limits: IngestLimits,
) -> Result<Contents, GitError> {
    let failed = |doing: String| move |error: gix::Error| reading(doing, place)(error.into());
    let tree = repository.find_commit(commit).and_then(|commit| Ok(commit.tree_id()?.detach()));
    let tree = tree.map_err(failed(format!("read the commit {commit}")))?;
    let mut meter = Meter::new(limits);
    let mut found = Contents { objects: BTreeSet::new(), entries: Vec::new() };
    let mut open = vec![(String::new(), tree)];
    while let Some((below, id)) = open.pop() {
        found.objects.insert((rank(Kind::Tree), id));
        let tree = repository.find_tree(id).map_err(failed(format!("read the tree {id}")))?;
        for entry in tree.decode().map_err(failed(format!("read the tree {id}")))?.entries {
            meter.entry().map_err(|source| GitError::Limit { source })?;
            let escaped = || format!("{}{}", below.escape_default(), entry.filename.to_vec().escape_ascii());
            if is_malformed(entry.filename) {
                return Err(GitError::Malformed { path: escaped() });
            }
            let name = std::str::from_utf8(entry.filename).map_err(|_| GitError::NameNotUtf8 { bytes: escaped() })?;
            let (path, id, kind) = (format!("{below}{name}"), entry.oid.to_owned(), entry.mode.kind());
            match kind {
                EntryKind::Tree => {
                    open.push((format!("{path}/"), id));
                    continue;
                }
                // The commit of a submodule is in another repository.
                EntryKind::Commit => {}
                EntryKind::Blob | EntryKind::BlobExecutable | EntryKind::Link => {
                    found.objects.insert((rank(Kind::Blob), id));
                }
            }
            let is_there = !exclude.matches_within(&path);
            found.entries.push(IndexEntry { path, id, kind, is_there });
        }
    }
    found.entries.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}
