//! Streams tars into containers and checks that they arrived.
//!
//! The daemon answers 200 to a tar that was cut at an entry boundary. So every upload ends with a sentinel, the last
//! entry of its tar, which is asked for afterwards.

use std::io::{self, BufWriter, Write};

use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{ContainerArchiveInfoOptions, UploadToContainerOptions};
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::tar_in::{TarIn, TarInError};
use crate::EngineError;
use crate::docker::blocking::{blocking, on_own_thread};
use crate::docker::fault::{call, incomplete, limited, status};
use crate::docker::pump::PumpHandle;

/// The pieces that an upload is sent in, and how many of them may wait.
const PIECE: usize = 256 << 10;
const PIECES: usize = 8;

/// What the sentinel holds.
const SENTINEL: &[u8] = b"whole\n";

/// Where a tar goes.
pub(crate) struct Target<'a> {
    /// The execution's label, for messages.
    pub label: &'a str,
    /// The container, created and not started.
    pub container: &'a str,
    /// The directory under which the entries stand.
    pub directory: &'a str,
    /// The sentinel's path below that directory; a place that the command never sees.
    pub sentinel: &'a str,
}

/// Uploads what `fill` writes, and checks that all of it arrived.
///
/// # Errors
/// [`EngineError::Incomplete`] when the sentinel is not there; otherwise what `fill` or the engine said.
pub(crate) async fn put(
    pump: &PumpHandle,
    target: &Target<'_>,
    cancel: &CancellationToken,
    fill: impl FnOnce(&mut TarIn<&mut dyn Write>) -> Result<(), TarInError> + Send,
) -> Result<(), EngineError> {
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(PIECES);
    let body = stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) });
    let options = UploadToContainerOptions {
        path: target.directory.to_owned(),
        // A symlink in the image's place of a directory would send the entries elsewhere; this refuses it.
        no_overwrite_dir_non_dir: Some("true".to_owned()),
        copy_uidgid: None,
    };
    let (client, container) = (pump.client.clone(), target.container.to_owned());
    let upload = pump.spawn(async move {
        client.upload_to_container(&container, Some(options), bollard::body_try_stream(body)).await
    });

    let written = blocking(|| write_pieces(&sender, target.sentinel, cancel, fill));
    if written.is_err() {
        // A body that just stopped here would look whole to the daemon.
        drop(sender.send(Err(io::Error::other("the archive could not be made"))).await);
    }
    drop(sender);
    let uploaded = upload.await.map_err(|error| incomplete(target.label, format!("the upload ended: {error}")))?;
    if cancel.is_cancelled() {
        return Err(EngineError::Interrupted { label: target.label.to_owned() });
    }
    match (written, uploaded) {
        // The engine's refusal is the reason for the broken pipe, not the other way round.
        (_, Err(error)) if status(&error).is_some() => return Err(call(target.label, "upload files")(error)),
        (Err(TarInError::Tree(error)), _) => return Err(error),
        (Err(TarInError::Io(error)), _) => {
            return Err(incomplete(target.label, format!("the upload broke off: {error}")));
        }
        (Ok(()), Err(error)) => return Err(call(target.label, "upload files")(error)),
        (Ok(()), Ok(())) => {}
    }
    arrived(pump, target).await
}

async fn arrived(pump: &PumpHandle, target: &Target<'_>) -> Result<(), EngineError> {
    let path = format!("{}/{}", target.directory.trim_end_matches('/'), target.sentinel);
    let asked = async {
        match pump.client.get_container_archive_info(target.container, Some(ContainerArchiveInfoOptions { path })).await
        {
            Err(error) if status(&error) == Some(404) => Ok(None),
            answer => answer.map(Some),
        }
    };
    let found = limited(target.label, "check the uploaded files", asked).await?;
    match found.is_some_and(|stat| u64::try_from(stat.size).ok() == Some(SENTINEL.len() as u64)) {
        true => Ok(()),
        false => Err(incomplete(target.label, "the uploaded files did not all arrive")),
    }
}

fn write_pieces(
    sender: &mpsc::Sender<io::Result<Bytes>>,
    sentinel: &str,
    cancel: &CancellationToken,
    fill: impl FnOnce(&mut TarIn<&mut dyn Write>) -> Result<(), TarInError> + Send,
) -> Result<(), TarInError> {
    let written = on_own_thread(|| {
        let mut pieces = BufWriter::with_capacity(PIECE, Pieces { sender, cancel });
        let mut tar = TarIn::new(&mut pieces as &mut dyn Write);
        fill(&mut tar)?;
        tar.file(sentinel, 0, 0o644, SENTINEL.len() as u64, SENTINEL)?;
        tar.finish()?;
        pieces.flush()?;
        Ok(())
    });
    written.unwrap_or_else(|_| Err(io::Error::other("the archive's writer panicked").into()))
}

struct Pieces<'a> {
    sender: &'a mpsc::Sender<io::Result<Bytes>>,
    cancel: &'a CancellationToken,
}

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.cancel.is_cancelled() {
            return Err(io::Error::other("interrupted"));
        }
        let sent = self.sender.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Describes a container that is never started: its file system and its volumes are what is wanted.
pub(crate) fn never_started(
    image_id: &str,
    labels: std::collections::HashMap<String, String>,
    mounts: Vec<bollard::models::Mount>,
) -> ContainerCreateBody {
    use bollard::models::HostConfig;
    ContainerCreateBody {
        image: Some(image_id.to_owned()),
        entrypoint: Some(vec!["/never-started".to_owned()]),
        network_disabled: Some(true),
        labels: Some(labels),
        host_config: Some(HostConfig {
            network_mode: Some("none".to_owned()),
            mounts: Some(mounts),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}
