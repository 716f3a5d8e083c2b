//! An image from the store into a registry.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use oci_client::client::Client;
use oci_client::errors::OciDistributionError;
use rcrepro_http::{FailedRequest, Method, is_passing, retry};
use tokio::sync::mpsc;

use super::connection::Connection;
use super::document::{self, WantedDocument};
use super::error::RegistryError;
use super::http::{broken, said};
use super::place::Place;
use super::route::Route;
use super::{Operation, PARALLEL, PushImage, PushedImage, Registry, RegistryEvent};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::image::reference::ImageReference;
use rcrepro_store::{BlobStore, StoreError};

/// Bytes that are handed over at once.
const PIECE: usize = 256 << 10;
/// The slowest upload that is waited for, in bytes a second, after a minute that every one has.
const SLOWEST: u64 = 64 << 10;

impl Registry {
    /// Pushes an image to a registry: the blobs that it does not have, then the manifest, byte for byte.
    ///
    /// Afterwards the manifest is asked back and compared. Without a tag it is known by its digest alone. Mirrors are not
    /// written to.
    ///
    /// # Errors
    /// [`RegistryError`]; the blobs that had been uploaded stay in the registry.
    pub async fn push(
        &self,
        image: &PushImage,
        to: &ImageReference,
        store: &Arc<dyn BlobStore>,
        on_event: &(dyn Fn(RegistryEvent) + Sync),
    ) -> Result<PushedImage, RegistryError> {
        image.check(to)?;
        let manifest = store.get(image.manifest)?;
        let (place, _) = Place::own(to);
        let route = Route::new(vec![place], Operation::Push, &self.clients, &self.settings, on_event);
        let connect = async |connection: &Connection| {
            let push = Push { connection, route: &route, store, pause: self.settings.pause };
            let (uploaded, skipped) = push.blobs(&image.blobs).await?;
            push.manifest(image, to, &manifest).await?;
            Ok((uploaded, skipped))
        };
        let (uploaded, skipped) = route.ask(&format!("image for `{to}`"), connect).await?;

        let tail = to.tag().map_or_else(|| image.manifest.hash.to_oci(), str::to_owned);
        let wanted = WantedDocument {
            path: format!("manifests/{tail}"),
            object: format!("the pushed manifest `{tail}`"),
            hash: Some(image.manifest.hash),
            size: Some(image.manifest.size),
        };
        document::fetch(&route, &wanted, self.settings.pause).await?;
        Ok(PushedImage { manifest: image.manifest.hash, uploaded, skipped })
    }
}

impl PushImage {
    /// Checks that a reference with a digest means this image.
    ///
    /// # Errors
    /// [`RegistryError::Unsupported`] when it means another one.
    pub fn check(&self, to: &ImageReference) -> Result<(), RegistryError> {
        let Some(named) = to.digest().filter(|named| *named != self.manifest.hash) else { return Ok(()) };
        let reason = format!("its manifest is {}, the reference says {}", self.manifest.hash.to_oci(), named.to_oci());
        Err(RegistryError::Unsupported { object: format!("image for `{to}`"), reason })
    }
}

struct Push<'a> {
    connection: &'a Connection,
    route: &'a Route<'a>,
    store: &'a Arc<dyn BlobStore>,
    pause: Duration,
}

