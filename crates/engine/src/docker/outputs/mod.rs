//! Collects the declared outputs of a container that has ended.
//!
//! Where the upper directory of an overlay is visible to us, an output that did not exist in the inputs is read there:
//! it is whole, and reading it costs what reading files costs. Everything else is asked from the engine, one archive for
//! each output: what existed before (the upper directory holds only the changed part of it), what lies behind a symlink
//! or in a renamed directory, and everything on a remote daemon. The digests are the same.
//!
//! One difference remains: Docker leaves sockets out of an archive without a word, while the fast way refuses them.
//!
//! An output that cannot be kept is the command's doing, and told by its path in the container; one that cannot be read
//! leaves the command undecided. Neither touches other commands.

mod archive;
pub(crate) mod drain;
pub(crate) mod seen;
mod symlink;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use self::archive::{Archive, open_archive};
use super::dialect::Dialect;
use super::fault::incomplete;
use super::inputs::{Found, Subtree, find, unread};
use super::pump::PumpHandle;

use crate::docker::blocking::{blocking, on_own_thread};
use crate::{EngineError, Execution};
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::TreeNode;
use rcrepro_model::execution::action::Output;
use rcrepro_model::execution::ending;
use rcrepro_model::execution::kept;
use rcrepro_model::text::causes::with_causes;
use rcrepro_store::export::walk;
use rcrepro_store::ingest::{
    DirError, DirOptions, IngestLimits, LimitError, TarError, TarOptions, ingest_dir_into, ingest_output,
    ingest_tar_into,
};
use rcrepro_store::{BlobBatch, BlobStore};

/// The declared outputs that exist.
#[derive(Default)]
pub(crate) struct Collected {
    pub kept: BTreeMap<TreePath, Output>,
    /// Why the others cannot be kept.
    pub unkept: BTreeMap<TreePath, String>,
}

/// Why an output has no node.
enum OutputError {
    /// A tree cannot hold what the command made, or it is too large.
    Unkept(String),
    /// Nothing is known.
    Engine(EngineError),
}

