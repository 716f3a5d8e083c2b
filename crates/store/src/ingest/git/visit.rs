//! A look at every tracked file of a commit, with nothing kept.

use std::sync::{Mutex, PoisonError};

use gix::objs::tree::EntryKind;
use gix::traverse::tree::recorder::Entry;
use rayon::prelude::*;

use super::{GitError, GitSource, find_commit, open, reading, records};
use crate::ingest::{IngestLimits, Meter};

/// What is at a tracked path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visited<'a> {
    /// A file with its bytes.
    File(&'a [u8]),
    /// A symlink with its target; what it leads to is visited in its own place, if it is tracked.
    Symlink(&'a [u8]),
    /// A submodule, whose contents the repository does not hold.
    Submodule,
}

/// How many files a thread takes at a time: enough that opening the repository for them counts for nothing.
const SHARE: usize = 256;

/// Shows every tracked path of a commit, in git's order, and gives the commit's id. `source.exclude` is not asked.
///
/// In a path that is not UTF-8, every byte is escaped that is not printable ASCII.
///
/// # Errors
/// [`GitError`] when the commit or an object cannot be read, or there is more than `limits` allow. A submodule, or a
/// name that no tree can carry, is shown and not an error.
pub fn visit_git(
    source: &GitSource<'_>,
    limits: IngestLimits,
    visit: &mut dyn FnMut(&str, Visited<'_>),
) -> Result<String, GitError> {
    let repository = open(source.repository)?;
    let commit = find_commit(&repository, source)?;
    let meter = Mutex::new(Meter::new(limits));
    for record in records(&repository, &commit, source, limits)? {
        show(&repository, &meter, source, &record, &path(&record), visit)?;
    }
    Ok(commit.id().to_string())
}

/// As [`visit_git`], for the wanted paths alone and on every thread of the pool: gives the commit's id and what `look` makes of
/// each of them, in git's order. A path that is not wanted is not read.
///
/// # Errors
/// As [`visit_git`].
pub fn look_git<T: Send>(
    source: &GitSource<'_>,
    limits: IngestLimits,
    is_wanted: &dyn Fn(&str) -> bool,
    look: &(dyn Fn(&str, Visited<'_>) -> T + Sync),
) -> Result<(String, Vec<T>), GitError> {
    let repository = open(source.repository)?;
    let commit = find_commit(&repository, source)?;
    let meter = Mutex::new(Meter::new(limits));
    let wanted = records(&repository, &commit, source, limits)?.into_iter().map(|record| (path(&record), record));
    let wanted: Vec<(String, Entry)> = wanted.filter(|(path, _)| is_wanted(path)).collect();
    let shares: Vec<Result<Vec<T>, GitError>> = wanted
        .par_chunks(SHARE)
        .map(|share| {
            let handle = open(source.repository)?;
            let mut made = Vec::with_capacity(share.len());
            for (path, record) in share {
                show(&handle, &meter, source, record, path, &mut |path, visited| made.push(look(path, visited)))?;
            }
            Ok(made)
        })
        .collect();
    let mut all = Vec::with_capacity(wanted.len());
    for share in shares {
        all.extend(share?);
    }
    Ok((commit.id().to_string(), all))
}

fn path(record: &Entry) -> String {
    let escaped = || record.filepath.escape_ascii().to_string();
    std::str::from_utf8(&record.filepath).map_or_else(|_| escaped(), str::to_owned)
}

fn show(
    repository: &gix::Repository,
    meter: &Mutex<Meter>,
    source: &GitSource<'_>,
    record: &Entry,
    path: &str,
    visit: &mut dyn FnMut(&str, Visited<'_>),
) -> Result<(), GitError> {
    match record.mode.kind() {
        EntryKind::Commit => visit(path, Visited::Submodule),
        kind => {
            let failed =
                |error: gix::Error| reading(format!("read `{path}` ({})", record.oid), source.repository)(error.into());
            let blob = repository.find_blob(record.oid).map_err(failed)?;
            let mut meter = meter.lock().unwrap_or_else(PoisonError::into_inner);
            meter.file(blob.data.len() as u64).map_err(|source| GitError::Limit { source })?;
            drop(meter);
            visit(path, if kind == EntryKind::Link { Visited::Symlink(&blob.data) } else { Visited::File(&blob.data) });
        }
    }
    Ok(())
}
