//! How old locked advisory data is, and what stands in its mirror today that was not there when it was locked.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::{FrozenError, go_vulndb, lock_path, prune};
use crate::app::workspace::Workspace;
use crate::format::frozen_toml::{self, FrozenData};
use crate::model::advisory::AdvisoryDelta;
use crate::model::name::Name;
use crate::model::plan::FrozenKind;
use crate::store::BlobStore;
use crate::store::export::is_whole;

/// Is what is known of one frozen input with advisory data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdvisoryAge {
    /// The input's name.
    pub name: Name,
    /// Its kind.
    pub kind: FrozenKind,
    /// What was locked.
    pub locked: FrozenData,
    /// How old that is; nothing when it is of the future.
    pub age: Option<Duration>,
    /// What the mirror has today; nothing where there is no mirror, or the store lacks what was locked.
    pub today: Option<(FrozenData, AdvisoryDelta)>,
}

/// Lists the frozen inputs of a plan that have advisory data and a lock.
///
/// A cassette has no delta: only its registry knows, and recording anew asks it.
///
/// # Errors
/// [`FrozenError`] when a lock is damaged, or a mirror that is there holds no database.
pub fn ages(workspace: &Workspace, store: &dyn BlobStore, now: SystemTime) -> Result<Vec<AdvisoryAge>, FrozenError> {
    let mut found = Vec::new();
    for (name, input) in &workspace.plan.frozen {
        let path = lock_path(&workspace.folder, name);
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let lock = frozen_toml::decode(&text).map_err(|source| FrozenError::BadLock { path, source })?;
        let Some(locked) = lock.data else { continue };
        let mirror = input.path.as_ref().map(|path| workspace.folder.join(path)).filter(|path| path.exists());
        let mut today = None;
        if let Some(mirror) = mirror.filter(|_| input.kind == FrozenKind::GoVulndb)
            && is_whole(store, lock.root)?
        {
            let mut files = BTreeMap::new();
            for (path, digest) in prune::files(store, lock.root)? {
                files.insert(path, store.get(digest)?);
            }
            let (later, data) =
                go_vulndb::files(&mirror).map_err(|source| FrozenError::Vulndb { name: name.clone(), source })?;
            let delta = AdvisoryDelta::between(&go_vulndb::entries(&files), &go_vulndb::entries(&later));
            today = Some((data, delta));
        }
        let age = locked.age(now);
        found.push(AdvisoryAge { name: name.clone(), kind: input.kind, locked, age, today });
    }
    Ok(found)
}