impl Push<'_> {
    /// Uploads the blobs that the registry does not have, several at once; returns the bytes uploaded and those that were there.
    async fn blobs(&self, blobs: &[Digest]) -> Result<(u64, u64), RegistryError> {
        let distinct: BTreeSet<_> = blobs.iter().copied().collect();
        let work = distinct.into_iter().map(|blob| async move {
            let object = format!("blob {}", blob.hash.to_oci());
            let there = self.again(async || self.has(blob, &object).await).await?;
            if there {
                return Ok::<_, RegistryError>((0, blob.size));
            }
            self.again(async || self.upload(blob, &object).await).await?;
            self.route.tell(RegistryEvent::Pushed { blob });
            Ok((blob.size, 0))
        });
        let sums = futures_util::stream::iter(work).buffer_unordered(PARALLEL);
        sums.try_fold((0, 0), |sum, one| async move { Ok((sum.0 + one.0, sum.1 + one.1)) }).await
    }

    /// Tries until it succeeds, is final, or was tried often enough.
    async fn again<T>(
        &self,
        attempt: impl AsyncFnMut() -> Result<T, FailedRequest<RegistryError>>,
    ) -> Result<T, RegistryError> {
        retry(self.pause, attempt, |error, pause| self.route.tell_retry(error, pause)).await
    }

    async fn has(&self, blob: Digest, object: &str) -> Result<bool, FailedRequest<RegistryError>> {
        let path = format!("blobs/{}", blob.hash.to_oci());
        match self.connection.ask(Method::Head, &path, &[], object).await {
            Ok(_) => Ok(true),
            Err(FailedRequest { error: RegistryError::NotFound { .. }, .. }) => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    async fn upload(&self, blob: Digest, object: &str) -> Result<(), FailedRequest<RegistryError>> {
        let client = self.connection.uploader().await?;
        let reference = self.connection.place.reference("latest");
        // An upload has not stalled as long as it goes, so no pause between two reads can tell.
        let allowed = Duration::from_secs(60 + blob.size / SLOWEST);
        let (stream, failed) = stream(self.store.clone(), blob);
        let hash = blob.hash.to_oci();
        let upload = client.push_blob_stream(&reference, stream, &hash, Some(blob.size));
        let outcome = tokio::time::timeout(allowed, upload).await;
        // When our own bytes could not be read, what the registry made of it does not matter.
        if let Ok(error) = failed.await {
            return Err(RegistryError::Store(error).into());
        }
        self.outcome(outcome, object, allowed).await
    }

    async fn manifest(&self, image: &PushImage, to: &ImageReference, bytes: &[u8]) -> Result<(), RegistryError> {
        let object = format!("manifest {}", image.manifest.hash.to_oci());
        let wrong_type = |_| RegistryError::Unsupported {
            object: object.clone(),
            reason: format!("its media type is `{}`", image.manifest_type),
        };
        let place = &self.connection.place;
        let reference = match to.tag() {
            Some(tag) => place.reference(tag),
            None => place.reference("latest").clone_with_digest(image.manifest.hash.to_oci()),
        };
        let (reference, object) = (&reference, &object);
        let put = async || {
            let kind = image.manifest_type.parse().map_err(wrong_type)?;
            let client: Client = self.connection.uploader().await?;
            let allowed = Duration::from_secs(60);
            let put = client.push_manifest_raw(reference, bytes.to_vec(), kind);
            self.outcome(tokio::time::timeout(allowed, put).await, object, allowed).await
        };
        self.again(put).await
    }

    /// Makes a failure of what the distribution client says.
    async fn outcome<T>(
        &self,
        outcome: Result<Result<T, OciDistributionError>, tokio::time::error::Elapsed>,
        object: &str,
        allowed: Duration,
    ) -> Result<(), FailedRequest<RegistryError>> {
        let (object, registry) = (object.to_owned(), self.connection.name().to_owned());
        let error = match outcome {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => error,
            Err(_) => {
                let reason = format!("the upload was not done after {} s", allowed.as_secs());
                return Err(FailedRequest::passing(RegistryError::Unreachable { object, registry, reason }));
            }
        };
        match error {
            OciDistributionError::RequestError(error) => match error.status() {
                Some(status) => Err(self.status(status.as_u16(), String::new(), object).await),
                None => Err(broken(&error.into(), &object, &registry)),
            },
            OciDistributionError::ServerError { code, message, .. } => {
                Err(self.status(code, said(message.as_bytes()), object).await)
            }
            OciDistributionError::UnauthorizedError { .. } => Err(self.status(401, String::new(), object).await),
            other => Err(RegistryError::Unreachable { object, registry, reason: other.to_string() }.into()),
        }
    }

    async fn status(&self, status: u16, message: String, object: String) -> FailedRequest<RegistryError> {
        let registry = self.connection.name().to_owned();
        match status {
            // The token may have run out on the way; with a new one, another attempt tells.
            401 => match self.connection.renew().await {
                Ok(()) => FailedRequest::passing(RegistryError::Status { object, registry, status, message }),
                Err(error) => FailedRequest::last(error),
            },
            403 => {
                let (repository, reason) =
                    (self.connection.place.repository.clone(), format!("it answers 403{message}"));
                FailedRequest::last(RegistryError::Denied { registry, repository, reason })
            }
            _ if is_passing(status) => {
                FailedRequest::passing(RegistryError::Status { object, registry, status, message })
            }
            _ => FailedRequest::last(RegistryError::Status { object, registry, status, message }),
        }
    }
}

type Pieces = mpsc::Receiver<Result<Bytes, OciDistributionError>>;

/// Reads a blob on a thread of its own; what the store cannot read ends the stream, and is told apart.
fn stream(
    store: Arc<dyn BlobStore>,
    blob: Digest,
) -> (impl Stream<Item = Result<Bytes, OciDistributionError>> + Send, tokio::sync::oneshot::Receiver<StoreError>) {
    let (sender, pieces) = mpsc::channel(4);
    let (tell, failed) = tokio::sync::oneshot::channel();
    tokio::task::spawn_blocking(move || {
        if let Err(error) = read_into(&*store, blob, &sender) {
            drop(tell.send(error));
            drop(sender.blocking_send(Err(OciDistributionError::GenericError(None))));
        }
    });
    let next = |mut pieces: Pieces| async move { pieces.recv().await.map(|piece| (piece, pieces)) };
    (futures_util::stream::unfold(pieces, next), failed)
}

fn read_into(
    store: &dyn BlobStore,
    blob: Digest,
    sender: &mpsc::Sender<Result<Bytes, OciDistributionError>>,
) -> Result<(), StoreError> {
    let mut reader = store.reader(blob)?;
    loop {
        let mut piece = vec![0; PIECE];
        let count = reader.read(&mut piece).map_err(|source| {
            let path = format!("blob {blob}").into();
            StoreError::Io { doing: "read", path, source }
        })?;
        piece.truncate(count);
        // Nobody listens any more when the upload has ended.
        if count == 0 || sender.blocking_send(Ok(piece.into())).is_err() {
            return Ok(());
        }
    }
}
