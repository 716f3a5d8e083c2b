//! Trees of files as REAPI `Directory` messages.
//!
//! Hash rule: a directory's digest is the digest of its encoded `Directory` message. Only names, contents (by digest),
//! symlink targets and the executable bit count; no mtime, owner, mode or node property. Files, directories and symlinks
//! are each sorted by the UTF-8 bytes of their name; a name appears once in the whole directory. An empty directory is the
//! empty message.

#![warn(clippy::expect_used)]

use std::collections::BTreeMap;

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use prost::Message as _;

use super::digest::{Digest, DigestError};
use super::name::{Name, NameError, TreePath};

/// The error for bytes that are not a canonical `Directory`, or for an entry that cannot be placed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// The bytes are not a protobuf `Directory`.
    #[error("the directory blob is not a REAPI Directory message: {reason}")]
    Decode {
        /// What the decoder said.
        reason: String,
    },
    /// A node has no digest, or an invalid one.
    #[error("entry `{name}` has no valid digest")]
    Digest {
        /// The entry's name.
        name: String,
        /// What is wrong with the digest, when there is one.
        #[source]
        source: Option<DigestError>,
    },
    /// A name is not allowed.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The message is not in canonical form: unsorted, duplicate names, or properties that we leave out.
    #[error("the directory blob is not canonical: expected sorted, unique names and no node properties")]
    NotCanonical,
    /// Two entries claim one path.
    #[error("`{path}` appears twice in the tree")]
    Duplicate {
        /// The path, from the tree's root.
        path: String,
    },
}

/// One entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TreeNode {
    /// A regular file.
    File {
        /// The content.
        digest: Digest,
        /// Whether the owner may execute it.
        executable: bool,
    },
    /// A symbolic link; the target is kept as it is written.
    Symlink {
        /// The link's text.
        target: String,
    },
    /// A directory, by the digest of its message.
    Directory {
        /// The digest of the encoded `Directory`.
        digest: Digest,
    },
}

/// One directory's entries, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directory {
    /// The entries; the map's order is the canonical one.
    pub entries: BTreeMap<Name, TreeNode>,
}

impl Directory {
    /// Encodes the REAPI message in canonical form.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut message = reapi::Directory::default();
        for (name, node) in &self.entries {
            let name = name.to_string();
            match node {
                TreeNode::File { digest, executable } => message.files.push(reapi::FileNode {
                    name,
                    digest: Some(digest.to_reapi()),
                    is_executable: *executable,
                    node_properties: None,
                }),
                TreeNode::Directory { digest } => {
                    message.directories.push(reapi::DirectoryNode { name, digest: Some(digest.to_reapi()) });
                }
                TreeNode::Symlink { target } => {
                    message.symlinks.push(reapi::SymlinkNode { name, target: target.clone(), node_properties: None })
                }
            }
        }
        message.encode_to_vec()
    }

    /// Decodes a blob and refuses every form but the canonical one.
    ///
    /// # Errors
    /// [`TreeError`] when the bytes are not a `Directory`, a name or digest is bad, or the encoding is not canonical.
    pub fn decode(bytes: &[u8]) -> Result<Self, TreeError> {
        let message =
            reapi::Directory::decode(bytes).map_err(|error| TreeError::Decode { reason: error.to_string() })?;
        let digest_of = |name: &str, digest: &Option<reapi::Digest>| {
            let missing = |source| TreeError::Digest { name: name.to_owned(), source };
            let digest = digest.as_ref().ok_or_else(|| missing(None))?;
            Digest::from_reapi(digest).map_err(|error| missing(Some(error)))
        };
        let mut entries = BTreeMap::new();
        for file in &message.files {
            let digest = digest_of(&file.name, &file.digest)?;
            entries.insert(file.name.parse()?, TreeNode::File { digest, executable: file.is_executable });
        }
        for directory in &message.directories {
            let digest = digest_of(&directory.name, &directory.digest)?;
            entries.insert(directory.name.parse()?, TreeNode::Directory { digest });
        }
        for link in &message.symlinks {
            entries.insert(link.name.parse()?, TreeNode::Symlink { target: link.target.clone() });
        }
        let directory = Self { entries };
        if directory.encode() != bytes {
            return Err(TreeError::NotCanonical);
        }
        Ok(directory)
    }
}

/// Collects entries by path and turns them into `Directory` messages, leaves first.
#[derive(Debug, Default)]
pub struct TreeBuilder {
    entries: BTreeMap<Name, BuildNode>,
}

