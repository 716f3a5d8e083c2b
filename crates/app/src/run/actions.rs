//! A command's action from the plan, the resolved inputs and the results of the commands that it needs.
//!
//! The run that records, the replay and the verifier all come through here, so that they cannot disagree.

#![warn(clippy::expect_used)]

use std::collections::BTreeMap;

use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_model::content::tree::TreeNode;
use rcrepro_model::evidence::manifest::{CommandEntry, FrozenEntry, ImageEntry, OutputEntry, ReproManifest};
use rcrepro_model::evidence::repository::RepositoryEntry;
use rcrepro_model::execution::action::Action;
use rcrepro_model::execution::derive::{self, Inputs};
use rcrepro_model::execution::kept;
use rcrepro_model::plan::glob::PathGlob;
use rcrepro_model::plan::{CommandSpec, Plan};
use rcrepro_store::BlobStore;
use rcrepro_store::export::{self, ExportError};

/// The inputs that all commands of a packet share, resolved to digests.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The source tree's root.
    pub source: Digest,
    /// `SOURCE_DATE_EPOCH`, in seconds.
    pub date_epoch: i64,
    /// REAPI's `ISA`.
    pub isa: String,
    /// By the names that commands refer to.
    pub images: BTreeMap<Name, ImageEntry>,
    /// The frozen inputs by name.
    pub frozen: BTreeMap<Name, FrozenEntry>,
    /// The repository for commands that see one.
    pub git: Option<RepositoryEntry>,
}

impl Resolved {
    /// Takes from a manifest what its commands were derived from.
    #[must_use]
    pub(crate) fn recorded(manifest: &ReproManifest) -> Self {
        Self {
            source: manifest.source.root,
            date_epoch: manifest.source.date_epoch,
            isa: manifest.platform.isa.clone(),
            images: manifest.images.clone(),
            frozen: manifest.frozen.clone(),
            git: manifest.source.git.clone(),
        }
    }
}

/// Says why an action cannot be derived.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// Something that the command refers to was not resolved.
    #[error("command `{command}` refers to {what} `{name}`, which was not resolved")]
    Unresolved {
        /// The command whose action was to be derived.
        command: Name,
        /// The kind of thing: `image`, `frozen input`, `command`.
        what: &'static str,
        /// The name that the command refers to.
        name: Name,
    },
    /// The command sees a repository, and there is none.
    #[error("command `{command}` sees a repository, and none was made")]
    NoRepository {
        /// The command whose action was to be derived.
        command: Name,
    },
    /// The outputs of needed commands do not fit into the source tree.
    #[error("command `{command}`: the outputs of the commands that it needs do not fit into the source tree")]
    Graft {
        /// The command that needs the outputs.
        command: Name,
        /// What is in the way.
        #[source]
        source: ExportError,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] rcrepro_store::StoreError),
}

/// Derives a command's action and stores the messages that it names.
///
/// `results` are the commands that ran before. Outputs are grafted into the source tree; a path that is there already
/// is an error: a declared output may not be part of the source, except for the folder that git keeps for it. What they added to a
/// frozen input is laid over it.
///
/// # Errors
/// [`ActionError`] when something is unresolved, does not fit, or cannot be stored.
pub(crate) fn derive_action(
    plan: &Plan,
    spec: &CommandSpec,
    resolved: &Resolved,
    results: &BTreeMap<Name, CommandEntry>,
    store: &dyn BlobStore,
) -> Result<Action, ActionError> {
    let unresolved = |what, name: &Name| ActionError::Unresolved { command: spec.id.clone(), what, name: name.clone() };
    let mut grafts: Vec<(TreePath, TreeNode)> = Vec::new();
    let mut added: BTreeMap<Name, Vec<Digest>> = BTreeMap::new();
    for need in &spec.needs {
        let result = results.get(need).ok_or_else(|| unresolved("command", need))?;
        for (path, output) in &result.outputs {
            match (kept::frozen(path), node(output)) {
                (Some(name), TreeNode::Directory { digest }) => added.entry(name).or_default().push(digest),
                (_, node) => grafts.push((path.clone(), node)),
            }
        }
    }
    if spec.git {
        let git = resolved.git.as_ref().ok_or_else(|| ActionError::NoRepository { command: spec.id.clone() })?;
        grafts.push((derive::git_path(), TreeNode::Directory { digest: git.root }));
    }
    let graft = |source| ActionError::Graft { command: spec.id.clone(), source };
    let seen = seen_source(spec, resolved.source, store).map_err(graft)?;
    let work = if grafts.is_empty() { seen } else { export::graft(store, seen, &grafts).map_err(graft)? };
    let image = resolved.images.get(&spec.image).ok_or_else(|| unresolved("image", &spec.image))?;
    let mut frozen = BTreeMap::new();
    for name in &spec.frozen {
        let input = plan.frozen.get(name).ok_or_else(|| unresolved("frozen input", name))?;
        let entry = resolved.frozen.get(name).ok_or_else(|| unresolved("frozen input", name))?;
        let added = added.get(name).map_or(&[][..], Vec::as_slice);
        frozen.insert(name, (input, export::merge(store, entry.root, added).map_err(graft)?));
    }
    let inputs =
        Inputs { work, frozen, image_manifest: image.manifest, isa: &resolved.isa, date_epoch: resolved.date_epoch };
    let (action, messages) = derive::action(spec, &inputs);
    for message in &messages {
        store.put(message)?;
    }
    store.put(&action.command.encode())?;
    store.put(&action.encode())?;
    Ok(action)
}

/// Gives the root of the part of the source that a command sees; the source's own where the plan does not narrow it.
///
/// # Errors
/// [`ExportError`] when a directory of the source cannot be read.
pub(crate) fn seen_source(spec: &CommandSpec, source: Digest, store: &dyn BlobStore) -> Result<Digest, ExportError> {
    if spec.sees.is_empty() {
        return Ok(source);
    }
    let globs: Vec<PathGlob> = spec.sees.iter().filter_map(|glob| PathGlob::new(glob).ok()).collect();
    export::narrow(store, source, &globs)
}

/// Makes the node that an output becomes in the tree of a command that needs it.
///
/// A file for which the plan names normalizers comes in its canonical form. Its raw bytes differ from run to run, so that every
/// action that got them would have another digest each time, and could never be replayed.
fn node(output: &OutputEntry) -> TreeNode {
    match output {
        OutputEntry::File { canonical, executable, .. } => {
            TreeNode::File { digest: *canonical, executable: *executable }
        }
        OutputEntry::Directory { raw, .. } => TreeNode::Directory { digest: *raw },
        OutputEntry::Symlink { target } => TreeNode::Symlink { target: target.clone() },
    }
}
