//! Collects the declared outputs of a container that has ended.
//!
//! Where the upper directory of an overlay is visible to us, an output that did not exist in the inputs is read there:
//! it is whole, and reading it costs what reading files costs. Everything else is asked from the engine, one archive for
//! each output: what existed before (the upper directory holds only the changed part of it), what lies behind a symlink
//! or in a renamed directory, and everything on a remote daemon. The digests are the same.
//!
//! One difference remains: Docker leaves sockets out of an archive without a word, while the fast way refuses them.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bollard::errors::Error;
use bollard::query_parameters::DownloadFromContainerOptions;
use bytes::{Buf as _, Bytes};
use futures_util::StreamExt as _;
use tokio::sync::mpsc;

use super::dialect::{Dialect, inspect_container};
use super::fault::{call, chain, incomplete, limited, reason, status};
use super::inputs::{Found, Subtree, find};
use super::pump::PumpHandle;
use super::symlink;
use super::upload::blocking;
use crate::engine::{EngineError, Execution};
use crate::model::action::Output;
use crate::model::name::TreePath;
use crate::model::tree::Node;
use crate::store::ingest::{DirError, DirOptions, TarError, TarOptions, ingest_output, ingest_tar_into};
use crate::store::{BlobBatch, BlobStore};

/// How many pieces of an archive may wait for the store.
const PIECES: usize = 8;

/// Collects every declared output that exists. `uppers` holds, for each subtree, its upper directory where we see it.
///
/// # Errors
/// [`EngineError::Output`] for what cannot stand in a tree, [`EngineError::Incomplete`] for an archive that was cut.
pub(super) async fn collect(
    pump: &PumpHandle,
    container: &str,
    execution: &Execution<'_>,
    subtrees: &[Subtree],
    uppers: &[Option<PathBuf>],
    store: &dyn BlobStore,
) -> Result<BTreeMap<TreePath, Output>, EngineError> {
    let command = &execution.action.command;
    let mut outputs = BTreeMap::new();
    if command.output_paths.is_empty() {
        return Ok(outputs);
    }
    let batch = store.batch()?;
    for path in &command.output_paths {
        let at = command.working_directory.join(path);
        let near = blocking(|| read_upper(execution.label, &at, subtrees, uppers, store, &*batch))?;
        let node = match near {
            Near::Known(node) => node,
            Near::AskEngine => download(pump, container, execution.label, &at, &*batch).await?,
        };
        let output = match node {
            None => continue,
            Some(Node::File { digest, executable }) => Output::File { digest, executable },
            Some(Node::Directory { digest }) => Output::Directory { root: digest },
            Some(Node::Symlink { target }) => Output::Symlink { target },
        };
        outputs.insert(path.clone(), output);
    }
    batch.commit()?;
    Ok(outputs)
}

/// Is what the upper directory says about an output.
enum Near {
    Known(Option<Node>),
    AskEngine,
}

fn read_upper(
    label: &str,
    at: &TreePath,
    subtrees: &[Subtree],
    uppers: &[Option<PathBuf>],
    store: &dyn BlobStore,
    batch: &dyn BlobBatch,
) -> Result<Near, EngineError> {
    let Some((subtree, Some(upper))) = subtrees.iter().zip(uppers).find(|(subtree, _)| at.is_within(&subtree.at))
    else {
        return Ok(Near::AskEngine);
    };
    let Some(below) = at.as_str().strip_prefix(subtree.at.as_str()).and_then(|rest| rest.strip_prefix('/')) else {
        return Ok(Near::AskEngine);
    };
    if find(label, subtree.root, below, store)? != Found::Nothing {
        return Ok(Near::AskEngine);
    }
    let Ok(path) = below.parse::<TreePath>() else { return Ok(Near::AskEngine) };
    let options = DirOptions { overlay_upper: true, ..DirOptions::default() };
    let refused = |reason: String| EngineError::Output { label: label.to_owned(), path: format!("/{at}"), reason };
    match ingest_output(batch, upper, &path, &options) {
        Ok(_) if in_renamed_directory(upper, below) => Ok(Near::AskEngine),
        Ok(node) => Ok(Near::Known(node)),
        Err(DirError::NotWhole { .. } | DirError::Crossing { .. }) => Ok(Near::AskEngine),
        Err(DirError::Store(error)) => Err(error.into()),
        Err(error) => Err(refused(chain(&error))),
    }
}

