//! Takes an action's input root apart into the subtrees that are staged one by one.
//!
//! The input root is laid over `/`. Its top holds `work` (the source) and `deps/<name>` (the frozen inputs). Each of them
//! is staged by itself, so that commands that differ in their source alone share the staged dependencies.

use crate::engine::docker::fault::refuse;
use crate::engine::{EngineError, Execution};
use crate::model::digest::Digest;
use crate::model::name::{Name, TreePath};
use crate::model::tree::{Directory, Node};
use crate::store::BlobStore;

/// The modification time that every staged file and directory has, in seconds since the epoch: 2 January 1980.
///
/// It is one constant, never `SOURCE_DATE_EPOCH`, so that one staged tree serves every command; and it is the first day
/// that the zip format can express in every time zone.
pub const INPUT_MTIME: u64 = 315_619_200;

const DOING: &str = "stage the inputs";

/// Is one directory of the input root that is staged by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subtree {
    /// Where it stands: `work` or `deps/<name>`.
    pub at: TreePath,
    /// Its root.
    pub root: Digest,
}

/// Lists the subtrees of an execution; `work` is always among them, empty when the input root lacks it.
///
/// # Errors
/// [`EngineError::Call`] when the input root holds anything else, or the working directory is not in it.
pub(super) fn subtrees(execution: &Execution<'_>, store: &dyn BlobStore) -> Result<Vec<Subtree>, EngineError> {
    let refuse = |reason: String| refuse(execution.label, DOING, reason);
    let work: TreePath = "work".parse().expect("`work` is a good path");
    let mut found = vec![Subtree { at: work.clone(), root: Digest::of(b"") }];
    for (name, node) in directory(execution.label, execution.action.input_root, store)?.entries {
        let Node::Directory { digest } = node else {
            return Err(refuse(format!("the input root holds `{name}`, which is no directory")));
        };
        match name.as_str() {
            "work" => found[0].root = digest,
            "deps" => {
                for (dependency, node) in directory(execution.label, digest, store)?.entries {
                    let at = format!("deps/{dependency}");
                    let Node::Directory { digest } = node else {
                        return Err(refuse(format!("the input root holds `{at}`, which is no directory")));
                    };
                    let at = at.parse().map_err(|_| refuse(format!("`{at}` is no path")))?;
                    found.push(Subtree { at, root: digest });
                }
            }
            _ => return Err(refuse(format!("the input root holds `{name}`, expected only `work` and `deps`"))),
        }
    }
    let directory = &execution.action.command.working_directory;
    if !directory.is_within(&work) {
        return Err(refuse(format!("the working directory `{directory}` is not in `work`")));
    }
    if let Some(below) = directory.as_str().strip_prefix("work/") {
        let is_directory = matches!(find(execution.label, found[0].root, below, store)?, Found::Directory);
        if !is_directory {
            return Err(refuse(format!("the working directory `{directory}` is no directory of the inputs")));
        }
    }
    Ok(found)
}

/// Is what stands at a path of a staged tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing, and every directory above it is a directory or missing.
    Nothing,
    /// A directory.
    Directory,
    /// A file or a symlink, or one of them stands on the way.
    Other,
}

/// Looks a path up in a tree.
pub(super) fn find(label: &str, root: Digest, path: &str, store: &dyn BlobStore) -> Result<Found, EngineError> {
    let mut here = root;
    for segment in path.split('/') {
        let Ok(name) = segment.parse::<Name>() else { return Ok(Found::Other) };
        match directory(label, here, store)?.entries.get(&name) {
            None => return Ok(Found::Nothing),
            Some(Node::Directory { digest }) => here = *digest,
            Some(_) => return Ok(Found::Other),
        }
    }
    Ok(Found::Directory)
}

/// Reads one directory; the empty one needs no blob.
pub(super) fn directory(label: &str, digest: Digest, store: &dyn BlobStore) -> Result<Directory, EngineError> {
    if digest.size == 0 {
        return Ok(Directory::default());
    }
    Directory::decode(&store.get(digest)?)
        .map_err(|error| refuse(label, DOING, format!("directory {digest} of the inputs: {error}")))
}
