//! The certified source, read for what it suppresses: from a commit, or from the blobs of a tree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rayon::prelude::*;

use super::links::{Followed, Links};
use crate::evidence::EvidenceError;
use crate::workspace::{Workspace, WorkspaceError};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::tree::{Directory, TreeNode};
use rcrepro_model::evidence::suppression::Suppression;
use rcrepro_store::ingest::Visited;
use rcrepro_store::{BlobStore, StoreError};
use rcrepro_suppressions::tree::{self, FileReading, MAX_FILE};

/// What the files of a tree suppress.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TreeReading {
    /// The entries, by file and place.
    pub suppressions: Vec<Suppression>,
    /// Files whose content is not at hand.
    pub(crate) unread: BTreeMap<String, Digest>,
    /// How many files were read.
    pub files: usize,
}

impl TreeReading {
    /// Reads the source of a commit from git's objects, on every thread.
    ///
    /// # Errors
    /// [`WorkspaceError`] when the commit cannot be read.
    pub(crate) fn of_commit(workspace: &Workspace, revision: &str) -> Result<Self, WorkspaceError> {
        let exclude = workspace.exclude();
        let is_source = |path: &str| !Path::new(path).ancestors().any(|above| exclude.matches(above));
        let (_, looks) = workspace.look_source(revision, &|_| false, &|path, visited| match visited {
            _ if !is_source(path) => None,
            Visited::File(bytes) => Some((path.to_owned(), Content::of(path, bytes))),
            Visited::Symlink(target) => Some((path.to_owned(), Content::link(target))),
            Visited::Submodule => Some((path.to_owned(), Content::Folder)),
        })?;
        let source = Source::of(looks.into_iter().flatten());
        let followed = source.followed();
        let behind = workspace.look_files(
            revision,
            &|path| followed.by_file.contains_key(path),
            &|path, visited| match visited {
                Visited::File(bytes) => read_as(&followed.by_file[path], bytes),
                Visited::Symlink(_) | Visited::Submodule => Vec::new(),
            },
        )?;
        Ok(source.finish(&followed, behind.into_iter().flatten(), BTreeMap::new()))
    }

    /// Reads the files of a tree that a store has; others are named.
    ///
    /// # Errors
    /// [`EvidenceError`] when a directory is missing or malformed, or the tree unfolds to more entries than any source has.
    pub(crate) fn of_store(store: &dyn BlobStore, root: Digest) -> Result<Self, EvidenceError> {
        let nodes: BTreeMap<String, TreeNode> = entries(store, root)?.into_iter().collect();
        let digest = |path: &str| match nodes.get(path) {
            Some(TreeNode::File { digest, .. }) => Some(*digest),
            _ => None,
        };
        let read: Vec<(String, Content)> =
            nodes.par_iter().map(|(path, node)| (path.clone(), content(store, path, node))).collect();
        let source = Source::of(read);
        let followed = source.followed();
        let behind = followed.by_file.par_iter().map(|(file, links)| match store.get(digest(file)?) {
            Ok(bytes) => Some(read_as(links, &bytes)),
            Err(_) => None,
        });
        let behind: Vec<Vec<(String, FileReading)>> = behind.flatten().collect();
        let is_missing = |path: &str| source.missing.contains(path);
        let through = followed.by_file.iter().filter(|(file, _)| is_missing(file));
        let through = through.flat_map(|(file, links)| links.iter().map(move |link| (link, file)));
        let missing = source.missing.iter().map(|path| (path, path)).chain(through);
        let unread = missing.filter_map(|(path, file)| Some((path.clone(), digest(file)?))).collect();
        Ok(source.finish(&followed, behind.into_iter().flatten(), unread))
    }
}

/// Reads the content of a file under the name of each link that leads to it.
fn read_as(links: &[String], bytes: &[u8]) -> Vec<(String, FileReading)> {
    links.iter().map(|link| (link.clone(), tree::read(link, bytes))).collect()
}

