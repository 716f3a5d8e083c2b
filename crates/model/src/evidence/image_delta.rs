//! How an image of the release differs from the one that an earlier release recorded: sizes, files, settings, packages.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::finding::Note;
use crate::content::digest::Digest;
use crate::content::name::Name;
use crate::plan::packet_id::PacketId;

/// One image at two releases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageDelta {
    /// The image's name in the plan.
    pub image: Name,
    /// The platform that is compared.
    pub platform: String,
    /// The earlier release.
    pub before: RecordedSide,
    /// The record beside the plan.
    pub after: RecordedSide,
    /// Files by what became of them, those that change the image's size the most first; none where the files of a side are not at hand.
    pub files: Option<Vec<FileDelta>>,
    /// Settings that differ, by their key, as JSON; none where those of a side are not at hand.
    pub settings: Option<BTreeMap<String, Changed<String>>>,
    /// Packages that differ, by type and name, such as `golang golang.org/x/net`, each with its versions; none where a record does not name
    /// packages.
    pub packages: Option<BTreeMap<String, Changed<BTreeSet<String>>>>,
    /// What could not be compared, and what a reader should know.
    pub notes: Vec<Note>,
}

/// One of the two, by its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedSide {
    /// The tag or revision; that of the working copy's record is `HEAD`.
    pub revision: String,
    /// The packet whose record it is.
    pub packet: PacketId,
    /// The version of the record's format.
    pub version: u32,
    /// The OCI manifest; none of the engine's classic builder.
    pub manifest: Option<Digest>,
    /// The bytes of the layers that the manifest names, and how many there are.
    pub layers: Option<(u64, usize)>,
    /// The bytes of all regular files, and how many there are; none where they are not at hand.
    pub files: Option<(u64, usize)>,
}

/// Something before and after; one of the two may be missing.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Changed<T> {
    /// As the earlier release has it.
    pub before: Option<T>,
    /// As it is now.
    pub after: Option<T>,
}

impl<T> Changed<T> {
    /// Gives the word: `added`, `removed` or `changed`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match (&self.before, &self.after) {
            (None, _) => "added",
            (_, None) => "removed",
            (Some(_), Some(_)) => "changed",
        }
    }
}

/// What is at a path of an image's tree.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RecordedFile {
    /// The content of a regular file, or where a symbolic link leads.
    pub content: String,
    /// The bytes of a regular file; 0 of a link.
    pub size: u64,
    /// Mode, owner and extended attributes, as the record writes them; empty where it has none.
    pub dress: String,
}

/// A file or link that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDelta {
    /// The absolute path.
    pub path: String,
    /// None before it was added, and after it was removed.
    pub file: Changed<RecordedFile>,
}

impl FileDelta {
    /// Gives the word: `added`, `removed`, `changed`, or `mode` where only mode, owner or attributes differ.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match (&self.file.before, &self.file.after) {
            (Some(before), Some(after)) if before.content == after.content => "mode",
            _ => self.file.word(),
        }
    }

    /// Gives the sizes before and after; 0 where nothing is.
    #[must_use]
    pub fn sizes(&self) -> (u64, u64) {
        let size = |file: &Option<RecordedFile>| file.as_ref().map_or(0, |file| file.size);
        (size(&self.file.before), size(&self.file.after))
    }
}

/// Lists what differs between two sides, by key.
#[must_use]
pub fn changed<T: Clone + PartialEq>(
    before: &BTreeMap<String, T>,
    after: &BTreeMap<String, T>,
) -> BTreeMap<String, Changed<T>> {
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differing = keys.into_iter().filter(|key| before.get(*key) != after.get(*key));
    let all = differing
        .map(|key| (key.clone(), Changed { before: before.get(key).cloned(), after: after.get(key).cloned() }));
    all.collect()
}

/// Lists the files that differ: what changes the size of the image the most comes first, then the larger file, then by path.
#[must_use]
pub fn changed_files(
    before: &BTreeMap<String, RecordedFile>,
    after: &BTreeMap<String, RecordedFile>,
) -> Vec<FileDelta> {
    let all = changed(before, after).into_iter();
    let mut all: Vec<FileDelta> = all.map(|(path, file)| FileDelta { path, file }).collect();
    all.sort_by_key(|file| {
        let (before, after) = file.sizes();
        (Reverse(before.abs_diff(after)), Reverse(before.max(after)), file.path.clone())
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_the_size_the_most_comes_first_and_a_mode_is_told_from_a_content() {
        let side = |files: &[(&str, &str, u64, &str)]| -> BTreeMap<String, RecordedFile> {
            let file = |content: &str, size, dress: &str| RecordedFile {
                content: content.to_owned(),
                size,
                dress: dress.to_owned(),
            };
            files.iter().map(|(path, content, size, dress)| ((*path).to_owned(), file(content, *size, dress))).collect()
        };
        let before = side(&[
            ("/app", "a", 900, "0755 0:0"),
            ("/gone", "g", 5, "0644 0:0"),
            ("/mode", "m", 70, "0644 0:0"),
            ("/same", "s", 10_000, "0644 0:0"),
        ]);
        let after = side(&[
            ("/app", "b", 1_000, "0755 0:0"),
            ("/mode", "m", 70, "0600 0:0"),
            ("/new", "n", 400, "0644 0:0"),
            ("/same", "s", 10_000, "0644 0:0"),
        ]);
        let found = changed_files(&before, &after);
        let told: Vec<(&str, &str)> = found.iter().map(|one| (one.word(), one.path.as_str())).collect();
        assert_eq!(told, [("added", "/new"), ("changed", "/app"), ("removed", "/gone"), ("mode", "/mode")]);
    }
}
