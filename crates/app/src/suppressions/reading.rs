//! The certified source, read for what it suppresses: from a commit, or from the blobs of a tree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rayon::prelude::*;

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
            Visited::File(bytes) => Some((path.to_owned(), Some(tree::read(path, bytes)))),
            Visited::Symlink(_) | Visited::Submodule => Some((path.to_owned(), None)),
        })?;
        Ok(Self::of(looks.into_iter().flatten().collect(), BTreeMap::new()))
    }

    /// Reads the files of a tree that a store has; others are named.
    ///
    /// # Errors
    /// [`EvidenceError`] when a directory is missing or malformed, or the tree unfolds to more entries than any source has.
    pub(crate) fn of_store(store: &dyn BlobStore, root: Digest) -> Result<Self, EvidenceError> {
        let entries = entries(store, root)?;
        let read: Vec<(String, Content)> =
            entries.into_par_iter().map(|(path, node)| content(store, path, &node)).collect();
        let unread = read.iter().filter_map(|(path, content)| match content {
            Content::Missing(digest) => Some((path.clone(), *digest)),
            Content::Read(_) | Content::Link => None,
        });
        let unread = unread.collect();
        let read = read.into_iter().map(|(path, content)| match content {
            Content::Read(read) => (path, Some(read)),
            Content::Missing(_) | Content::Link => (path, None),
        });
        Ok(Self::of(read.collect(), unread))
    }

    fn of(read: Vec<(String, Option<FileReading>)>, unread: BTreeMap<String, Digest>) -> Self {
        let paths: BTreeSet<String> = read.iter().map(|(path, _)| path.clone()).collect();
        let files: BTreeMap<String, FileReading> =
            read.into_iter().filter_map(|(path, read)| Some((path, read?))).collect();
        // A folder is there if anything in it is.
        let has = |path: &str| {
            let below = format!("{path}/");
            paths.contains(path) || paths.range(below.clone()..).next().is_some_and(|next| next.starts_with(&below))
        };
        Self { suppressions: tree::suppressions(&files, &has), unread, files: files.len() }
    }
}

/// What there is of a file.
enum Content {
    Read(FileReading),
    Link,
    Missing(Digest),
}

fn content(store: &dyn BlobStore, path: String, node: &TreeNode) -> (String, Content) {
    let content = match node {
        TreeNode::Directory { .. } | TreeNode::Symlink { .. } => Content::Link,
        TreeNode::File { digest, .. } if digest.size > MAX_FILE => Content::Read(FileReading::of_data()),
        TreeNode::File { digest, .. } => match store.get(*digest) {
            Ok(bytes) => Content::Read(tree::read(&path, &bytes)),
            Err(_) => Content::Missing(*digest),
        },
    };
    (path, content)
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
