//! One invocation that runs containers: its store, its engine, its lease. Opening one removes what dead ones left behind.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::unix_time::seconds;
use rcrepro_engine::{ConnectOptions, Connected, Engine, EngineError, ImageHost, Staging, connect};
use rcrepro_model::content::digest::Sha256;
use rcrepro_model::plan::user_config::UserConfig;
use rcrepro_store::StoreError;
use rcrepro_store::fs::FsStore;
use rcrepro_store::runs::{RunDir, RunFolderError, RunId, Runs};

/// Says why a session could not begin.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The run's folder cannot be used.
    #[error(transparent)]
    Runs(#[from] RunFolderError),
    /// No engine answers, or it failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// The open store, engine and lease of one invocation.
pub struct Session {
    /// Where blobs live.
    pub store: Arc<FsStore>,
    /// Where commands run.
    pub engine: Arc<dyn Engine>,
    /// Where images are kept; none where the engine keeps none.
    pub image_host: Option<Arc<dyn ImageHost>>,
    /// This run's folder, and the lease that says that it lives.
    pub(crate) run: RunDir,
    /// Says where bytes are asked for.
    pub config: UserConfig,
    /// What dead runs had left and this one removed.
    pub swept: Vec<String>,
}

impl Session {
    /// Opens the store, takes a lease, connects to the engine and sweeps.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn open(store: &Path, staging: Staging, config: UserConfig) -> Result<Self, SessionError> {
        let store = Arc::new(FsStore::open_mending(store)?);
        let runs = Runs::open(store.root())?;
        let (seconds, suffix) = moment();
        let run = runs.begin(seconds, &suffix)?;
        let store_id = store_id(store.root());
        let mut options = ConnectOptions::new(store_id.clone(), run.id().as_str());
        options.staging = staging;
        options.spool_dir = run.path().to_owned();
        let Connected { engine, image_host, .. } = connect(options).await?;
        let swept = engine
            .sweep_orphans(&move |of_store, run| {
                // What cannot be found out counts as alive: nothing of anybody else is ever removed.
                let alive = |id: RunId| runs.is_alive(&id).unwrap_or(true);
                of_store != store_id || run.parse().map_or(true, alive)
            })
            .await?;
        Ok(Self { store, engine, image_host, run, config, swept })
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

/// Gives what a run's id says beside its number: the time, and enough of the process and the clock to tell it from the runs of
/// other stores.
fn moment() -> (i64, String) {
    let now = SystemTime::now();
    let salt = Sha256::of(format!("{} {now:?}", std::process::id()).as_bytes()).to_string();
    (seconds(now), salt[..8].to_owned())
}
