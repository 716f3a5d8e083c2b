//! Brings files into the store, hashed on their way; one that is not what was promised is never kept.

use std::io::Write as _;
use std::time::Duration;

use futures_util::StreamExt as _;
use rcrepro_http::{Client, FailedRequest, HttpAnswer, HttpError, Method, Proxies, Redirects, retry};
use sha2::{Digest as _, Sha512};

use super::PackageError;
use rcrepro_model::content::digest::{Digest, DigestHasher};
use rcrepro_model::content::integrity;
use rcrepro_store::{BlobStore, StoreError};

/// How many files are fetched at once.
pub const PARALLEL: usize = 4;
/// The first pause before a place is asked again.
const PAUSE: Duration = Duration::from_secs(1);
/// The most bytes of a file whose size nobody promised: 1 GiB.
const MAX_UNKNOWN: u64 = 1 << 30;
/// The most bytes of a document that is read whole: 16 MiB.
const MAX_DOCUMENT: u64 = 16 << 20;

/// What a file has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Promise {
    /// The locked file.
    Digest(Digest),
    /// A file with this `sha512-BASE64`, at lock time.
    Sha512(String),
    /// Any file, at lock time; the caller checks what is in it.
    Nothing,
}

/// A file to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedFile {
    /// The purl, for messages.
    pub package: String,
    /// Where it may lie, the first choice first.
    pub urls: Vec<String>,
    /// By what the bytes are checked.
    pub promise: Promise,
}

/// Joins a base and a path below it; `+` is encoded, because some archives take it for a space.
#[must_use]
pub fn join(base: &str, path: &str) -> String {
    format!("{}/{}", base.trim_end_matches('/'), path.replace('%', "%25").replace('+', "%2b").replace(' ', "%20"))
}

/// Fetches over HTTP.
#[derive(Debug, Clone)]
pub struct Fetcher {
    client: Client,
}

impl Fetcher {
    /// Makes a client.
    ///
    /// # Errors
    /// [`PackageError::Tls`] when the platform's certificate store cannot be used.
    pub fn new() -> Result<Self, PackageError> {
        let client = Client::new(Proxies::System, Redirects::Anywhere);
        Ok(Self { client: client.map_err(|error| PackageError::Tls { reason: error.reason() })? })
    }

    /// Fetches files into the store, several at once, and gives their digests in the same order; `done` is told of each.
    ///
    /// # Errors
    /// The first [`PackageError`]; what was fetched before stays in the store.
    pub async fn fetch_all(
        &self,
        wanted: &[WantedFile],
        store: &dyn BlobStore,
        done: &(dyn Fn(&WantedFile, Digest) + Sync),
    ) -> Result<Vec<Digest>, PackageError> {
        let fetches = wanted.iter().enumerate().map(|(index, one)| async move {
            let digest = self.fetch(one, store).await?;
            done(one, digest);
            Ok::<_, PackageError>((index, digest))
        });
        let mut running = futures_util::stream::iter(fetches).buffer_unordered(PARALLEL);
        let mut digests = Vec::with_capacity(wanted.len());
        while let Some(digest) = running.next().await {
            digests.push(digest?);
        }
        digests.sort_unstable();
        Ok(digests.into_iter().map(|(_, digest)| digest).collect())
    }

    /// Fetches one file into the store, unless it is there.
    ///
    /// # Errors
    /// [`PackageError::Digest`] or [`PackageError::Checksum`] when the bytes are not the promised ones,
    /// [`PackageError::Fetch`] when no place gives any, [`PackageError::Store`].
    pub async fn fetch(&self, wanted: &WantedFile, store: &dyn BlobStore) -> Result<Digest, PackageError> {
        if let Promise::Digest(digest) = wanted.promise
            && store.contains(digest)?
        {
            return Ok(digest);
        }
        first(&wanted.package, &wanted.urls, async |url| self.attempt(url, wanted, store).await).await
    }

    /// Reads a small document, such as a registry's word on a version; the first place that has it decides.
    ///
    /// # Errors
    /// [`PackageError::Fetch`].
    pub async fn document(&self, package: &str, urls: &[String]) -> Result<Vec<u8>, PackageError> {
        let read = async |url: &str| {
            let answer = self.open(package, url).await?;
            answer.bytes(MAX_DOCUMENT).await.map_err(|error| refused(package, url, &error))
        };
        first(package, urls, read).await
    }

    async fn open(&self, package: &str, url: &str) -> Result<HttpAnswer, FailedRequest<PackageError>> {
        let answer = self.client.request(Method::Get, url).send().await;
        let answer = answer.map_err(|error| refused(package, url, &error))?;
        if answer.is_success() {
            return Ok(answer);
        }
        let error = unfetched(package, format!("{url}: {}", answer.status_line()));
        Err(FailedRequest { error, next: answer.next() })
    }

