//! What every stage of an execution works with.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::machine::session::Session;
use rcrepro_engine::{Engine, ImageHost};
use rcrepro_model::execution::event::RunEvent;
use rcrepro_model::plan::user_config::UserConfig;
use rcrepro_store::fs::FsStore;
use rcrepro_store::runs::RunDir;

/// The handles of a session, with an observer of what happens and a token that stops it.
#[derive(Clone, Copy)]
pub struct RunContext<'a> {
    /// The store of all blobs.
    pub store: &'a Arc<FsStore>,
    /// The folder of this run, which its records are written into.
    pub run: &'a RunDir,
    /// The engine that runs containers.
    pub engine: &'a dyn Engine,
    /// The engine's images, for loading and building; none where it keeps none.
    pub image_host: Option<&'a dyn ImageHost>,
    /// The user's mirrors and registries.
    pub config: &'a UserConfig,
    /// Called with each event, from any thread.
    pub observe: &'a (dyn Fn(RunEvent) + Sync),
    /// Stops the work, which then removes its containers.
    pub cancel: &'a CancellationToken,
}

impl Session {
    /// The context of the work that this session is opened for.
    #[must_use]
    pub fn context<'a>(
        &'a self,
        observe: &'a (dyn Fn(RunEvent) + Sync),
        cancel: &'a CancellationToken,
    ) -> RunContext<'a> {
        RunContext {
            store: &self.store,
            run: &self.run,
            engine: &*self.engine,
            image_host: self.image_host.as_deref(),
            config: &self.config,
            observe,
            cancel,
        }
    }
}