impl From<EngineError> for OutputError {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

/// Collects every declared output that exists. `uppers` holds, for each subtree, its upper directory where we see it.
///
/// # Errors
/// [`EngineError::Output`] for what cannot be read, [`EngineError::Incomplete`] for an archive that was cut.
pub(crate) async fn collect(
    pump: &PumpHandle,
    container: &str,
    execution: &Execution<'_>,
    subtrees: &[Subtree],
    uppers: &[Option<PathBuf>],
    store: &dyn BlobStore,
) -> Result<Collected, EngineError> {
    let command = &execution.action.command;
    let mut collected = Collected::default();
    if command.output_paths.is_empty() {
        return Ok(collected);
    }
    let batch = store.batch()?;
    let limits = limits(execution.limits.output);
    for path in &command.output_paths {
        let at = kept::place(&command.working_directory, path);
        let near = blocking(|| read_upper(execution.label, &at, subtrees, uppers, store, (&*batch, limits)));
        let node = match near {
            Ok(Near::Known(node)) => Ok(node),
            Ok(Near::AskEngine) => {
                let limits = with_what_was_there(limits, execution.label, &at, subtrees, store)?;
                download(pump, container, execution.label, &at, (&*batch, limits)).await
            }
            Err(error) => Err(error),
        };
        let output = match node {
            Ok(None) => continue,
            Ok(Some(TreeNode::File { digest, executable })) => Output::File { digest, executable },
            Ok(Some(TreeNode::Directory { digest })) => Output::Directory { root: digest },
            Ok(Some(TreeNode::Symlink { target })) => Output::Symlink { target },
            Err(OutputError::Unkept(reason)) => {
                collected.unkept.insert(path.clone(), reason);
                continue;
            }
            Err(OutputError::Engine(error)) => return Err(error),
        };
        collected.kept.insert(path.clone(), output);
    }
    batch.commit()?;
    Ok(collected)
}

/// Bounds one output.
fn limits(bytes: u64) -> IngestLimits {
    let usual = IngestLimits::default();
    IngestLimits { file_bytes: bytes.min(usual.file_bytes), total_bytes: bytes.min(usual.total_bytes), ..usual }
}

/// Leaves room for what was in an output before the command, where that is a whole subtree: the engine gives it once more,
/// and the plan bounds what is added.
fn with_what_was_there(
    limits: IngestLimits,
    label: &str,
    at: &TreePath,
    subtrees: &[Subtree],
    store: &dyn BlobStore,
) -> Result<IngestLimits, EngineError> {
    let Some(subtree) = subtrees.iter().find(|subtree| subtree.at == *at) else { return Ok(limits) };
    let entries = walk(store, subtree.root).map_err(|error| unread(label, error))?;
    let sizes = entries.iter().filter_map(|(_, node)| match node {
        TreeNode::File { digest, .. } => Some(digest.size),
        _ => None,
    });
    let (largest, total) =
        sizes.fold((0, 0_u64), |(largest, total), size| (size.max(largest), total.saturating_add(size)));
    Ok(IngestLimits {
        file_bytes: limits.file_bytes.max(largest),
        total_bytes: limits.total_bytes.saturating_add(total),
        entries: limits.entries.saturating_add(entries.len()),
    })
}

/// Describes what goes beyond the limits.
fn beyond(error: LimitError) -> String {
    match error {
        LimitError::Entries { .. } => format!("it holds {error}"),
        LimitError::File { limit, .. } | LimitError::Total { limit } => ending::too_large(limit),
    }
}

/// What the upper directory tells about an output.
enum Near {
    Known(Option<TreeNode>),
    AskEngine,
}

fn read_upper(
    label: &str,
    at: &TreePath,
    subtrees: &[Subtree],
    uppers: &[Option<PathBuf>],
    store: &dyn BlobStore,
    (batch, limits): (&dyn BlobBatch, IngestLimits),
) -> Result<Near, OutputError> {
    let Some((subtree, Some(upper))) = subtrees.iter().zip(uppers).find(|(subtree, _)| at.is_within(&subtree.at))
    else {
        return Ok(Near::AskEngine);
    };
    let Some(below) = at.as_str().strip_prefix(subtree.at.as_str()).and_then(|rest| rest.strip_prefix('/')) else {
        return read_added(label, at, upper, (batch, limits));
    };
    if find(label, subtree.root, below, store)? != Found::Nothing {
        return Ok(Near::AskEngine);
    }
    let Ok(path) = below.parse::<TreePath>() else { return Ok(Near::AskEngine) };
    let options = DirOptions { overlay_upper: true, limits };
    let named = Path::new("/").join(subtree.at.as_str());
    match ingest_output(batch, upper, &named, &path, &options) {
        Ok(_) if in_renamed_directory(upper, below) => Ok(Near::AskEngine),
        Ok(node) => Ok(Near::Known(node)),
        Err(error) => refused(label, at, error),
    }
}

/// Reads what was added to a whole subtree: what its upper directory holds. The engine would give what was there before, too.
fn read_added(
    label: &str,
    at: &TreePath,
    upper: &Path,
    (batch, limits): (&dyn BlobBatch, IngestLimits),
) -> Result<Near, OutputError> {
    let options = DirOptions { overlay_upper: true, limits };
    match ingest_dir_into(batch, upper, &Path::new("/").join(at.as_str()), &options) {
        Ok(digest) => Ok(Near::Known(Some(TreeNode::Directory { digest }))),
        Err(error) => refused(label, at, error),
    }
}

/// Says what is known of an output that could not be read in an upper directory.
fn refused(label: &str, at: &TreePath, error: DirError) -> Result<Near, OutputError> {
    match error {
        DirError::NotWhole { .. } | DirError::Crossing { .. } => Ok(Near::AskEngine),
        DirError::Store(error) => Err(EngineError::from(error).into()),
        DirError::Limit { source, .. } => Err(OutputError::Unkept(beyond(source))),
        error @ (DirError::Special { .. }
        | DirError::NameNotUtf8 { .. }
        | DirError::TargetNotUtf8 { .. }
        | DirError::Name(_)) => Err(OutputError::Unkept(with_causes(&error))),
        error @ (DirError::Io { .. } | DirError::Changed { .. }) => {
            let (label, path) = (label.to_owned(), format!("/{at}"));
            Err(EngineError::Output { label, path, reason: with_causes(&error) }.into())
        }
    }
}

/// Whether a directory on the way has another name in the lower layer, so that what is missing here may be there. Every directory on the way has just been opened without following a symlink.
fn in_renamed_directory(upper: &Path, below: &str) -> bool {
    let is_redirected = |above: &str| {
        let mut value = [0_u8; 4096];
        match rustix::fs::lgetxattr(upper.join(above), "trusted.overlay.redirect", value.as_mut_slice()) {
            Ok(_) => true,
            // No attribute, no such directory, or a file system without attributes: nothing was renamed.
            Err(rustix::io::Errno::NODATA | rustix::io::Errno::NOENT | rustix::io::Errno::OPNOTSUPP) => false,
            Err(_) => true,
        }
    };
    below.match_indices('/').any(|(end, _)| is_redirected(&below[..end]))
}

/// Finds what above a path is not a folder: the first thing there, from below.
async fn file_above<'a>(
    pump: &PumpHandle,
    container: &str,
    label: &str,
    at: &'a TreePath,
) -> Result<&'a str, EngineError> {
    let mut above = at.as_str();
    while let Some((folder, _)) = above.rsplit_once('/') {
        above = folder;
        if !matches!(open_archive(pump, container, label, &format!("/{above}")).await?, Archive::BelowFile) {
            break;
        }
    }
    Ok(above)
}

