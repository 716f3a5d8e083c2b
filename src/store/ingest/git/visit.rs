//! A look at every tracked file of a commit, with nothing kept.

use gix::objs::tree::EntryKind;

use super::{GitError, GitSource, find_commit, open, reading, tracked};
use crate::model::name::TreePath;
use crate::store::ingest::Limits;

/// Is what stands at a tracked path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visited<'a> {
    /// A file with its bytes.
    File(&'a [u8]),
    /// A symlink; what it leads to is visited in its own place, if it is tracked.
    Symlink,
    /// A submodule, whose contents the repository does not hold.
    Submodule,
}

/// Shows every tracked path of a commit, in git's order, and gives the commit's id.
///
/// # Errors
/// [`GitError`] when the commit or an object cannot be read; a submodule is none.
pub fn visit_git(
    source: &GitSource<'_>,
    limits: Limits,
    visit: &mut dyn FnMut(&TreePath, Visited<'_>),
) -> Result<String, GitError> {
    let repository = open(source.repository)?;
    let commit = find_commit(&repository, source)?;
    for entry in tracked(&repository, &commit, source, limits)? {
        match entry.kind {
            EntryKind::Commit => visit(&entry.path, Visited::Submodule),
            EntryKind::Link => visit(&entry.path, Visited::Symlink),
            _ => {
                let blob = repository.find_blob(entry.object).map_err(|error| {
                    reading(format!("read `{}` ({})", entry.path, entry.object), source.repository)(error.into())
                })?;
                visit(&entry.path, Visited::File(&blob.data));
            }
        }
    }
    Ok(commit.id().to_string())
}