    async fn attempt(
        &self,
        url: &str,
        wanted: &WantedFile,
        store: &dyn BlobStore,
    ) -> Result<Digest, FailedRequest<PackageError>> {
        let limit = match &wanted.promise {
            Promise::Digest(digest) => digest.size,
            Promise::Sha512(_) | Promise::Nothing => MAX_UNKNOWN,
        };
        let broken = |error: HttpError| match error {
            HttpError::TooLong { limit } => FailedRequest::last(too_long(wanted, url, limit)),
            error => refused(&wanted.package, url, &error),
        };
        let mut body = self.open(&wanted.package, url).await?.into_body(limit);
        let mut hasher = DigestHasher::default();
        let mut sha512 = matches!(wanted.promise, Promise::Sha512(_)).then(Sha512::new);
        // Pieces are small and the file system buffers them: writing them here is cheaper than a thread for each file.
        let mut writer = store.writer().map_err(PackageError::Store)?;
        while let Some(piece) = body.next().await.map_err(broken)? {
            hasher.update(&piece);
            if let Some(sha512) = &mut sha512 {
                sha512.update(&piece);
            }
            writer.write_all(&piece).map_err(|source| {
                let path = wanted.package.clone().into();
                PackageError::Store(StoreError::Io { doing: "write a blob for", path, source })
            })?;
        }
        check(wanted, hasher.finish(), sha512)?;
        Ok(writer.commit().map_err(PackageError::Store)?)
    }
}

/// Asks one place after the other, each as often as makes sense, until one serves.
async fn first<T>(
    package: &str,
    urls: &[String],
    attempt: impl AsyncFn(&str) -> Result<T, FailedRequest<PackageError>>,
) -> Result<T, PackageError> {
    let mut reasons = Vec::new();
    let mut note = |error: &PackageError| {
        reasons.push(match error {
            PackageError::Fetch { reason, .. } => reason.clone(),
            mismatch => mismatch.to_string(),
        });
    };
    for (index, url) in urls.iter().enumerate() {
        match retry(PAUSE, async || attempt(url).await, |error, _| note(error)).await {
            Ok(value) => return Ok(value),
            // Another place may have the right file, but asking this one again would not change it.
            Err(error @ (PackageError::Digest { .. } | PackageError::Checksum { .. })) if index + 1 < urls.len() => {
                note(&error);
            }
            Err(error @ PackageError::Fetch { .. }) => note(&error),
            Err(error) => return Err(error),
        }
    }
    reasons.dedup();
    Err(unfetched(package, reasons.join("; ")))
}

fn unfetched(package: &str, reason: String) -> PackageError {
    PackageError::Fetch { package: package.to_owned(), reason }
}

fn refused(package: &str, url: &str, error: &HttpError) -> FailedRequest<PackageError> {
    match error {
        // The client's own texts name the URL.
        HttpError::Broken(_) | HttpError::Untrusted(_) | HttpError::NotTls(_) => {
            FailedRequest::passing(unfetched(package, error.reason()))
        }
        HttpError::TooLong { .. } => FailedRequest::last(unfetched(package, format!("{url}: {error}"))),
        HttpError::Redirect { .. } | HttpError::Late | HttpError::Slow(_) => {
            FailedRequest::passing(unfetched(package, format!("{url}: {error}")))
        }
    }
}

fn too_long(wanted: &WantedFile, url: &str, limit: u64) -> PackageError {
    let expected = match &wanted.promise {
        Promise::Digest(digest) => format!("expected {digest}"),
        Promise::Sha512(_) | Promise::Nothing => "that is beyond every package".to_owned(),
    };
    unfetched(&wanted.package, format!("{url}: more than {limit} bytes arrived, {expected}"))
}

fn check(wanted: &WantedFile, found: Digest, sha512: Option<Sha512>) -> Result<(), PackageError> {
    match &wanted.promise {
        Promise::Digest(expected) if *expected != found => {
            Err(PackageError::Digest { package: wanted.package.clone(), expected: *expected, found })
        }
        Promise::Sha512(expected) => {
            let found = integrity::encode(sha512.unwrap_or_default().finalize());
            if *expected == found {
                return Ok(());
            }
            let (package, expected) = (wanted.package.clone(), expected.clone());
            Err(PackageError::Checksum { package, what: "its integrity", expected, found })
        }
        Promise::Digest(_) | Promise::Nothing => Ok(()),
    }
}
