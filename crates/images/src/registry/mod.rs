//! Tier 2: images in registries that speak the OCI distribution protocol.
//!
//! ```text
//! place        reference → mirrors, then the registry itself; what may be plain HTTP
//! credentials  Docker's configuration and helpers
//! connection   greeting, TLS, signing in, requests        http: what answers and failures mean
//! route        the places of one repository, in order
//! document     manifests, indexes, configs, read whole    download: layers, streamed and gone on with
//! unpack       DiffIds                                    pull, push: the use cases
//! ```
//!
//! Nothing that a registry sends is kept before its digest is the asked one, so a registry that lies can refuse an image
//! but not change one. Uploads and tokens are `oci-client`'s; downloads are our own, because its reading has no bounds, no
//! say over redirects, and hides the headers.

use std::time::Duration;

pub use self::credentials::docker_config;
pub use self::error::RegistryError;
use self::http::Clients;
pub use self::settings::{RegistryMirrors, RegistrySettings};
pub use self::unpack::{UNPACKED_LIMIT, open_unpacked, store_unpacked};
use rcrepro_model::content::digest::{Digest, Sha256};

mod connection;
mod credentials;
mod document;
mod download;
mod error;
mod http;
mod place;
mod pull;
mod push;
mod route;
mod settings;
mod unpack;

/// How many blobs are on their way at once.
pub const PARALLEL: usize = 4;

/// What happens on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryEvent {
    /// So much has to be fetched.
    Pulling {
        /// The layers that the store does not have.
        layers: usize,
        /// Compressed, as the registry keeps them.
        bytes: u64,
    },
    /// A layer is in the store and unpacks to what the config says.
    Pulled {
        /// The layer's blob.
        layer: Digest,
    },
    /// A blob is in the registry.
    Pushed {
        /// A layer or the config.
        blob: Digest,
    },
    /// Something failed and is tried again.
    Retrying {
        /// What failed.
        reason: String,
        /// After how long.
        pause: Duration,
    },
    /// A place did not serve, and the next one is asked.
    Elsewhere {
        /// What was asked for.
        object: String,
        /// What the place said.
        reason: String,
    },
}

/// Names the blobs of an image that is pushed; all of them are in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushImage {
    /// OCI or Docker JSON, sent byte for byte.
    pub manifest: Digest,
    /// The manifest's media type.
    pub manifest_type: String,
    /// The config and the layers.
    pub blobs: Vec<Digest>,
}

/// An image that a registry has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushedImage {
    /// The manifest's digest, as the registry gave it back.
    pub manifest: Sha256,
    /// The bytes of the blobs that were uploaded.
    pub uploaded: u64,
    /// The bytes of the blobs that the registry had.
    pub skipped: u64,
}

/// An image that a registry serves, as far as its manifest tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedImage {
    /// The manifest or index that the reference names now.
    pub asked: Sha256,
    /// The manifest of the platform.
    pub manifest: Digest,
    /// The config and the layers that it names.
    pub blobs: Vec<Digest>,
    /// Other manifests that an index on the way names for the same operating system and architecture, with the platform as it is written there.
    pub rivals: Vec<(String, Sha256)>,
}

/// A client of registries. Connections are made for each pull and push.
#[derive(Debug, Clone)]
pub struct Registry {
    settings: RegistrySettings,
    clients: Clients,
}

/// What is to be done in a repository, which is what a token is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Pull,
    Push,
}

impl Registry {
    /// Makes a client.
    ///
    /// # Errors
    /// [`RegistryError::Mirror`] for a mirror that cannot be used, [`RegistryError::Tls`] when the platform's certificate
    /// store cannot be.
    pub fn new(settings: RegistrySettings) -> Result<Self, RegistryError> {
        place::check(&settings.mirrors)?;
        Ok(Self { clients: Clients::new()?, settings })
    }
}