/// Tells whether a directory on the way stands for one of another name in the lower layer, so that what is missing here
/// may be there. Every directory on the way has just been opened without following a symlink.
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

/// Asks the engine for an output and streams it into the store; `None` when it does not exist.
async fn download(
    pump: &PumpHandle,
    container: &str,
    label: &str,
    at: &TreePath,
    batch: &dyn BlobBatch,
) -> Result<Option<Node>, EngineError> {
    if let Dialect::Podman(libpod) = &pump.dialect
        && let Some(link) = symlink::read(libpod, pump, container, label, at).await?
    {
        return Ok(Some(link));
    }
    let Some(mut archive) = open_archive(pump, container, label, &format!("/{at}")).await? else { return Ok(None) };
    let strip = at.segments().last().and_then(|name| name.as_str().parse().ok());
    let options = TarOptions { strip, ..TarOptions::default() };
    let ingested = blocking(|| {
        // A thread of its own: a runtime's thread must not block on a channel.
        std::thread::scope(|scope| {
            let reading = scope.spawn(|| ingest_tar_into(batch, &mut archive, &options));
            reading.join().ok()
        })
    });
    let refused = |reason: String| EngineError::Output { label: label.to_owned(), path: format!("/{at}"), reason };
    match ingested {
        Some(Ok(node)) => Ok(Some(node)),
        Some(Err(TarError::Store(error))) => Err(error.into()),
        Some(Err(error @ (TarError::Entry { .. } | TarError::Limit { .. } | TarError::Tree(_)))) => {
            Err(refused(chain(&error)))
        }
        Some(Err(error)) => Err(incomplete(label, format!("the archive of `/{at}`: {}", chain(&error)))),
        None => Err(incomplete(label, format!("the archive of `/{at}`: its reader panicked"))),
    }
}

/// Asks the engine for the archive of a path; `None` when nothing stands there.
pub(super) async fn open_archive(
    pump: &PumpHandle,
    container: &str,
    label: &str,
    path: &str,
) -> Result<Option<Pieces>, EngineError> {
    let (sender, mut receiver) = mpsc::channel::<Result<Bytes, Error>>(PIECES);
    let options = DownloadFromContainerOptions { path: path.to_owned() };
    let (client, of) = (pump.client.clone(), container.to_owned());
    let _detached = pump.spawn(async move {
        let mut pieces = std::pin::pin!(client.download_from_container(&of, Some(options)));
        while let Some(piece) = pieces.next().await {
            if sender.send(piece).await.is_err() {
                break;
            }
        }
    });
    match receiver.recv().await {
        Some(Ok(first)) => Ok(Some(Pieces { first, receiver })),
        // The same answer comes when the container is gone, and then nothing is known of its outputs.
        Some(Err(error)) if status(&error) == Some(404) => {
            let asked = inspect_container(&pump.client, container);
            limited(label, "collect the outputs", asked).await.map(|_| None)
        }
        Some(Err(error)) => Err(call(label, "collect the outputs")(error)),
        None => Err(incomplete(label, format!("the archive of `{path}` is empty"))),
    }
}

/// Reads what the pump receives.
pub(super) struct Pieces {
    first: Bytes,
    receiver: mpsc::Receiver<Result<Bytes, Error>>,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.first.is_empty() {
            match self.receiver.blocking_recv() {
                Some(Ok(piece)) => self.first = piece,
                Some(Err(error)) => return Err(io::Error::other(reason(&error))),
                None => return Ok(0),
            }
        }
        let count = self.first.len().min(buffer.len());
        self.first.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}
