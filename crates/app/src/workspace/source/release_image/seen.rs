//! What a source holds of its release images: of a commit that is only looked at, or of a tree in the store.

use std::collections::BTreeMap;

use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::TreeNode;
use rcrepro_model::plan::release_image::{ContextSource, ReleaseImage};
use rcrepro_store::export::{ExportError, lookup, walk};
use rcrepro_store::ingest::Visited;
use rcrepro_store::{BlobStore, StoreError};

/// The file that says what is left out of a context, beside it or after a Dockerfile's name.
const IGNORE: &str = ".dockerignore";

/// What is at a path of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SourceNode {
    /// A file with its text, of those that are read.
    File(String),
    /// A folder with at least one file.
    Folder,
    /// A symbolic link with what it says.
    Link(String),
}

/// What a source holds.
#[derive(Debug, Default)]
pub(crate) struct SeenSource {
    /// The paths that images name, with what is at each; none where there is nothing, or a submodule.
    named: BTreeMap<String, Option<SourceNode>>,
    /// All files and links if there is an image that is built of them, and whether each is a link or a submodule.
    all: BTreeMap<String, bool>,
}

/// Why a source could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum SeenError {
    /// A folder could not be read.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The Dockerfile could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SeenSource {
    /// Asks for the paths of images; nothing is seen of them yet.
    pub(crate) fn of<'a>(images: impl IntoIterator<Item = &'a ReleaseImage>) -> Self {
        let all = images.into_iter().flat_map(|image| {
            let named = paths(image).map(ToString::to_string);
            named.chain(ignore_files(image).into_iter().map(|path| path.to_string())).collect::<Vec<_>>()
        });
        Self { named: all.map(|path| (path, None)).collect(), all: BTreeMap::new() }
    }

    /// Looks the paths of an image up in a tree of the store.
    ///
    /// # Errors
    /// [`SeenError`] when the store cannot serve them.
    pub(crate) fn in_store(image: &ReleaseImage, store: &dyn BlobStore, source: Digest) -> Result<Self, SeenError> {
        let mut seen = Self::default();
        let texts = ignore_files(image);
        for path in paths(image).chain(&texts) {
            let node = match lookup(store, source, path)? {
                Some(TreeNode::File { digest, .. }) if *path == image.dockerfile || texts.contains(path) => {
                    Some(SourceNode::File(String::from_utf8_lossy(&store.get(digest)?).into_owned()))
                }
                Some(TreeNode::File { .. }) => Some(SourceNode::File(String::new())),
                Some(TreeNode::Directory { .. }) => Some(SourceNode::Folder),
                Some(TreeNode::Symlink { target }) => Some(SourceNode::Link(target)),
                None => None,
            };
            seen.named.insert(path.to_string(), node);
        }
        for (path, node) in walk(store, source)? {
            if !matches!(node, TreeNode::Directory { .. }) {
                seen.all.insert(path.to_string(), matches!(node, TreeNode::Symlink { .. }));
            }
        }
        Ok(seen)
    }

    /// Takes a tracked path of a commit.
    pub(crate) fn visit(&mut self, path: &str, visited: &Visited<'_>) {
        if !self.named.is_empty() {
            self.all.insert(path.to_owned(), !matches!(visited, Visited::File(_)));
        }
        if let Some(node) = self.named.get_mut(path) {
            *node = match visited {
                Visited::File(bytes) => Some(SourceNode::File(String::from_utf8_lossy(bytes).into_owned())),
                Visited::Symlink(target) => Some(SourceNode::Link(String::from_utf8_lossy(target).into_owned())),
                Visited::Submodule => None,
            };
        }
        if self.named.is_empty() || matches!(visited, Visited::Submodule) {
            return;
        }
        for (at, _) in path.match_indices('/') {
            if let Some(node) = self.named.get_mut(&path[..at]) {
                *node = Some(SourceNode::Folder);
            }
        }
    }

    /// Tells what is at a path that was asked for.
    pub(crate) fn node(&self, path: &str) -> Option<&SourceNode> {
        self.named.get(path)?.as_ref()
    }

    /// Lists the files, links and submodules in a folder.
    pub(super) fn within<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        let begin = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let from = self.all.range(begin.clone()..).map(|(path, _)| path.as_str());
        from.take_while(move |path| path.starts_with(&begin))
    }

    /// Whether a path is a file or a link.
    pub(super) fn is_file(&self, path: &str) -> bool {
        self.all.contains_key(path)
    }

    /// Whether a path is, or is reached through, a link or a submodule.
    pub(super) fn is_linked(&self, path: &str) -> bool {
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        ends.into_iter().any(|end| self.all.get(&path[..end]) == Some(&true))
    }

    /// Gives the text of a file that was asked for, of those that are read.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        match self.node(path)? {
            SourceNode::File(text) => Some(text),
            SourceNode::Folder | SourceNode::Link(_) => None,
        }
    }
}

/// Lists the files that may say what a build leaves out of its context: the first one that is there counts. The engine's classic builder
/// knows the last one alone.
pub(super) fn ignore_files(image: &ReleaseImage) -> Vec<TreePath> {
    let own = image.buildkit.as_ref().and_then(|_| format!("{}{IGNORE}", image.dockerfile).parse().ok());
    let context = image.buildkit.as_ref().and_then(|buildkit| buildkit.context.as_ref());
    let of_context = match context {
        Some(context) => format!("{context}/{IGNORE}"),
        None => IGNORE.to_owned(),
    };
    own.into_iter().chain(of_context.parse().ok()).collect()
}

fn paths(image: &ReleaseImage) -> impl Iterator<Item = &TreePath> {
    let contexts = image.buildkit.iter().flat_map(|buildkit| {
        let named = buildkit.contexts.values().filter_map(|context| match context {
            ContextSource::Source { path } => Some(path),
            ContextSource::Output { .. } | ContextSource::Image { .. } => None,
        });
        buildkit.context.iter().chain(named).chain(buildkit.programs.values())
    });
    [&image.dockerfile].into_iter().chain(contexts)
}
