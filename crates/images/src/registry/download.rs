//! Layers on their way into the store: streamed, hashed, bounded, and gone on with where a connection broke.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use rcrepro_http::{AttemptCount, FailedRequest, HttpAnswer, HttpError, Method, retry};

use super::connection::Connection;
use super::document::claimed_digest;
use super::error::RegistryError;
use super::http::broken;
use super::route::Route;
use rcrepro_model::content::digest::{Digest, DigestHasher};
use rcrepro_store::{BlobStore, BlobWriter, StoreError};

/// How many bytes an attempt has to bring for those before it to be forgotten.
const PROGRESS: u64 = 1 << 20;

/// What has arrived of a blob. It lives as long as the pull; the store removes what a dead process left.
struct Partial {
    writer: Box<dyn BlobWriter>,
    hasher: DigestHasher,
    size: u64,
    /// Whether it came in more than one piece.
    resumed: bool,
}

/// Brings a blob into the store, unless it is there.
///
/// What one place began, the next one goes on with: the digest over the whole decides, and when it is wrong and came in
/// pieces, the blob is asked for once more from its beginning.
///
/// # Errors
/// [`RegistryError`]; then nothing of the blob is in the store.
pub(super) async fn fetch(
    route: &Route<'_>,
    wanted: Digest,
    object: &str,
    store: &Arc<dyn BlobStore>,
    pause: Duration,
) -> Result<(), RegistryError> {
    if store.contains(wanted)? {
        return Ok(());
    }
    let mut partial = None;
    let ask = async |connection: &Connection| {
        let mut attempts = AttemptCount::new(pause);
        loop {
            let before = arrived(&partial);
            let download = Download { connection, wanted, object, store };
            let Err(failure) = download.attempt(&mut partial).await else { return Ok(()) };
            if arrived(&partial) >= before + PROGRESS {
                attempts.forget();
            }
            let Some(pause) = attempts.pause(failure.next) else { return Err(failure.error) };
            route.tell_retry(&failure.error, pause);
            tokio::time::sleep(pause).await;
        }
    };
    route.ask(object, ask).await
}

/// Asks whether a blob is there with its size, at the first place that has it.
///
/// # Errors
/// [`RegistryError::NotFound`] when no place has it, [`RegistryError::Size`] and [`RegistryError::Header`] for another one.
pub(super) async fn ask_for(route: &Route<'_>, wanted: Digest, pause: Duration) -> Result<(), RegistryError> {
    let (oci, object) = (wanted.hash.to_oci(), &format!("blob {}", wanted.hash.to_oci()));
    let path = &format!("blobs/{oci}");
    let ask = async |connection: &Connection| {
        let attempt = async || {
            let answer = connection.ask(Method::Head, path, &[], object).await?;
            // The answer has no body whose length could be known.
            let announced = answer.header("content-length").and_then(|length| length.parse().ok());
            Ok(check_headers((connection, object), &answer, wanted, (announced, wanted.size))?)
        };
        retry(pause, attempt, |error, pause| route.tell_retry(error, pause)).await
    };
    route.ask(object, ask).await
}

fn arrived(partial: &Option<Partial>) -> u64 {
    partial.as_ref().map_or(0, |partial| partial.size)
}

struct Download<'a> {
    connection: &'a Connection,
    wanted: Digest,
    object: &'a str,
    store: &'a Arc<dyn BlobStore>,
}

