//! A look at every tracked file of a commit, with nothing kept.

use gix::objs::tree::EntryKind;

use super::{GitError, GitSource, find_commit, open, reading, records};
use crate::ingest::{IngestLimits, Meter};

/// What is at a tracked path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visited<'a> {
    /// A file with its bytes.
    File(&'a [u8]),
    /// A symlink; what it leads to is visited in its own place, if it is tracked.
    Symlink,
    /// A submodule, whose contents the repository does not hold.
    Submodule,
}

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
    let mut meter = Meter::new(limits);
    let limit = |source| GitError::Limit { source };
    for record in records(&repository, &commit, source, limits)? {
        let escaped = || record.filepath.escape_ascii().to_string();
        let path = std::str::from_utf8(&record.filepath).map_or_else(|_| escaped(), str::to_owned);
        match record.mode.kind() {
            EntryKind::Commit => visit(&path, Visited::Submodule),
            EntryKind::Link => visit(&path, Visited::Symlink),
            _ => {
                let blob = repository.find_blob(record.oid).map_err(|error| {
                    reading(format!("read `{path}` ({})", record.oid), source.repository)(error.into())
                })?;
                meter.file(blob.data.len() as u64).map_err(limit)?;
                visit(&path, Visited::File(&blob.data));
            }
        }
    }
    Ok(commit.id().to_string())
}
