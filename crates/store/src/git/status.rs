//! How a working copy differs from its last commit.
//!
//! Line ends count as git counts them: what `core.autocrlf` changes on the way out is not a difference. No program that a
//! repository's configuration names is started: a file that a filter wrote is compared by what the index remembers of it.

use std::path::Path;

use gix::bstr::{BStr, BString, ByteSlice};
use gix::status::index_worktree::iter::Summary;
use gix::status::tree_index::TrackRenames;
use gix::status::{Item, Submodule, UntrackedFiles};

use crate::door;
use crate::ingest::GitError;
use crate::ingest::git::{open, reading};

/// Names the settings of the user that decide which files differ; no others are read.
const SETTINGS: [&str; 3] = ["core.autocrlf", "core.eol", "core.excludesFile"];

/// The largest file whose line ends are tried: 1 MiB. A larger one that git would store as it was counts as changed.
const LINE_ENDS_LIMIT: u64 = 1 << 20;

/// How a file of the working copy differs from the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UncommittedChange {
    /// The commit has it with another content, mode or type.
    Changed,
    /// The commit has it, the working copy does not.
    Deleted,
    /// The commit does not have it, and no `.gitignore` names it.
    New,
}

/// A file that is not the same in the working copy and in its commit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Uncommitted {
    /// The path, relative to the repository's root; bytes that are not UTF-8 are replaced.
    pub path: String,
    /// How it differs.
    pub change: UncommittedChange,
}

/// Lists what differs between the working copy of a repository and its last commit, by path; submodules are not entered.
///
/// # Errors
/// [`GitError::Read`] when the repository, its index or the working copy cannot be read.
pub fn uncommitted(path: &Path) -> Result<Vec<Uncommitted>, GitError> {
    let failed = || reading("compare the working copy with its commit".into(), path);
    let mut repository = open(path)?;
    configure(&mut repository).map_err(|error| failed()(error.into()))?;
    let platform = repository
        .status(gix::progress::Discard)
        .map_err(|error| failed()(error.into()))?
        .untracked_files(UntrackedFiles::Files)
        .index_worktree_rewrites(None)
        .index_worktree_submodules(Submodule::Given { ignore: gix::submodule::config::Ignore::All, check_dirty: false })
        .tree_index_track_renames(TrackRenames::Disabled);
    let whole = BString::from(":/");
    let items = platform.into_iter([whole]).map_err(|error| failed()(error.into()))?;
    let (mut filters, index) = repository.filter_pipeline(None).map_err(|error| failed()(error.into()))?;
    let mut found = std::collections::BTreeMap::new();
    for item in items {
        let item = item.map_err(|error| failed()(error.into()))?;
        let Some(change) = change(&item) else { continue };
        if is_line_ends_alone(&item, &repository, &mut filters, &index) {
            continue;
        }
        // What is in the index and not on disk, or the other way round, is told twice; the last word is the disk's.
        let path = item.location().to_str_lossy().into_owned();
        let on_disk = matches!(item, Item::IndexWorktree(_));
        let entry = found.entry(path).or_insert(change);
        if on_disk {
            *entry = change;
        }
    }
    Ok(found.into_iter().map(|(path, change)| Uncommitted { path, change }).collect())
}

fn change(item: &Item) -> Option<UncommittedChange> {
    use gix::diff::index::Change;
    Some(match item {
        Item::TreeIndex(Change::Addition { .. }) => UncommittedChange::New,
        Item::TreeIndex(Change::Deletion { .. }) => UncommittedChange::Deleted,
        Item::TreeIndex(Change::Modification { .. } | Change::Rewrite { .. }) => UncommittedChange::Changed,
        Item::IndexWorktree(item) => match item.summary()? {
            Summary::Removed => UncommittedChange::Deleted,
            Summary::Added | Summary::IntentToAdd => UncommittedChange::New,
            Summary::Modified | Summary::TypeChange | Summary::Renamed | Summary::Copied | Summary::Conflict => {
                UncommittedChange::Changed
            }
        },
    })
}

/// Whether a file that has another size would be stored as it was: gix takes the size for an answer, git does not.
fn is_line_ends_alone(
    item: &Item,
    repository: &gix::Repository,
    filters: &mut gix::filter::Pipeline<'_>,
    index: &gix::index::State,
) -> bool {
    use gix::status::index_worktree::Item as OnDisk;
    use gix::status::plumbing::index_as_worktree::{Change, EntryStatus};
    let Item::IndexWorktree(OnDisk::Modification { entry, rela_path, status, .. }) = item else { return false };
    let EntryStatus::Change(Change::Modification { executable_bit_changed: false, .. }) = status else { return false };
    let (Ok(path), Some(root)) = (gix::path::from_bstr(rela_path.as_bstr()), repository.workdir()) else {
        return false;
    };
    let file = root.join(&path);
    let stored = door::open(&file, LINE_ENDS_LIMIT).ok().and_then(|file| {
        let mut bytes = Vec::new();
        std::io::copy(&mut filters.convert_to_git(file, &path, index).ok()?, &mut bytes).ok()?;
        gix::objs::compute_hash(repository.object_hash(), gix::objs::Kind::Blob, &bytes).ok()
    });
    stored.is_some_and(|stored| stored == entry.id)
}

/// Removes filters from the configuration, which name programs, and adds the user's settings for line ends and ignored files.
pub(super) fn configure(repository: &mut gix::Repository) -> Result<(), gix::Error> {
    let user = gix::config::File::from_globals().ok();
    let mut config = repository.config_snapshot_mut();
    let filters: Vec<_> = config.sections_and_ids_by_name("filter").into_iter().flatten().map(|(_, id)| id).collect();
    for id in filters {
        config.remove_section_by_id(id);
    }
    for name in SETTINGS {
        if config.string(name).is_none()
            && let Some(value) = user.as_ref().and_then(|user| user.string(name))
        {
            let value: &BStr = value.as_ref();
            config.set_raw_value(name, value)?;
        }
    }
    config.commit()?;
    Ok(())
}