impl Download<'_> {
    async fn attempt(&self, partial: &mut Option<Partial>) -> Result<(), FailedRequest<RegistryError>> {
        let offset = arrived(partial);
        let range = [("range", format!("bytes={offset}-"))];
        let headers = if offset > 0 { &range[..] } else { &[] };
        let path = format!("blobs/{}", self.wanted.hash.to_oci());
        let answer = match self.connection.ask(Method::Get, &path, headers, self.object).await {
            // It cannot go on from there, so it has to begin anew.
            Err(FailedRequest { error: error @ RegistryError::Status { status: 416, .. }, .. }) if offset > 0 => {
                *partial = None;
                return Err(FailedRequest::passing(error));
            }
            answer => answer?,
        };
        // A server that ignores the range sends everything, which then is the beginning of a new one.
        let is_part = answer.status() == 206;
        let goes_on = is_part && begins_at(&answer) == Some(offset);
        if offset > 0 && !goes_on {
            *partial = None;
        }
        if is_part && !goes_on {
            let reason = "it sends another part than the one that was asked for".to_owned();
            return Err(FailedRequest::passing(self.unreachable(reason)));
        }
        let left = self.wanted.size - arrived(partial);
        check_headers((self.connection, self.object), &answer, self.wanted, (answer.length(), left))?;
        let arriving = match partial {
            Some(partial) => {
                partial.resumed = true;
                partial
            }
            None => {
                let writer = self.store.writer().map_err(RegistryError::Store)?;
                partial.insert(Partial { writer, hasher: DigestHasher::default(), size: 0, resumed: false })
            }
        };
        let outcome = self.stream(answer, arriving).await;
        match outcome {
            Ok(()) => self.finish(partial.take().expect("it was just filled")).await,
            Err(failure) => {
                if !matches!(failure.error, RegistryError::Truncated { .. } | RegistryError::Unreachable { .. }) {
                    *partial = None;
                }
                Err(failure)
            }
        }
    }

    async fn stream(&self, answer: HttpAnswer, arriving: &mut Partial) -> Result<(), FailedRequest<RegistryError>> {
        let size = self.wanted.size;
        let mut body = answer.into_body(size - arriving.size);
        let failed = |error: HttpError| match error {
            HttpError::TooLong { .. } => self.wrong_size(size.to_string(), format!("more than {size}")).into(),
            error => broken(&error, self.object, self.connection.name()),
        };
        while let Some(piece) = body.next().await.map_err(failed)? {
            arriving.size += piece.len() as u64;
            arriving.hasher.update(&piece);
            // Pieces are small and the file system buffers them: a thread for each would cost more.
            let written = arriving.writer.write_all(&piece);
            written.map_err(|source| {
                RegistryError::Store(StoreError::Io { doing: "write a blob for", path: self.object.into(), source })
            })?;
        }
        if arriving.size < size {
            return Err(FailedRequest::passing(RegistryError::Truncated {
                object: self.object.to_owned(),
                registry: self.connection.name().to_owned(),
                expected: size,
                found: arriving.size,
            }));
        }
        Ok(())
    }

    /// Checks the whole and makes it visible; what is wrong goes away with its writer.
    async fn finish(&self, arrived: Partial) -> Result<(), FailedRequest<RegistryError>> {
        let found = arrived.hasher.finish().hash;
        if found != self.wanted.hash {
            let (object, registry) = (self.object.to_owned(), self.connection.name().to_owned());
            let error = RegistryError::Digest { object, registry, expected: self.wanted.hash, found };
            // Pieces may be of different minds; a whole is what it is.
            return Err(if arrived.resumed { FailedRequest::passing(error) } else { FailedRequest::last(error) });
        }
        // Flushing a large file takes its time.
        let committed = tokio::task::spawn_blocking(move || arrived.writer.commit()).await;
        committed.expect("writing a blob does not panic").map_err(RegistryError::Store)?;
        Ok(())
    }

    fn wrong_size(&self, expected: String, found: String) -> RegistryError {
        let (object, registry) = (self.object.to_owned(), self.connection.name().to_owned());
        RegistryError::Size { object, registry, expected, found }
    }

    fn unreachable(&self, reason: String) -> RegistryError {
        let (object, registry) = (self.object.to_owned(), self.connection.name().to_owned());
        RegistryError::Unreachable { object, registry, reason }
    }
}

/// Holds the headers of an answer against the blob that was asked for: how many bytes it announces, and how many are left.
fn check_headers(
    (connection, object): (&Connection, &str),
    answer: &HttpAnswer,
    wanted: Digest,
    (announced, left): (Option<u64>, u64),
) -> Result<(), RegistryError> {
    let (object, registry) = (object.to_owned(), connection.name().to_owned());
    if let Some(announced) = announced.filter(|announced| *announced != left) {
        return Err(RegistryError::Size { object, registry, expected: left.to_string(), found: announced.to_string() });
    }
    match claimed_digest(answer).filter(|claimed| *claimed != wanted.hash.to_oci()) {
        Some(found) => Err(RegistryError::Header {
            object,
            registry,
            expected: wanted.hash,
            found: found.chars().filter(|c| !c.is_control()).take(200).collect(),
        }),
        None => Ok(()),
    }
}

/// Reads where a part begins: `Content-Range: bytes FIRST-LAST/SIZE`.
fn begins_at(answer: &HttpAnswer) -> Option<u64> {
    answer.header("content-range")?.strip_prefix("bytes ")?.split_once('-')?.0.parse().ok()
}
