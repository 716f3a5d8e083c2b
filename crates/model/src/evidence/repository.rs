//! The repository that a packet's commands saw.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::content::digest::Digest;
use crate::content::git_id::GitId;

/// The `.git` that lies in the source of commands that ask for one.
///
/// Its bytes follow from the commit, the tags and the plan's excluded paths alone, so that a reader with the repository makes
/// the same tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepositoryEntry {
    /// The commit that `HEAD` names.
    pub commit: GitId,
    /// The tags by name, without `refs/tags/`: a tag object, or a commit.
    pub tags: BTreeMap<String, GitId>,
    /// The root `Directory` of `.git`.
    pub root: Digest,
}
