//! Takes an action's input root apart into the subtrees that are staged one by one.
//!
//! The input root is laid over `/`. It holds the source, in the first `work` of the working directory, `deps/<name>` (the
//! frozen inputs), and where `work` is not at the top, perhaps a `home` beside it. Each of them is staged by
//! itself, so that commands that differ in their source alone share the staged dependencies.

pub(crate) mod overlay;
pub(crate) mod slot;
pub(crate) mod staging;
pub(crate) mod tar_in;
pub(crate) mod upload;

use tokio_util::sync::CancellationToken;

use super::fault::refuse;
use crate::{EngineError, Execution};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_model::content::tree::{Directory, TreeNode};
pub(crate) use rcrepro_model::execution::world::{CACHE_MTIME, INPUT_MTIME};
use rcrepro_model::text::causes::with_causes;
use rcrepro_store::BlobStore;
use rcrepro_store::export::{ExportError, read_directory};

const DOING: &str = "stage the inputs";
/// What the source's folder is called.
const WORK: &str = "work";
/// The variable that names Go's build cache.
const GO_CACHE: &str = "GOCACHE";
/// What the home beside a source is called that is not at the top.
const HOME: &str = "home";

/// The container that inputs are staged for.
#[derive(Clone, Copy)]
pub(crate) struct StagingFor<'a> {
    /// The execution's label.
    pub label: &'a str,
    /// The engine's id of the confirmed image.
    pub image_id: &'a str,
    /// What holds the trees.
    pub store: &'a dyn BlobStore,
    pub cancel: &'a CancellationToken,
}

/// One directory of the input root, which is staged by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subtree {
    /// Its path in the input root: `work` or `deps/<name>`, as a rule.
    pub at: TreePath,
    pub root: Digest,
    /// The user and group that every entry belongs to: the one that the command runs as.
    pub owner: u32,
    /// The modification time of every entry, in seconds since 1970.
    pub mtime: u64,
    /// The container's host name, for the hosts file that is staged with the trees.
    pub hostname: String,
}

/// Lists the subtrees of an execution, the source first; it is empty when the input root lacks it.
///
/// # Errors
/// [`EngineError::Call`] when the input root holds anything else, or the working directory is not in it.
pub(crate) fn subtrees(execution: &Execution<'_>, store: &dyn BlobStore) -> Result<Vec<Subtree>, EngineError> {
    let refuse = |reason: String| refuse(execution.label, DOING, reason);
    let directory = &execution.action.command.working_directory;
    let (work, below) =
        source(directory).ok_or_else(|| refuse(format!("the working directory `{directory}` is not in `{WORK}`")))?;
    let home = work.as_str().strip_suffix(WORK).filter(|above| !above.is_empty()).map(|above| format!("{above}{HOME}"));
    let (owner, hostname) = (execution.world.user, &execution.world.hostname);
    let cache = execution.action.command.environment.get(GO_CACHE).and_then(|path| path.strip_prefix('/'));
    let subtree = |at: TreePath, root| {
        let mtime = if cache == Some(at.as_str()) { CACHE_MTIME } else { INPUT_MTIME };
        Subtree { at, root, owner, mtime, hostname: hostname.clone() }
    };
    let mut found = vec![subtree(work.clone(), Digest::of(b""))];
    let mut waiting = vec![(String::new(), execution.action.input_root)];
    while let Some((above, digest)) = waiting.pop() {
        for (name, node) in self::directory(execution.label, digest, store)?.entries {
            let at = format!("{above}{name}");
            let TreeNode::Directory { digest } = node else {
                return Err(refuse(format!("the input root holds `{at}`, which is not a directory")));
            };
            let path: TreePath = at.parse().map_err(|_| refuse(format!("`{at}` is not a valid path")))?;
            match () {
                () if path == work => found[0].root = digest,
                () if above == "deps/" || home.as_ref() == Some(&at) => found.push(subtree(path, digest)),
                () if at == "deps" || work.is_within(&path) => waiting.push((format!("{at}/"), digest)),
                () => return Err(refuse(format!("the input root holds `{at}`, expected only `{work}` and `deps`"))),
            }
        }
    }
    if let Some(below) = below {
        let is_directory = matches!(find(execution.label, found[0].root, &below, store)?, Found::Directory);
        if !is_directory {
            return Err(refuse(format!("the working directory `{directory}` is not a directory of the inputs")));
        }
    }
    Ok(found)
}

/// Splits a working directory into the source's root and what is below it.
fn source(directory: &TreePath) -> Option<(TreePath, Option<String>)> {
    let segments: Vec<&str> = directory.as_str().split('/').collect();
    let end = segments.iter().position(|segment| *segment == WORK)? + 1;
    let below = Some(segments[end..].join("/")).filter(|below| !below.is_empty());
    Some((segments[..end].join("/").parse().ok()?, below))
}

/// What is at a path of a staged tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing, and every directory above it is a directory or missing.
    Nothing,
    Directory,
    /// A file or a symlink, here or on the way.
    Other,
}

/// Looks a path up in a tree.
pub(crate) fn find(label: &str, root: Digest, path: &str, store: &dyn BlobStore) -> Result<Found, EngineError> {
    let mut here = root;
    for segment in path.split('/') {
        let Ok(name) = segment.parse::<Name>() else { return Ok(Found::Other) };
        match directory(label, here, store)?.entries.get(&name) {
            None => return Ok(Found::Nothing),
            Some(TreeNode::Directory { digest }) => here = *digest,
            Some(_) => return Ok(Found::Other),
        }
    }
    Ok(Found::Directory)
}

/// Reads one directory; the empty one needs no blob.
pub(crate) fn directory(label: &str, digest: Digest, store: &dyn BlobStore) -> Result<Directory, EngineError> {
    read_directory(store, digest).map_err(|error| unread(label, error))
}

/// Says that a tree of the inputs cannot be read.
pub(crate) fn unread(label: &str, error: ExportError) -> EngineError {
    match error {
        ExportError::Store(error) => error.into(),
        error => refuse(label, DOING, with_causes(&error)),
    }
}
