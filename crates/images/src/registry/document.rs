//! Manifests, indexes and configs: read whole, within a bound, and believed only when their digest is the asked one.

use std::time::Duration;

use rcrepro_http::{FailedRequest, HttpAnswer, HttpError, Method, retry};

use super::connection::Connection;
use super::error::RegistryError;
use super::http::broken;
use super::route::Route;
use rcrepro_format::images::oci_document::DOCUMENT_TYPES;
use rcrepro_model::content::digest::{Digest, Sha256};

/// The most bytes of a manifest, an index or a config: 4 MiB, which the distribution specification names for manifests.
pub(super) const DOCUMENT_LIMIT: u64 = 4 << 20;

/// Which document is asked for.
#[derive(Debug, Clone)]
pub(super) struct WantedDocument {
    /// The path below the repository: `manifests/REFERENCE` or `blobs/DIGEST`.
    pub path: String,
    /// What it is, for messages.
    pub object: String,
    /// Its hash, where it is known.
    pub hash: Option<Sha256>,
    /// Its size, where it is known.
    pub size: Option<u64>,
}

/// A document that arrived whole.
#[derive(Debug, Clone)]
pub(super) struct Received {
    /// What it was sent as, without parameters; empty when the server did not say.
    pub media_type: String,
    /// As they arrived, at most [`DOCUMENT_LIMIT`].
    pub bytes: Vec<u8>,
    /// Computed, not claimed.
    pub digest: Digest,
}

/// Fetches a document from the first place that has it.
///
/// # Errors
/// [`RegistryError`].
pub(super) async fn fetch(
    route: &Route<'_>,
    wanted: &WantedDocument,
    pause: Duration,
) -> Result<Received, RegistryError> {
    let ask = async |connection: &Connection| {
        retry(pause, async || read(connection, wanted).await, |error, pause| route.tell_retry(error, pause)).await
    };
    route.ask(&wanted.object, ask).await
}

async fn read(connection: &Connection, wanted: &WantedDocument) -> Result<Received, FailedRequest<RegistryError>> {
    let (object, registry) = (&wanted.object, connection.name());
    let accept = if wanted.path.starts_with("manifests/") { DOCUMENT_TYPES.join(", ") } else { "*/*".to_owned() };
    let answer = connection.ask(Method::Get, &wanted.path, &[("accept", accept)], object).await?;
    let most = wanted.size.map_or(DOCUMENT_LIMIT, |size| size.min(DOCUMENT_LIMIT));
    let wrong_size = |found: String| RegistryError::Size {
        object: object.clone(),
        registry: registry.to_owned(),
        expected: wanted.size.map_or_else(|| format!("at most {most}"), |size| size.to_string()),
        found,
    };
    let (media_type, announced) = (media_type(&answer), answer.length());
    if media_type == "text/html" && wanted.size.is_some_and(|size| announced != Some(size)) {
        return Err(RegistryError::Page { object: object.clone(), registry: registry.to_owned() }.into());
    }
    if let Some(announced) = announced
        && (announced > most || wanted.size.is_some_and(|size| announced != size))
    {
        return Err(wrong_size(announced.to_string()).into());
    }
    let claimed = claimed_digest(&answer).map(str::to_owned);
    let bytes = answer.bytes(most).await.map_err(|error| match error {
        HttpError::TooLong { limit } => wrong_size(format!("more than {limit}")).into(),
        error => broken(&error, object, registry),
    })?;
    if wanted.size.is_some_and(|size| (bytes.len() as u64) < size) {
        return Err(FailedRequest::passing(RegistryError::Truncated {
            object: object.clone(),
            registry: registry.to_owned(),
            expected: most,
            found: bytes.len() as u64,
        }));
    }
    let digest = Digest::of(&bytes);
    // A page for people is not a lie about the image: a proxy or a log-in page is in the way.
    if wanted.hash.is_some_and(|hash| hash != digest.hash) && media_type == "text/html" {
        let (object, registry) = (object.clone(), registry.to_owned());
        return Err(RegistryError::Page { object, registry }.into());
    }
    if let Some(expected) = wanted.hash.filter(|hash| *hash != digest.hash) {
        let (object, registry) = (object.clone(), registry.to_owned());
        return Err(RegistryError::Digest { object, registry, expected, found: digest.hash }.into());
    }
    if let Some(found) = claimed.filter(|claimed| *claimed != digest.hash.to_oci()) {
        let (object, registry, expected) = (object.clone(), registry.to_owned(), digest.hash);
        return Err(RegistryError::Header { object, registry, expected, found }.into());
    }
    Ok(Received { media_type, bytes, digest })
}

fn media_type(answer: &HttpAnswer) -> String {
    let value = answer.header("content-type").unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Returns what `Docker-Content-Digest` says; digests of other kinds than SHA-256 are not ours to compare.
pub(super) fn claimed_digest(answer: &HttpAnswer) -> Option<&str> {
    let claimed = answer.header("docker-content-digest")?.trim();
    (!claimed.starts_with("sha512:") && !claimed.starts_with("sha384:")).then_some(claimed)
}
