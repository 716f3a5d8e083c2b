//! Finds the engine of this machine, and gives it by its ports.

use std::path::PathBuf;
use std::sync::Arc;

use crate::docker::{DockerEngine, DockerOptions, EngineAddress};
use crate::staging::Staging;
use crate::{Engine, EngineError, ImageHost};

/// For whom an engine works.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// Names the store, in labels.
    pub store_id: String,
    /// Names this process's run, in labels.
    pub run_id: String,
    /// How inputs reach a container.
    pub staging: Staging,
    /// Where streams are spooled; a disk, because their size has no bound. The system's temporary folder by default.
    pub spool_dir: PathBuf,
}

impl ConnectOptions {
    /// Stages in the best way, and spools into the system's temporary folder.
    #[must_use]
    pub fn new(store_id: impl Into<String>, run_id: impl Into<String>) -> Self {
        Self {
            store_id: store_id.into(),
            run_id: run_id.into(),
            staging: Staging::Auto,
            spool_dir: std::env::temp_dir(),
        }
    }
}

/// An engine that answers, by its ports.
pub struct Connected {
    /// Where it answers, and who named that address.
    pub address: String,
    /// Executes actions.
    pub engine: Arc<dyn Engine>,
    /// Keeps images; none for an engine that keeps none.
    pub image_host: Option<Arc<dyn ImageHost>>,
}

/// Connects to the engine that this machine's environment and configuration name, and checks its version.
///
/// # Errors
/// [`EngineError::Unreachable`] when nothing answers there, or something too old.
pub async fn connect(options: ConnectOptions) -> Result<Connected, EngineError> {
    let ConnectOptions { store_id, run_id, staging, spool_dir } = options;
    let address = EngineAddress::find(None)?;
    let options = DockerOptions { staging, spool_dir, ..DockerOptions::new(store_id, run_id) };
    let engine = Arc::new(DockerEngine::connect(options).await?);
    Ok(Connected { address: address.to_string(), engine: engine.clone(), image_host: Some(engine) })
}

/// Returns how another engine is named, by what named the one that [`connect`] looks for; `None` where nothing did.
#[must_use]
pub fn address_hint() -> Option<String> {
    match EngineAddress::find(None) {
        Ok(address) => address.hint(),
        Err(_) => Some("docker context use default, or set DOCKER_HOST".to_owned()),
    }
}
