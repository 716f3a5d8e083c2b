//! What is asked of an engine that keeps images, beside executing actions in them.
//!
//! [`ImageHost`] is the second port. Toolchain images are loaded into it, looked up and exported; the release's own images
//! are built and started there. An engine that keeps no images is an [`Engine`](crate::Engine) without this port.

use std::any::Any;
use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use tokio_util::sync::CancellationToken;

use crate::{EngineError, Limits};
use rcrepro_model::content::digest::{Digest, Sha256};
use rcrepro_model::plan::release_image::HealthCheck;
use rcrepro_store::BlobStore;

/// An archive on its way into the engine. An error in it ends the call, and the engine keeps nothing of it.
pub type ArchiveStream = BoxStream<'static, std::io::Result<Bytes>>;

/// Writes an archive whose image has the tag that it is given.
pub type TaggedArchive = Box<dyn FnOnce(String) -> ArchiveStream + Send>;

/// Keeps, builds and starts images.
#[async_trait]
pub trait ImageHost: Send + Sync {
    /// Loads an archive as `docker load` takes it, and gives the id of the loaded image, `sha256:HEX`.
    ///
    /// # Errors
    /// [`EngineError::Call`] when the engine refuses it, or the archive breaks off.
    async fn load_image(&self, label: &str, archive: ArchiveStream) -> Result<String, EngineError>;

    /// Returns the id by which the engine knows an image: by a name, an id or a digest. `None` when it has no such image.
    ///
    /// # Errors
    /// [`EngineError::Call`].
    async fn image_id(&self, reference: &str) -> Result<Option<String>, EngineError>;

    /// Streams the image with this id as an archive, as `docker save` writes it.
    fn export_image<'a>(&'a self, id: &'a str) -> BoxStream<'a, Result<Bytes, EngineError>>;

    /// Returns why this engine cannot build images hermetically; `None` when it can.
    fn cannot_build(&self) -> Option<&str>;

    /// Builds a target from a context, which is a tar.
    ///
    /// # Errors
    /// [`EngineError`] when nothing can be said of the target. A target that cannot be built is a result.
    async fn build_image(
        &self,
        request: &BuildRequest<'_>,
        context: ArchiveStream,
        cancel: &CancellationToken,
    ) -> Result<BuildEnd, EngineError>;

    /// Loads an image until the value that comes back is dropped. `config` is the digest of its configuration, and `archive` writes it
    /// as `docker load` takes it, with the tag that it is given.
    ///
    /// # Errors
    /// [`EngineError::Call`] when the engine refuses it, or the archive breaks off.
    async fn hold_image(&self, label: &str, config: Sha256, archive: TaggedArchive)
    -> Result<BuiltTarget, EngineError>;

    /// Starts an image by itself, without a network, as the image's own configuration says.
    ///
    /// # Errors
    /// [`EngineError`] when the engine fails. An image that cannot be started is a result.
    async fn start_image(&self, start: &ImageStart<'_>, store: &dyn BlobStore) -> Result<StartEnd, EngineError>;
}

/// The container of a started image; dropping it removes it.
#[async_trait]
pub trait RunningImage: Send {
    /// Returns the container's id, for [`Network::Beside`](crate::Network::Beside).
    fn id(&self) -> &str;

    /// Waits until the container ends by itself, or kills it when its time is up.
    ///
    /// # Errors
    /// [`EngineError`] when its end cannot be believed, or the user stops the run.
    async fn finish(self: Box<Self>, cancel: &CancellationToken) -> Result<ImageEnd, EngineError>;

    /// Waits until the image's own health check has passed; at once where the image has none.
    ///
    /// # Errors
    /// [`EngineError`] when the engine cannot tell, or the user stops the run.
    async fn healthy(&mut self, cancel: &CancellationToken) -> Result<ImageHealth, EngineError>;

