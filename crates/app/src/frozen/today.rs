//! How old locked advisory data is, and what its mirror has today that was not there when it was locked.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::advisories::root_of;
use super::{FrozenError, go, lock_path, prune};
use crate::workspace::Workspace;
use rcrepro_format::advisories::osv_json;
use rcrepro_format::plan::frozen_toml::{self, FrozenData};
use rcrepro_model::advisory::AdvisoryDelta;
use rcrepro_model::advisory::osv::OsvEntry;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::plan::{FrozenInput, FrozenKind};
use rcrepro_store::BlobStore;
use rcrepro_store::export::is_whole;

/// The age of a frozen input's advisory data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdvisoryAge {
    /// The input's name.
    pub name: Name,
    /// `go-vulndb` or `npm-advisories`.
    pub kind: FrozenKind,
    /// The root of the tree that was locked.
    pub root: Digest,
    /// The date and the number of entries in the lock.
    pub locked: FrozenData,
    /// How old that is; `None` when it is of the future.
    pub age: Option<Duration>,
    /// What the mirror has today, or why that is not known.
    pub today: Result<MirrorToday, String>,
}

impl AdvisoryAge {
    /// Returns the age in whole days; `None` when the data is of the future.
    #[must_use]
    pub fn days(&self) -> Option<u64> {
        self.age.map(|age| age.as_secs() / 86_400)
    }
}

/// What a mirror would be locked as now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorToday {
    /// Its date and its number of entries.
    pub data: FrozenData,
    /// The root of the tree that it would be locked as.
    pub root: Digest,
    /// How it differs from what was locked.
    pub delta: AdvisoryDelta,
    /// Whether entries count as new by their dates alone, because the store no longer has what was locked.
    pub by_date: bool,
    /// The entries that are new or changed, by id.
    pub newer: BTreeMap<String, OsvEntry>,
}

/// Lists the frozen inputs of a plan that have advisory data and a lock.
///
/// A cassette has no delta: only its registry knows, and recording anew asks it.
///
/// # Errors
/// [`FrozenError`] when a lock is damaged, or an existing mirror has no database.
pub fn ages(workspace: &Workspace, store: &dyn BlobStore, now: SystemTime) -> Result<Vec<AdvisoryAge>, FrozenError> {
    let mut found = Vec::new();
    for (name, input) in &workspace.plan.frozen {
        let path = lock_path(&workspace.folder, name);
        let Ok(text) = workspace.files.read_to_string(&path) else { continue };
        let lock = frozen_toml::decode(&text).map_err(|source| FrozenError::BadLock { path, source })?;
        let Some(locked) = lock.data else { continue };
        let today = match input.kind {
            FrozenKind::GoVulndb => {
                let mirror = Mirror { workspace, store, name, input };
                mirror.compare(lock.root, &locked)?
            }
            _ if input.image.is_some() => Err("rcrepro advisories --scan asks its registry".to_owned()),
            _ => Err("the plan names no image in which its registry could be asked".to_owned()),
        };
        let age = locked.age(now);
        found.push(AdvisoryAge { name: name.clone(), kind: input.kind, root: lock.root, locked, age, today });
    }
    Ok(found)
}

/// The mirror of a frozen input.
struct Mirror<'a> {
    workspace: &'a Workspace,
    store: &'a dyn BlobStore,
    name: &'a Name,
    input: &'a FrozenInput,
}

impl Mirror<'_> {
    /// Compares what the mirror has with the tree and the data that were locked; a reason in words where there is no mirror.
    fn compare(&self, root: Digest, locked: &FrozenData) -> Result<Result<MirrorToday, String>, FrozenError> {
        let Self { workspace, store, name, input } = *self;
        let Some(path) = &input.path else { return Ok(Err("the plan names no mirror".to_owned())) };
        let mirror = workspace.folder.join(path);
        if !mirror.exists() {
            return Ok(Err(format!("there is no mirror at `{path}`")));
        }
        let (later, data) =
            go::vulndb::files(&mirror).map_err(|source| FrozenError::Vulndb { name: name.clone(), source })?;
        let now = root_of(&later)?;
        if now == root {
            let delta = AdvisoryDelta::default();
            return Ok(Ok(MirrorToday { data, root: now, delta, by_date: false, newer: BTreeMap::new() }));
        }
        let entries = go::vulndb::entries(&later);
        // What a scanner could not read would not count for it either; the delta names it anyway.
        let entry = |id: &String| Some((id.clone(), osv_json::decode(later.get(&format!("db/ID/{id}.json"))?).ok()?));
        let whole = is_whole(store, root)?;
        let delta = if whole {
            let mut files = BTreeMap::new();
            for (path, digest) in prune::files(store, root)? {
                files.insert(path, store.get(digest)?);
            }
            AdvisoryDelta::between(&go::vulndb::entries(&files), &entries)
        } else {
            // Whatever was changed after that day was not locked so. An entry without a date may be of any day.
            let later = |entry: &OsvEntry| locked.is_older_than(&entry.modified);
            let added = entries.into_iter().filter(|(id, _)| entry(id).is_none_or(|(_, entry)| later(&entry)));
            AdvisoryDelta { added: added.collect(), ..AdvisoryDelta::default() }
        };
        let newer = delta.added.keys().chain(delta.changed.keys()).filter_map(entry).collect();
        Ok(Ok(MirrorToday { data, root: now, delta, by_date: !whole, newer }))
    }
}
