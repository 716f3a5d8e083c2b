//! What every stage works with, whatever it is a stage of.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::machine::session::Session;
use rcrepro_engine::{Engine, ImageHost};
use rcrepro_model::execution::event::RunEvent;
use rcrepro_model::plan::user_config::UserConfig;
use rcrepro_store::fs::FsStore;

/// What every stage works with: the store, the engine, the configuration, who hears of it, and what stops it.
#[derive(Clone, Copy)]
pub struct RunContext<'a> {
    /// Where blobs live.
    pub store: &'a Arc<FsStore>,
    /// Where commands run.
    pub engine: &'a dyn Engine,
    /// Where images are loaded and built; none where the engine keeps none.
    pub image_host: Option<&'a dyn ImageHost>,
    /// Where bytes are asked for.
    pub config: &'a UserConfig,
    /// Hears what happens.
    pub observe: &'a (dyn Fn(RunEvent) + Sync),
    /// Stops it.
    pub cancel: &'a CancellationToken,
}

impl Session {
    /// The context of a run in this session.
    #[must_use]
    pub fn context<'a>(
        &'a self,
        observe: &'a (dyn Fn(RunEvent) + Sync),
        cancel: &'a CancellationToken,
    ) -> RunContext<'a> {
        RunContext {
            store: &self.store,
            engine: &*self.engine,
            image_host: self.image_host.as_deref(),
            config: &self.config,
            observe,
            cancel,
        }
    }
}