#[derive(Debug)]
enum BuildNode {
    Leaf(TreeNode),
    Directory(TreeBuilder),
}

impl TreeBuilder {
    /// Places a file, a symlink or an already hashed directory; directories above it come into being.
    ///
    /// # Errors
    /// [`TreeError::Duplicate`] when the path, or a file on the way to it, is already there.
    pub fn insert(&mut self, path: &TreePath, node: TreeNode) -> Result<(), TreeError> {
        let duplicate = || TreeError::Duplicate { path: path.to_string() };
        let mut segments: Vec<Name> = path.segments().collect();
        let last = segments.pop().ok_or_else(duplicate)?;
        let parent = self.descend(&segments).ok_or_else(duplicate)?;
        if parent.entries.contains_key(&last) {
            return Err(duplicate());
        }
        parent.entries.insert(last, BuildNode::Leaf(node));
        Ok(())
    }

    /// Makes sure that there is a directory at the path, empty if nothing is placed below it.
    ///
    /// # Errors
    /// [`TreeError::Duplicate`] when a file or a hashed directory is in the way.
    pub fn insert_directory(&mut self, path: &TreePath) -> Result<(), TreeError> {
        let segments: Vec<Name> = path.segments().collect();
        match self.descend(&segments) {
            Some(_) => Ok(()),
            None => Err(TreeError::Duplicate { path: path.to_string() }),
        }
    }

    fn descend(&mut self, segments: &[Name]) -> Option<&mut Self> {
        let mut here = self;
        for segment in segments {
            let next = here.entries.entry(segment.clone()).or_insert_with(|| BuildNode::Directory(Self::default()));
            match next {
                BuildNode::Directory(below) => here = below,
                BuildNode::Leaf(_) => return None,
            }
        }
        Some(here)
    }

    /// Encodes every directory, children before parents, and gives the root's digest.
    ///
    /// # Errors
    /// Whatever `sink`, which receives each encoded `Directory`, returns.
    pub fn finish<E>(self, sink: &mut dyn FnMut(Digest, Vec<u8>) -> Result<(), E>) -> Result<Digest, E> {
        let mut directory = Directory::default();
        for (name, node) in self.entries {
            let node = match node {
                BuildNode::Leaf(node) => node,
                BuildNode::Directory(below) => TreeNode::Directory { digest: below.finish(sink)? },
            };
            directory.entries.insert(name, node);
        }
        let bytes = directory.encode();
        let digest = Digest::of(&bytes);
        sink(digest, bytes)?;
        Ok(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> TreePath {
        text.parse().expect("a good path")
    }

    fn file(content: &[u8]) -> TreeNode {
        TreeNode::File { digest: Digest::of(content), executable: false }
    }

    #[test]
    fn empty_directory_is_the_empty_message() {
        assert_eq!(Directory::default().encode(), b"");
        assert_eq!(Directory::decode(b""), Ok(Directory::default()));
    }

    #[test]
    fn order_of_insertion_does_not_matter() {
        let root = |order: &[&str]| {
            let mut builder = TreeBuilder::default();
            for at in order {
                builder.insert(&path(at), file(at.as_bytes())).expect("no duplicate");
            }
            builder.finish(&mut |_, _| Ok::<_, ()>(())).expect("sink never fails")
        };
        assert_eq!(root(&["a/b", "a.txt", "z"]), root(&["z", "a.txt", "a/b"]));
        assert_ne!(root(&["a/b"]), root(&["a/c"]));
    }

    #[test]
    fn duplicates_and_files_in_the_way_are_refused() {
        let mut builder = TreeBuilder::default();
        builder.insert(&path("a"), file(b"")).expect("first");
        for wrong in ["a", "a/b"] {
            assert!(matches!(builder.insert(&path(wrong), file(b"")), Err(TreeError::Duplicate { .. })), "{wrong}");
        }
        assert!(builder.insert_directory(&path("a")).is_err());
    }

    #[test]
    fn unsorted_blob_is_not_canonical() {
        let node = |name: &str| reapi::FileNode {
            name: name.into(),
            digest: Some(Digest::of(b"").to_reapi()),
            ..Default::default()
        };
        let bytes = reapi::Directory { files: vec![node("b"), node("a")], ..Default::default() }.encode_to_vec();
        assert_eq!(Directory::decode(&bytes), Err(TreeError::NotCanonical));
    }
}
