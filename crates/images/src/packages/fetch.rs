//! Brings files into the store, hashed on their way; one that is not what was promised is never kept.
//!
//! TLS trusts what the platform trusts (its certificate store, `SSL_CERT_FILE`), and proxies are the system's. What is relied on
//! is the digest, not the transport.

use std::error::Error as _;
use std::io::Write as _;
use std::sync::Once;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt as _;
use sha2::{Digest as _, Sha512};

use super::PackageError;
use rcrepro_model::content::digest::{Digest, DigestHasher};
use rcrepro_model::content::pace::{ANSWER, Pace, TooSlow};
use rcrepro_store::{BlobStore, StoreError};

/// How many files are fetched at once.
pub const PARALLEL: usize = 4;
/// How often one place is asked before the next one is.
pub const ATTEMPTS: u32 = 4;
/// The most bytes of a file whose size nobody promised: 1 GiB.
const MAX_UNKNOWN: u64 = 1 << 30;
/// The most bytes of a document that is read whole: 16 MiB.
const MAX_DOCUMENT: usize = 16 << 20;

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
    /// What it has to be.
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
    client: reqwest::Client,
}

/// Why one attempt failed.
struct Failure {
    reason: String,
    again: bool,
}

impl Fetcher {
    /// Makes a client.
    ///
    /// # Errors
    /// [`PackageError::Tls`] when the platform's certificate store cannot be used.
    pub fn new() -> Result<Self, PackageError> {
        static PROVIDER: Once = Once::new();
        // Fails only when a provider is installed already, which is then the one in use.
        PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let client = reqwest::Client::builder()
            .user_agent(concat!("rcrepro/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(20))
            .read_timeout(Duration::from_secs(60))
            .build();
        Ok(Self { client: client.map_err(|error| PackageError::Tls { reason: reason(&error) })? })
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
        let mut failures = Vec::new();
        for url in &wanted.urls {
            for attempt in 0..ATTEMPTS {
                pause(attempt).await;
                match self.attempt(url, wanted, store).await? {
                    Ok(digest) => return Ok(digest),
                    Err(failure) => {
                        failures.push(failure.reason);
                        if !failure.again {
                            break;
                        }
                    }
                }
            }
        }
        failures.dedup();
        Err(PackageError::Fetch { package: wanted.package.clone(), reason: failures.join("; ") })
    }

    /// Reads a small document, such as a registry's word on a version; the first place that has it decides.
    ///
    /// # Errors
    /// [`PackageError::Fetch`].
    pub async fn document(&self, package: &str, urls: &[String]) -> Result<Vec<u8>, PackageError> {
        let mut failures = Vec::new();
        for url in urls {
            for attempt in 0..ATTEMPTS {
                pause(attempt).await;
                match self.read_document(url).await {
                    Ok(bytes) => return Ok(bytes),
                    Err(failure) => {
                        failures.push(failure.reason);
                        if !failure.again {
                            break;
                        }
                    }
                }
            }
        }
        failures.dedup();
        Err(PackageError::Fetch { package: package.to_owned(), reason: failures.join("; ") })
    }

    async fn read_document(&self, url: &str) -> Result<Vec<u8>, Failure> {
        let response = self.open(url).await?;
        let mut stream = response.bytes_stream();
        let (mut bytes, mut pace, began) = (Vec::new(), Pace::default(), Instant::now());
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(|error| Failure { reason: reason(&error), again: true })?;
            pace.take(began.elapsed(), piece.len() as u64).map_err(|slow| too_slow(url, slow))?;
            bytes.extend_from_slice(&piece);
            if bytes.len() > MAX_DOCUMENT {
                return Err(Failure { reason: format!("more than {MAX_DOCUMENT} bytes"), again: false });
            }
        }
        Ok(bytes)
    }

    async fn open(&self, url: &str) -> Result<reqwest::Response, Failure> {
        let response = tokio::time::timeout(ANSWER, self.client.get(url).send()).await;
        let late = |_| Failure { reason: format!("{url}: no answer within {} s", ANSWER.as_secs()), again: true };
        let response = response.map_err(late)?;
        let response = response.map_err(|error| Failure { reason: reason(&error), again: true })?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let again = status.is_server_error() || status.as_u16() == 429 || status.as_u16() == 408;
        Err(Failure { reason: format!("{url}: {status}"), again })
    }

    /// Tries once; the outer error is final, the inner one speaks of this attempt only.
    async fn attempt(
        &self,
        url: &str,
        wanted: &WantedFile,
        store: &dyn BlobStore,
    ) -> Result<Result<Digest, Failure>, PackageError> {
        let response = match self.open(url).await {
            Ok(response) => response,
            Err(failure) => return Ok(Err(failure)),
        };
        let limit = match &wanted.promise {
            Promise::Digest(digest) => digest.size,
            Promise::Sha512(_) | Promise::Nothing => MAX_UNKNOWN,
        };
        let mut hasher = DigestHasher::default();
        let mut sha512 = Sha512::new();
        let (mut size, mut pace, began) = (0, Pace::default(), Instant::now());
        // Pieces are small and the file system buffers them: writing them here is cheaper than a thread for each file.
        let mut writer = store.writer()?;
        let mut stream = response.bytes_stream();
        while let Some(piece) = stream.next().await {
            let piece = match piece {
                Ok(piece) => piece,
                Err(error) => return Ok(Err(Failure { reason: reason(&error), again: true })),
            };
            if let Err(slow) = pace.take(began.elapsed(), piece.len() as u64) {
                return Ok(Err(too_slow(url, slow)));
            }
            size += piece.len() as u64;
            hasher.update(&piece);
            if matches!(wanted.promise, Promise::Sha512(_)) {
                sha512.update(&piece);
            }
            if size > limit {
                return Ok(Err(too_long(wanted, url, limit)));
            }
            writer.write_all(&piece).map_err(|source| StoreError::Io {
                doing: "write a blob for",
                path: wanted.package.clone().into(),
                source,
            })?;
        }
        let found = hasher.finish();
        if let Err(mismatch) = check(wanted, found, sha512) {
            // Another place may have the right file, but asking this one again would not change it.
            return match wanted.urls.last().is_some_and(|last| last == url) {
                true => Err(mismatch),
                false => Ok(Err(Failure { reason: mismatch.to_string(), again: false })),
            };
        }
        Ok(Ok(writer.commit()?))
    }
}

/// Waits before a further attempt, longer each time.
async fn pause(attempt: u32) {
    if attempt > 0 {
        tokio::time::sleep(Duration::from_millis(500 << attempt)).await;
    }
}

fn too_slow(url: &str, slow: TooSlow) -> Failure {
    Failure { reason: format!("{url}: {slow}"), again: true }
}

fn too_long(wanted: &WantedFile, url: &str, limit: u64) -> Failure {
    let expected = match &wanted.promise {
        Promise::Digest(digest) => format!("expected {digest}"),
        Promise::Sha512(_) | Promise::Nothing => "that is beyond every package".to_owned(),
    };
    Failure { reason: format!("{url}: more than {limit} bytes arrived, {expected}"), again: false }
}

fn check(wanted: &WantedFile, found: Digest, sha512: Sha512) -> Result<(), PackageError> {
    match &wanted.promise {
        Promise::Digest(expected) if *expected != found => {
            Err(PackageError::Digest { package: wanted.package.clone(), expected: *expected, found })
        }
        Promise::Sha512(expected) => {
            let found = format!("sha512-{}", STANDARD.encode(sha512.finalize()));
            if *expected == found {
                return Ok(());
            }
            let (package, expected) = (wanted.package.clone(), expected.clone());
            Err(PackageError::Checksum { package, what: "its integrity", expected, found })
        }
        Promise::Digest(_) | Promise::Nothing => Ok(()),
    }
}

/// Writes an error with its causes; reqwest's own text names the URL and leaves out why.
fn reason(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}
