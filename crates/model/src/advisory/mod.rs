//! How advisory data changed since it was locked: a verdict with today's data beside the one with the locked data.

pub mod findings;
pub mod go_version;
pub mod osv;
pub mod policy;
pub mod rescan;
pub mod scan;
pub mod time_split;
pub mod waiver;

use std::collections::BTreeMap;

use crate::content::digest::Digest;

/// An entry of advisory data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdvisoryEntry {
    /// The content.
    pub digest: Digest,
    /// The modules or packages that it is about, sorted.
    pub packages: Vec<String>,
}

/// Entries of advisory data by id.
pub type AdvisoryEntries = BTreeMap<String, AdvisoryEntry>;

/// The entries by which two states of the data differ, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AdvisoryDelta {
    /// Entries of the later state alone.
    pub added: AdvisoryEntries,
    /// Entries of both whose content differs, as the later state has them.
    pub changed: AdvisoryEntries,
    /// Entries of the earlier state alone.
    pub removed: AdvisoryEntries,
}

impl AdvisoryDelta {
    /// Compares two states.
    #[must_use]
    pub fn between(earlier: &AdvisoryEntries, later: &AdvisoryEntries) -> Self {
        let only = |these: &AdvisoryEntries, those: &AdvisoryEntries| {
            these.iter().filter(|(id, _)| !those.contains_key(*id)).map(|(id, e)| (id.clone(), e.clone())).collect()
        };
        let changed = later.iter().filter(|(id, entry)| earlier.get(*id).is_some_and(|old| old.digest != entry.digest));
        Self {
            added: only(later, earlier),
            changed: changed.map(|(id, entry)| (id.clone(), entry.clone())).collect(),
            removed: only(earlier, later),
        }
    }

    /// Whether the states have the same entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(list: &[(&str, &str)]) -> AdvisoryEntries {
        let entry = |text: &str| AdvisoryEntry { digest: Digest::of(text.as_bytes()), packages: vec!["m".into()] };
        list.iter().map(|(id, text)| ((*id).to_owned(), entry(text))).collect()
    }

    #[test]
    fn a_delta_tells_new_changed_and_removed_apart() {
        let (earlier, later) =
            (entries(&[("a", "1"), ("b", "1"), ("c", "1")]), entries(&[("b", "2"), ("c", "1"), ("d", "1")]));
        let delta = AdvisoryDelta::between(&earlier, &later);
        let ids = |entries: &AdvisoryEntries| entries.keys().cloned().collect::<Vec<_>>();
        assert_eq!([ids(&delta.added), ids(&delta.changed), ids(&delta.removed)], [["d"], ["b"], ["a"]]);
        assert!(!delta.is_empty() && AdvisoryDelta::between(&later, &later).is_empty());
    }
}
