//! Why a registry could not serve, or why what it served is not believed.

use rcrepro_format::images::oci_document::DocumentError;
use rcrepro_model::content::digest::Sha256;
use rcrepro_model::image::reference::ImageReference;
use rcrepro_model::text::hint::Hint;
use rcrepro_store::StoreError;

/// Why an image could not be pulled or pushed. `object` is a manifest, a config or a layer with its digest.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The reference has no digest, and a tag may be moved at any time.
    #[error("`{reference}` has no digest: a tag does not say which image it is")]
    NoDigest {
        /// As it was given, with a tag or nothing.
        reference: Box<ImageReference>,
    },
    /// Nothing answers, or the connection broke.
    #[error("{object}: {registry} does not serve it: {reason}")]
    Unreachable {
        /// What was asked for.
        object: String,
        /// The registry's host and port.
        registry: String,
        /// What the client said.
        reason: String,
    },
    /// The registry answers with a status that is not a success.
    #[error("{object}: {registry} answers {status}{message}")]
    Status {
        /// What was asked for.
        object: String,
        /// The registry's host and port.
        registry: String,
        /// The HTTP status.
        status: u16,
        /// What the registry said, after `: `; may be empty.
        message: String,
    },
    /// The registry does not have it.
    #[error("{object} is not at {registry}")]
    NotFound {
        /// What was asked for.
        object: String,
        /// The registry's host and port.
        registry: String,
    },
    /// The registry wants other credentials.
    #[error("{registry} refuses access to `{repository}`: {reason}")]
    Denied {
        /// The registry's host and port.
        registry: String,
        /// As the registry names it, such as `library/golang`.
        repository: String,
        /// What it said, or what is missing.
        reason: String,
    },
    /// Docker's configuration or a credential helper of it cannot be used.
    #[error("cannot get the credentials for {registry}: {reason}")]
    Credentials {
        /// The registry's host and port.
        registry: String,
        /// What is wrong.
        reason: String,
    },
    /// The registry's certificate is not one that this machine trusts, or no TLS can be spoken at all.
    #[error("no TLS connection to {registry}: {reason}")]
    Tls {
        /// The registry's host and port.
        registry: String,
        /// What the TLS library said.
        reason: String,
    },
    /// The registry sends elsewhere, where we do not go.
    #[error("{object}: {registry} redirects to a place that is not followed: {reason}")]
    Redirect {
        /// What was asked for.
        object: String,
        /// The registry's host and port.
        registry: String,
        /// Why not.
        reason: String,
    },
    /// The stream ended early, again and again.
    #[error("{object}: {registry} broke off after {found} of {expected} bytes")]
    Truncated {
        /// What was asked for.
        object: String,
        /// The registry's host and port.
        registry: String,
        /// The promised size.
        expected: u64,
        /// The bytes that arrived.
        found: u64,
    },
    /// The size is not the promised one.
    #[error("{object}: {registry} sends {found} bytes, expected {expected}")]
    Size {
        /// What was asked for.
        object: String,
        /// The registry's host and port.
        registry: String,
        /// The promised size, or the most that may be.
        expected: String,
        /// The size that was announced or that arrived.
        found: String,
    },
    /// The bytes are others.
    #[error("{object}: what {registry} sent has the digest {}", found.to_oci())]
    Digest {
        /// What was asked for, with its digest.
        object: String,
        /// The registry's host and port.
        registry: String,
        /// The asked digest.
        expected: Sha256,
        /// The digest of what arrived.
        found: Sha256,
    },
    /// A page for people came in place of it.
    #[error("{object}: {registry} answers with text/html: a log-in page, or a proxy's?")]
    Page {
        /// What was asked for.
        object: String,
        /// The registry's host and port.
        registry: String,
    },
    /// The header `Docker-Content-Digest` contradicts what was asked for or what was sent.
    #[error("{object}: {registry} says that its digest is `{found}`, expected {}", expected.to_oci())]
    Header {
        /// What was asked for.
        object: String,
        /// The registry's host and port.
        registry: String,
        /// The asked digest, or that of the bytes.
        expected: Sha256,
        /// The header's value.
        found: String,
    },
    /// A layer unpacks to something else than the image config says.
    #[error("{object}: unpacked, its digest is {found}, the image config says {}", expected.to_oci())]
    DiffId {
        /// The layer.
        object: String,
        /// The config's DiffId.
        expected: Sha256,
        /// The digest of the unpacked layer, or what kept it from being unpacked.
        found: String,
    },
    /// A layer unpacks to more than may be.
    #[error("{object} unpacks to more than {limit} bytes")]
    TooLarge {
        /// The layer.
        object: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// The document is not what was expected.
    #[error("{object}: {mistake}")]
    Document {
        /// The manifest, index or config.
        object: String,
        /// What is wrong with it.
        mistake: DocumentError,
    },
    /// The image is of a kind that we do not take.
    #[error("{object}: {reason}")]
    Unsupported {
        /// The image or layer.
        object: String,
        /// What was expected and what was found.
        reason: String,
    },
    /// A mirror of the user configuration cannot be used.
    #[error("mirror `{url}` of {registry}: {reason}")]
    Mirror {
        /// As the user configuration has it; empty if it has none.
        url: String,
        /// The host and port that it mirrors.
        registry: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RegistryError {
    /// Whether the bytes were there but are not those of the digest that was asked for.
    #[must_use]
    pub const fn is_tampering(&self) -> bool {
        matches!(self, Self::Size { .. } | Self::Digest { .. } | Self::Header { .. } | Self::DiffId { .. })
    }
}

impl Hint for RegistryError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Denied { registry, .. } => Some(format!("docker login {registry}")),
            Self::Credentials { registry, .. } => {
                Some(format!("docker login {registry}, or name another configuration: DOCKER_CONFIG=DIR"))
            }
            Self::Page { registry, .. } => Some(format!(
                "open it in a browser: https://{registry}/v2/; or name another place in the user configuration"
            )),
            Self::Tls { .. } => Some(
                "set SSL_CERT_FILE to a file with the registry's CA, or apt-get install ca-certificates".to_owned(),
            ),
            Self::Store(error) => error.hint(),
            Self::Mirror { .. } => Some("mend `[mirrors.registry]` in the user configuration".to_owned()),
            error if error.is_tampering() => Some(
                "nothing of it was kept under that digest; ask another place: a mirror in the user configuration"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}