/// Asks the engine for an output and streams it into the store; `None` when it does not exist.
async fn download(
    pump: &PumpHandle,
    container: &str,
    label: &str,
    at: &TreePath,
    (batch, limits): (&dyn BlobBatch, IngestLimits),
) -> Result<Option<TreeNode>, OutputError> {
    if let Dialect::Podman(libpod) = &pump.dialect
        && let Some(link) = symlink::read(libpod, pump, container, label, at).await?
    {
        return Ok(Some(link));
    }
    let mut archive = match open_archive(pump, container, label, &format!("/{at}")).await? {
        Archive::There(archive) => archive,
        Archive::Nothing => return Ok(None),
        Archive::BelowFile => {
            let above = file_above(pump, container, label, at).await?;
            let reason = format!("nothing can be at `/{at}`: `/{above}` is not a folder");
            return Err(OutputError::Unkept(reason));
        }
    };
    let strip = at.segments().last().and_then(|name| name.as_str().parse().ok());
    let options = TarOptions { strip, limits };
    let ingested = blocking(|| on_own_thread(|| ingest_tar_into(batch, &mut archive, &options)).ok());
    let above = at.as_str().rsplit_once('/').map_or(String::new(), |(above, _)| format!("/{above}"));
    match ingested {
        Some(Ok(node)) => Ok(Some(node)),
        Some(Err(TarError::Store(error))) => Err(EngineError::from(error).into()),
        Some(Err(TarError::Entry { entry, reason })) => {
            Err(OutputError::Unkept(format!("`{above}/{}`: {reason}", entry.trim_end_matches('/'))))
        }
        Some(Err(TarError::Limit { source, .. })) => Err(OutputError::Unkept(beyond(source))),
        Some(Err(error @ TarError::Tree(_))) => Err(OutputError::Unkept(with_causes(&error))),
        Some(Err(error)) => Err(incomplete(label, format!("the archive of `/{at}`: {}", with_causes(&error))).into()),
        None => Err(incomplete(label, format!("the archive of `/{at}`: its reader panicked")).into()),
    }
}
