//! Our own requests: TLS with the platform's trust, redirects with limits, answers with bounds.
//!
//! The distribution client's own downloads read documents of any length, follow redirects from TLS to plain HTTP and keep
//! headers such as `Retry-After` to themselves; so reading is done here, and it signs in and uploads.

use std::error::Error;
use std::io;
use std::sync::Once;
use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Response, StatusCode, Url};

use super::error::RegistryError;
use super::retry::{Failure, Next, retry_after};
use rcrepro_model::content::pace::{ANSWER, TooSlow};

/// How many redirects are followed.
const REDIRECTS: usize = 5;
/// How much of an error's text is read.
const MESSAGE_LIMIT: u64 = 8 << 10;
/// How long a connection may take, TLS included.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// The name that registries see.
pub(super) const USER_AGENT: &str = concat!("rcrepro/", env!("CARGO_PKG_VERSION"));

/// The clients: the system's proxies are asked for every host but this machine itself.
#[derive(Debug, Clone)]
pub(super) struct Http {
    far: reqwest::Client,
    near: reqwest::Client,
}

impl Http {
    /// Makes the clients.
    ///
    /// # Errors
    /// [`RegistryError::Tls`] when the platform's certificate store cannot be used.
    pub fn new() -> Result<Self, RegistryError> {
        static PROVIDER: Once = Once::new();
        // Fails only when a provider is installed already, which is then the one in use.
        PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let builder = || {
            reqwest::Client::builder()
                .user_agent(USER_AGENT)
                .connect_timeout(CONNECT_TIMEOUT)
                .read_timeout(Duration::from_secs(60))
                .redirect(Policy::custom(|attempt| match refused(&attempt) {
                    Some(reason) => attempt.error(reason),
                    None => attempt.follow(),
                }))
        };
        let failed = |error| RegistryError::Tls { registry: "any registry".to_owned(), reason: reason(&error) };
        Ok(Self { far: builder().build().map_err(failed)?, near: builder().no_proxy().build().map_err(failed)? })
    }

    /// Returns the client for a host.
    pub const fn client(&self, loopback: bool) -> &reqwest::Client {
        if loopback { &self.near } else { &self.far }
    }
}

/// Returns why a redirect is not followed, if so. Credentials stay behind anyway when the host changes: reqwest drops them.
fn refused(attempt: &Attempt<'_>) -> Option<String> {
    let (to, from) = (attempt.url(), attempt.previous().last()?);
    if attempt.previous().contains(to) {
        return Some(format!("`{to}` leads back to itself"));
    }
    if attempt.previous().len() > REDIRECTS {
        return Some(format!("more than {REDIRECTS} redirects"));
    }
    let plain = to.scheme() != "https";
    if plain && from.scheme() == "https" {
        return Some(format!("from TLS to `{to}`"));
    }
    (plain && !is_loopback(to.host_str().unwrap_or_default()))
        .then(|| format!("`{to}` is neither TLS nor this machine"))
}

/// Whether a host, without its port, is this machine itself.
pub(super) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Returns an answer that is a success; everything else as a failure.
///
/// # Errors
/// [`Failure`], to be tried again for what may pass: 408, 429 and server errors.
pub(super) async fn successful(response: Response, object: &str, registry: &str) -> Result<Response, Failure> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    if status == StatusCode::NOT_FOUND {
        let (object, registry) = (object.to_owned(), registry.to_owned());
        return Err(Failure::last(RegistryError::NotFound { object, registry }));
    }
    let passing = status.is_server_error() || [408, 429].contains(&status.as_u16());
    let next = if passing { Next::Again(retry_after(response.headers())) } else { Next::Stop };
    let message = read_start(response).await;
    let (object, registry) = (object.to_owned(), registry.to_owned());
    let error = RegistryError::Status { object, registry, status: status.as_u16(), message: said(&message) };
    Err(Failure { error, next })
}

async fn read_start(response: Response) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut stream = response.bytes_stream();
    while let Some(Ok(piece)) = stream.next().await {
        bytes.extend_from_slice(&piece);
        if bytes.len() as u64 > MESSAGE_LIMIT {
            break;
        }
    }
    bytes
}

