//! What a whole tree has, by which an entry still silences something or not.

use std::collections::{BTreeMap, BTreeSet};

use super::FileReading;
use crate::found::SilencedPlace;

/// The paths of a tree, also by their last parts.
pub(super) struct WholeTree<'a> {
    files: &'a BTreeMap<String, FileReading>,
    paths: &'a BTreeSet<String>,
    by_name: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> WholeTree<'a> {
    pub(super) fn of(files: &'a BTreeMap<String, FileReading>, paths: &'a BTreeSet<String>) -> Self {
        let all: BTreeSet<&str> = files.keys().chain(paths).map(String::as_str).collect();
        let mut by_name: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for path in all {
            by_name.entry(path.rsplit('/').next().unwrap_or(path)).or_default().push(path);
        }
        Self { files, paths, by_name }
    }

    /// Whether the tree may have a place. A file that was not read may have any line.
    pub(super) fn may_have(&self, place: &SilencedPlace) -> bool {
        let file = place.file.as_str();
        let has_line = |path: &str| match (self.files.get(path), place.line) {
            (Some(read), Some(line)) => line <= read.lines,
            _ => true,
        };
        if !place.is_of_any_folder {
            return (self.files.contains_key(file) || self.has(file)) && has_line(file);
        }
        let ends = |path: &str| path.strip_suffix(file).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'));
        let named = self.by_name.get(file.rsplit('/').next().unwrap_or(file));
        named.into_iter().flatten().any(|path| ends(path) && has_line(path))
    }

    /// Whether it has a path. A folder is there if anything in it is.
    fn has(&self, path: &str) -> bool {
        let below = format!("{path}/");
        let mut behind = self.paths.range(below.clone()..);
        self.paths.contains(path) || behind.next().is_some_and(|next| next.starts_with(&below))
    }
}