    /// Ends a container that should still run by the signal that its image names, and kills it when it does not obey. Without an
    /// exit code when it ran.
    ///
    /// # Errors
    /// [`EngineError`] when the engine cannot tell, or its streams break off.
    async fn end(self: Box<Self>) -> Result<ImageEnd, EngineError>;
}

/// What is built, and from what.
#[derive(Debug, Clone, Copy)]
pub struct BuildRequest<'a> {
    /// A short name for labels and messages.
    pub label: &'a str,
    /// The Dockerfile's path in the context.
    pub dockerfile: &'a str,
    /// The stage; empty for the last one.
    pub target: &'a str,
    /// `ARG` values of the Dockerfile, by name.
    pub arguments: &'a BTreeMap<String, String>,
    /// Ids of images that earlier builds of this process made, whose steps need not be done again; without any, every step
    /// is done.
    pub cache: &'a [String],
    /// How long it may take.
    pub timeout: Duration,
}

/// How a build ended.
#[derive(Debug)]
pub enum BuildEnd {
    /// The target was built.
    Built(BuiltTarget),
    /// It cannot be built: a step failed, or the Dockerfile makes no sense.
    Failed {
        /// What the engine said at last.
        reason: String,
        /// What the build said.
        log: String,
    },
}

/// An image that was built, with those of its steps; dropping it removes them.
pub struct BuiltTarget {
    id: String,
    steps: Vec<String>,
    /// Removes the images when it is dropped.
    _held: Box<dyn Any + Send + Sync>,
}

impl BuiltTarget {
    /// Takes the target's id, the ids of the images that its steps made, and what removes them when it is dropped.
    #[must_use]
    pub fn new(id: String, steps: Vec<String>, held: impl Any + Send + Sync) -> Self {
        Self { id, steps, _held: Box::new(held) }
    }

    /// Returns its id, `sha256:HEX`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Lists the ids of the images that the steps made, which a further build may take from the cache.
    #[must_use]
    pub fn steps(&self) -> &[String] {
        &self.steps
    }
}

impl std::fmt::Debug for BuiltTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BuiltTarget({}, {} steps)", self.id, self.steps.len())
    }
}

/// How an image is started.
#[derive(Debug, Clone, Copy)]
pub struct ImageStart<'a> {
    /// A short name for labels and messages.
    pub label: &'a str,
    /// The image's id.
    pub image: &'a str,
    /// What follows the entry point; none for what the image itself says.
    pub arguments: Option<&'a [String]>,
    /// Paths that are file systems in memory.
    pub writable: &'a [String],
    /// The capabilities that its container has.
    pub capabilities: &'a [String],
    /// How its health is checked, for engines that do not read it of an image.
    pub health: &'a HealthCheck,
    /// What it may use.
    pub limits: Limits,
    /// How long it is needed.
    pub timeout: Duration,
}

/// Whether an image could be started.
pub enum StartEnd {
    /// It runs.
    Running(Box<dyn RunningImage>),
    /// It cannot be started, because its program is missing, or it names none.
    Refused {
        /// What the engine said.
        reason: String,
    },
}

/// What a container's health check came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageHealth {
    /// The image has none.
    Unchecked,
    /// It passed.
    Healthy,
    /// It failed as often as the image allows, or the container ended before it passed, or its time was up.
    Unhealthy {
        /// What became of it, and what it said last.
        found: String,
    },
}

/// How long a container has to obey its stop signal, as `docker stop` has it.
pub const STOP_GRACE: Duration = Duration::from_secs(10);

/// The most that each stream of a started image may hold, in bytes: 64 MiB.
pub const IMAGE_OUTPUT: u64 = 64 << 20;

/// How the container of a started image ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageEnd {
    /// The exit code; none when it was still running, or was killed because its time was up.
    pub exit_code: Option<i64>,
    /// The exit code after its stop signal; none when it was not stopped. 137 when it had to be killed.
    pub stopped: Option<i64>,
    /// Whether a stream was longer than [`IMAGE_OUTPUT`]; both are empty then, and a container that ran by itself was killed.
    pub too_long: bool,
    /// Its standard output.
    pub stdout: Digest,
    /// Its standard error.
    pub stderr: Digest,
}