/// What there is of a path.
enum Content {
    /// The reading of a file, with its size.
    Read(FileReading, u64),
    /// Where a link leads.
    Link(String),
    /// A submodule, which is a folder.
    Folder,
    /// A file that is not at hand, with its size.
    Missing(u64),
}

impl Content {
    fn of(path: &str, bytes: &[u8]) -> Self {
        Self::Read(tree::read(path, bytes), bytes.len() as u64)
    }

    fn link(target: &[u8]) -> Self {
        Self::Link(String::from_utf8_lossy(target).into_owned())
    }
}

fn content(store: &dyn BlobStore, path: &str, node: &TreeNode) -> Content {
    match node {
        TreeNode::Directory { .. } => Content::Folder,
        TreeNode::Symlink { target } => Content::link(target.as_bytes()),
        TreeNode::File { digest, .. } if digest.size > MAX_FILE => Content::Read(tree::too_large(path), digest.size),
        TreeNode::File { digest, .. } => match store.get(*digest) {
            Ok(bytes) => Content::of(path, &bytes),
            Err(_) => Content::Missing(digest.size),
        },
    }
}

/// A source, of which the links are still to be followed.
#[derive(Default)]
struct Source {
    paths: BTreeSet<String>,
    files: BTreeMap<String, FileReading>,
    sizes: BTreeMap<String, u64>,
    links: Links,
    missing: BTreeSet<String>,
}

impl Source {
    fn of(contents: impl IntoIterator<Item = (String, Content)>) -> Self {
        let mut source = Self::default();
        for (path, content) in contents {
            source.paths.insert(path.clone());
            match content {
                Content::Read(reading, size) => {
                    source.sizes.insert(path.clone(), size);
                    source.files.insert(path, reading);
                }
                Content::Link(target) => drop(source.links.targets.insert(path, target)),
                Content::Folder => {}
                Content::Missing(size) => {
                    source.sizes.insert(path.clone(), size);
                    source.missing.insert(path);
                }
            }
        }
        source
    }

    fn followed(&self) -> Followed {
        self.links.follow(tree::follows, |path| self.sizes.get(path).copied())
    }

    /// Puts everything together; `behind` are the files that links lead to, by the names of the links.
    fn finish(
        self,
        followed: &Followed,
        behind: impl Iterator<Item = (String, FileReading)>,
        unread: BTreeMap<String, Digest>,
    ) -> TreeReading {
        let Self { paths, mut files, links, .. } = self;
        let count = files.len();
        files.extend(behind);
        let said = |link: &String| links.targets.get(link).map_or("", String::as_str);
        files.extend(followed.lost.iter().map(|link| (link.clone(), tree::lost_link(link, said(link)))));
        files.extend(followed.costly.iter().map(|link| (link.clone(), tree::costly_link(link))));
        TreeReading { suppressions: tree::suppressions(&files, &paths), unread, files: count }
    }
}

/// How many entries a tree may unfold to: equal directories share one blob, so a few blobs can describe more than any source has.
const LIMIT: usize = 2_000_000;

/// Lists the files and links of a tree.
fn entries(store: &dyn BlobStore, root: Digest) -> Result<Vec<(String, TreeNode)>, EvidenceError> {
    let (mut open, mut found) = (vec![(String::new(), root)], Vec::new());
    while let Some((folder, digest)) = open.pop() {
        for (name, node) in Directory::decode(&store.get(digest)?)?.entries {
            let path = if folder.is_empty() { name.to_string() } else { format!("{folder}/{name}") };
            match node {
                TreeNode::Directory { digest } => open.push((path, digest)),
                node => found.push((path, node)),
            }
        }
        if open.len() + found.len() > LIMIT {
            return Err(StoreError::TooLarge { digest: root, limit: LIMIT as u64 }.into());
        }
    }
    Ok(found)
}
