//! What a registry's answers mean, and its failures.
//!
//! The distribution client's own downloads read documents of any length, follow redirects from TLS to plain HTTP and keep
//! headers such as `Retry-After` to themselves; so reading is done here, and it signs in and uploads.

use rcrepro_http::{Client, FailedRequest, HttpAnswer, HttpError, Proxies, Redirects};

use super::error::RegistryError;

/// How much of an error's text is read.
const MESSAGE_LIMIT: u64 = 8 << 10;

/// The clients: the system's proxies are asked for every host but this machine itself.
#[derive(Debug, Clone)]
pub(super) struct Clients {
    far: Client,
    near: Client,
}

impl Clients {
    /// Makes the clients.
    ///
    /// # Errors
    /// [`RegistryError::Tls`] when the platform's certificate store cannot be used.
    pub fn new() -> Result<Self, RegistryError> {
        let client = |proxies| {
            Client::new(proxies, Redirects::Guarded)
                .map_err(|error| RegistryError::Tls { registry: "any registry".to_owned(), reason: error.reason() })
        };
        Ok(Self { far: client(Proxies::System)?, near: client(Proxies::Direct)? })
    }

    /// Returns the client for a host.
    pub const fn client(&self, loopback: bool) -> &Client {
        if loopback { &self.near } else { &self.far }
    }
}

/// Returns an answer that is a success; everything else as a failure.
///
/// # Errors
/// [`FailedRequest`], to be tried again for what may pass.
pub(super) async fn successful(
    answer: HttpAnswer,
    object: &str,
    registry: &str,
) -> Result<HttpAnswer, FailedRequest<RegistryError>> {
    if answer.is_success() {
        return Ok(answer);
    }
    let (object, registry, status, next) = (object.to_owned(), registry.to_owned(), answer.status(), answer.next());
    if status == 404 {
        return Err(FailedRequest::last(RegistryError::NotFound { object, registry }));
    }
    let message = said(&beginning(answer).await);
    Err(FailedRequest { error: RegistryError::Status { object, registry, status, message }, next })
}

async fn beginning(answer: HttpAnswer) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut body = answer.into_body(MESSAGE_LIMIT);
    while let Ok(Some(piece)) = body.next().await {
        bytes.extend_from_slice(&piece);
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

/// Returns what a registry's failure to answer means, and whether to ask again; another connection may be faster.
pub(super) fn broken(error: &HttpError, object: &str, registry: &str) -> FailedRequest<RegistryError> {
    let (object, registry) = (object.to_owned(), registry.to_owned());
    match error {
        HttpError::Redirect { reason } => {
            FailedRequest::last(RegistryError::Redirect { object, registry, reason: reason.clone() })
        }
        HttpError::Untrusted(_) => FailedRequest::last(RegistryError::Tls { registry, reason: error.reason() }),
        _ => FailedRequest::passing(RegistryError::Unreachable { object, registry, reason: error.reason() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_registry_says_is_cut_and_harmless() {
        let body = br#"{"errors":[{"code":"DENIED","message":"no \u001b[2J way"},{"code":"X"}]}"#;
        assert_eq!(said(body), ": DENIED no [2J way; X");
        assert_eq!(said(b"<html>"), "");
        let long = format!(r#"{{"errors":[{{"code":"{}"}}]}}"#, "x".repeat(1000));
        assert_eq!(said(long.as_bytes()).len(), 302);
    }
}