/// Returns what a registry said in an error, after `: `; the specification's JSON or nothing, and nothing that a terminal obeys.
pub(super) fn said(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Envelope {
        errors: Vec<Entry>,
    }
    #[derive(serde::Deserialize)]
    struct Entry {
        code: String,
        #[serde(default)]
        message: String,
    }
    let Ok(envelope) = serde_json::from_slice::<Envelope>(body) else { return String::new() };
    let texts = envelope.errors.iter().map(|entry| format!("{} {}", entry.code, entry.message).trim().to_owned());
    let text = texts.collect::<Vec<_>>().join("; ");
    let text: String = text.chars().filter(|c| !c.is_control()).take(300).collect();
    if text.is_empty() { text } else { format!(": {text}") }
}

/// Returns why no answer came, and whether to ask again.
pub(super) fn broken(error: &reqwest::Error, object: &str, registry: &str) -> Failure {
    let (object, registry) = (object.to_owned(), registry.to_owned());
    if error.is_redirect() {
        let reason = causes(error).last().map_or_else(|| reason(error), |cause| cause.to_string());
        return Failure::last(RegistryError::Redirect { object, registry, reason });
    }
    if is_distrust(error) {
        return Failure::last(RegistryError::Tls { registry, reason: reason(error) });
    }
    Failure::passing(RegistryError::Unreachable { object, registry, reason: reason(error) })
}

/// Returns the failure of an answer that does not begin; another connection may be faster.
pub(super) fn late(object: &str, registry: &str) -> Failure {
    let reason = format!("no answer within {} s", ANSWER.as_secs());
    let (object, registry) = (object.to_owned(), registry.to_owned());
    Failure::passing(RegistryError::Unreachable { object, registry, reason })
}

/// Returns the failure of a body that arrives too slowly; another connection may be faster.
pub(super) fn too_slow(slow: TooSlow, object: &str, registry: &str) -> Failure {
    let (object, registry) = (object.to_owned(), registry.to_owned());
    Failure::passing(RegistryError::Unreachable { object, registry, reason: slow.to_string() })
}

/// Whether a connection failed because of the certificate, rather than because the other side speaks no TLS.
pub(super) fn is_distrust(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| {
        let tls = cause.downcast_ref::<rustls::Error>();
        tls.is_some_and(|tls| {
            matches!(tls, rustls::Error::InvalidCertificate(_) | rustls::Error::InvalidCertRevocationList(_))
        })
    })
}

/// Whether no TLS could be begun at all: the other side answered, but not in TLS.
pub(super) fn is_no_tls(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| {
        let tls = cause.downcast_ref::<rustls::Error>();
        tls.is_some_and(|tls| matches!(tls, rustls::Error::InvalidMessage(_) | rustls::Error::InappropriateMessage { .. }))
            // A server that makes nothing of it may also just hang up.
            || cause.downcast_ref::<io::Error>().is_some_and(|io| {
                matches!(io.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset)
            })
    })
}

/// Returns an error's causes; an I/O error's own inner error counts as one, which its `source` leaves out.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause| cause_of(*cause))
}

fn cause_of<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>() {
        Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => error.source(),
    }
}

/// Writes an error with its causes; reqwest's own text names the URL and leaves out why.
pub(super) fn reason(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    for cause in causes(error) {
        let cause = cause.to_string();
        if !text.ends_with(&cause) {
            text.push_str(&format!(": {cause}"));
        }
    }
    text
}

/// Takes a host and port apart from a URL, for places that are given as one.
pub(super) fn authority(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_its_addresses() {
        for host in ["localhost", "127.0.0.1", "127.9.9.9", "[::1]", "::1"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["localhost.example", "10.0.0.1", "128.0.0.1", "registry.example", "", "127.0.0.1.example"] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn what_a_registry_says_is_cut_and_harmless() {
        let body = br#"{"errors":[{"code":"DENIED","message":"no \u001b[2J way"},{"code":"X"}]}"#;
        assert_eq!(said(body), ": DENIED no [2J way; X");
        assert_eq!(said(b"<html>"), "");
        let long = format!(r#"{{"errors":[{{"code":"{}"}}]}}"#, "x".repeat(1000));
        assert_eq!(said(long.as_bytes()).len(), 302);
    }
}
