//! Hands an image to an engine as one stream, never held in memory.

use std::io::{self, Write};

use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::built_image::BuiltImage;
use super::{ImageContext, ImageError};
use rcrepro_engine::{ArchiveStream, Engine, EngineError, ImageHost};
use rcrepro_images::oci::OciError;
use rcrepro_images::oci::layout::write_archive;

/// Bytes that are handed over at once.
const PIECE: usize = 256 << 10;

/// Gives the name that people see in the engine; it follows from the manifest, so two locks never fight over it.
#[must_use]
pub fn tag(image: &BuiltImage) -> String {
    let manifest = image.identity.manifest.to_string();
    format!("rcrepro/{}:{}", image.identity.name, &manifest[..12])
}

/// Loads the image where the engine does not have it, and has it confirmed; tells whether it had to be loaded.
///
/// # Errors
/// [`ImageError::Engine`]; then nothing may run in it.
pub async fn ensure(context: &ImageContext<'_>, engine: &dyn Engine, image: &BuiltImage) -> Result<bool, ImageError> {
    match engine.confirm_image(&image.identity).await {
        Ok(()) => return Ok(false),
        Err(EngineError::ImageMissing { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let label = format!("image {}", image.identity.name);
    let host = host_of(engine, context.image_host, &image.identity.name)?;
    host.load_image(&label, load_stream(context, image)).await?;
    engine.confirm_image(&image.identity).await?;
    Ok(true)
}

/// Gives what an image is loaded into.
///
/// # Errors
/// [`EngineError::NoImageHost`].
pub(super) fn host_of<'a>(
    engine: &dyn Engine,
    host: Option<&'a dyn ImageHost>,
    image: &str,
) -> Result<&'a dyn ImageHost, EngineError> {
    host.ok_or_else(|| {
        let engine = engine.info().name.clone();
        EngineError::NoImageHost { engine, doing: "load", image: image.to_owned() }
    })
}

/// Streams the image as an archive that Docker and Podman load; has to be called inside a tokio runtime.
///
/// A blob that is missing or damaged ends the stream with an error, and the engine then loads nothing.
pub fn load_stream(context: &ImageContext<'_>, image: &BuiltImage) -> ArchiveStream {
    let (store, blobs, tag) = (context.store.clone(), image.blobs.clone(), tag(image));
    stream_of(move |out| write_archive(&blobs, Some(&tag), store.as_ref(), out))
}

/// Streams what a function writes; when it fails, the stream ends with its error.
pub(crate) fn stream_of(write: impl FnOnce(&mut dyn Write) -> Result<(), OciError> + Send + 'static) -> ArchiveStream {
    let (sender, receiver) = mpsc::channel(4);
    spawn_blocking(move || {
        let mut out = io::BufWriter::with_capacity(PIECE, Pieces { sender: sender.clone() });
        if let Err(error) = write(&mut out) {
            // What is buffered is of no use any more, and the receiver may be gone.
            let (_, _) = out.into_parts();
            drop(sender.blocking_send(Err(io::Error::other(error))));
        }
    });
    let next = |mut receiver: mpsc::Receiver<_>| async move { receiver.recv().await.map(|piece| (piece, receiver)) };
    futures_util::stream::unfold(receiver, next).boxed()
}

struct Pieces {
    sender: mpsc::Sender<io::Result<Bytes>>,
}

impl Write for Pieces {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let sent = self.sender.blocking_send(Ok(Bytes::copy_from_slice(buffer)));
        sent.map(|()| buffer.len()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
