//! One invocation that runs containers: its store, its engine, its lease. Opening one removes what dead ones left behind.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use crate::engine::docker::{DockerEngine, DockerOptions, Staging};
use crate::engine::{Engine as _, EngineError};
use crate::model::digest::Sha256;
use crate::store::StoreError;
use crate::store::fs::FsStore;
use crate::store::runs::{RunDir, RunsError};

/// Says why a session could not begin.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The run's folder cannot be used.
    #[error(transparent)]
    Runs(#[from] RunsError),
    /// No engine answers, or it failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Is one invocation.
pub struct Session {
    /// Where blobs live.
    pub store: Arc<FsStore>,
    /// Where commands run.
    pub engine: DockerEngine,
    /// This run's folder, and the lease that says that it lives.
    pub run: RunDir,
    /// What dead runs had left and this one removed.
    pub swept: Vec<String>,
}

impl Session {
    /// Opens the store, takes a lease, connects to the engine and sweeps.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn open(store: &Path, staging: Staging) -> Result<Self, SessionError> {
        let store = Arc::new(FsStore::open(store)?);
        let run = RunDir::create(store.root(), &run_id())?;
        let store_id = store_id(store.root());
        let mut options = DockerOptions::new(store_id.clone(), run.id());
        options.staging = staging;
        options.spool_dir = run.path().to_owned();
        let engine = DockerEngine::connect(options).await?;
        let root = store.root().to_owned();
        let swept = engine
            .sweep_orphans(&move |of_store, run| of_store != store_id || crate::store::runs::is_alive(&root, run))
            .await?;
        Ok(Self { store, engine, run, swept })
    }

    /// Removes what the engine kept for further commands.
    pub async fn close(&self) {
        self.engine.close().await;
    }
}

/// Names a store in labels: the start of the hash of its path.
fn store_id(root: &Path) -> String {
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    Sha256::of(root.as_os_str().as_encoded_bytes()).to_string()[..16].to_owned()
}

/// Names a run: the time in UTC, and enough of the process and the clock to tell two of one second apart.
fn run_id() -> String {
    let now = SystemTime::now();
    let time: String =
        humantime::format_rfc3339_seconds(now).to_string().chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let nanos = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.subsec_nanos());
    let salt = Sha256::of(format!("{} {nanos}", std::process::id()).as_bytes()).to_string();
    format!("{}-{}", time.to_lowercase(), &salt[..6])
}
