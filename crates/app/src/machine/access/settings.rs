//! Whose settings are looked for, and where they were.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Whose settings a step needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RegistryClient {
    Go,
    Npm,
    Pnpm,
    Yarn,
    Pip,
}

/// The variables of this machine, in which settings are and by which they are found.
pub(crate) type Variables = BTreeMap<String, String>;

/// A file of settings of the source, by its path, which the step finds beside its lock.
pub(crate) type ProjectFile = (String, String);

/// A place where credentials were looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LookedAt {
    /// Such as `~/.npmrc`.
    pub place: String,
    /// The hosts, with their ports, for which it has credentials.
    pub hosts: BTreeSet<String>,
    /// Variables that it names and that are not set.
    pub unset: BTreeSet<String>,
    /// Whether it is there at all.
    pub is_there: bool,
}

/// Gives the folder of this machine's user.
pub(super) fn home(variables: &Variables) -> Option<PathBuf> {
    variables.get("HOME").filter(|home| !home.is_empty()).map(PathBuf::from)
}
