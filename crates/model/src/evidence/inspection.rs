//! What was read in the files of a release image when it was built: what names, modes and digests alone do not say.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::content::name::Name;

/// What an image's files hold, as far as its validation asks. Contents do not travel with a record, so this does.
///
/// Paths are those of the image's tree, without a `/` before them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ImageInspection {
    /// Files that need a reason to be there, and the locked image that has the same file at the same path.
    pub of_locked: BTreeMap<String, Name>,
}
