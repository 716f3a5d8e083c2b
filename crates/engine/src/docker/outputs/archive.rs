//! Archives of paths in a container, as the engine streams them.

use std::io::{self, Read};

use bollard::errors::Error;
use bollard::query_parameters::DownloadFromContainerOptions;
use bytes::{Buf as _, Bytes};
use futures_util::StreamExt as _;
use tokio::sync::mpsc;

use crate::EngineError;
use crate::docker::dialect::inspect_container;
use crate::docker::fault::{call, incomplete, limited, reason, status};
use crate::docker::pump::PumpHandle;

/// How many pieces of an archive may wait for the store.
const PIECES: usize = 8;

/// The kernel's words for a path that leads through a file; Docker answers with them and the status 500.
const NO_FOLDER: &str = "not a directory";

/// What the engine has at a path.
pub(crate) enum Archive {
    /// A file, folder or link, as a stream.
    There(Pieces),
    /// The container has no such path.
    Nothing,
    /// Nothing can be there: what should be a folder above it is a file.
    BelowFile,
}

/// Asks the engine for the archive of a path.
pub(crate) async fn open_archive(
    pump: &PumpHandle,
    container: &str,
    label: &str,
    path: &str,
) -> Result<Archive, EngineError> {
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
        Some(Ok(first)) => Ok(Archive::There(Pieces { first, receiver })),
        // The same answer comes when the container is gone, and then nothing is known of its outputs.
        Some(Err(error)) if status(&error) == Some(404) => {
            let asked = inspect_container(&pump.client, container);
            limited(label, "collect the outputs", asked).await.map(|_| Archive::Nothing)
        }
        Some(Err(error)) if reason(&error).contains(NO_FOLDER) => Ok(Archive::BelowFile),
        Some(Err(error)) => Err(call(label, "collect the outputs")(error)),
        None => Err(incomplete(label, format!("the archive of `{path}` is empty"))),
    }
}

/// Reads what the pump receives.
pub(crate) struct Pieces {
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
