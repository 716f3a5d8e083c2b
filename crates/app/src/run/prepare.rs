//! Everything that must stand before a command runs: images confirmed against their locks, frozen inputs, the source.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::actions::Resolved;
use crate::frozen::{FrozenError, FrozenStep, Provenance, client};
use crate::toolchain::in_engine::{ImageUse, ImagesError};
use crate::workspace::{Workspace, WorkspaceError};
use rcrepro_engine::Engine;
use rcrepro_engine::docker::DockerEngine;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::manifest::{FrozenEntry, ImageEntry};
use rcrepro_model::execution::event::RunEvent;
use rcrepro_model::image::identity::ImageIdentity;
use rcrepro_model::plan::user_config::UserConfig;
use rcrepro_model::plan::{Packet, References};
use rcrepro_model::text::plural::counted;
use rcrepro_store::fs::FsStore;
use rcrepro_store::ingest::IngestedSource;

/// Says why a packet could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The workspace cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// An image could not be had.
    #[error(transparent)]
    Images(#[from] ImagesError),
    /// A frozen input could not be had.
    #[error(transparent)]
    Frozen(#[from] FrozenError),
}

/// Gathers what a preparation is done with.
#[derive(Clone, Copy)]
pub struct Preparation<'a> {
    /// The plan and its folder.
    pub workspace: &'a Workspace,
    /// Where blobs live.
    pub store: &'a Arc<FsStore>,
    /// Where commands run.
    pub engine: &'a DockerEngine,
    /// Says where bytes are asked for.
    pub config: &'a UserConfig,
    /// Hears what happens.
    pub observe: &'a (dyn Fn(RunEvent) + Sync),
    /// Stops it.
    pub cancel: &'a CancellationToken,
}

impl Preparation<'_> {
    /// Prepares a packet at a revision. `date_epoch` is `SOURCE_DATE_EPOCH` where a manifest fixes it; without one it is
    /// the commit's time.
    ///
    /// # Errors
    /// [`PrepareError`]; then nothing ran.
    pub async fn packet(
        &self,
        packet: &Packet,
        revision: &str,
        date_epoch: Option<i64>,
    ) -> Result<(Resolved, IngestedSource), PrepareError> {
        let work = async || {
            let source = self.workspace.ingest_source(revision, &**self.store)?;
            let how = format!("{} of commit {}", counted(source.tracked_files, "file"), &source.commit[..12]);
            Ok((source, how))
        };
        let source = self.step("source", work).await?;
        let References { images, frozen, .. } = self.workspace.plan.references(packet);
        let images = self.images(images).await?;
        let frozen = self.frozen(frozen, &images, source.root).await?;
        let resolved = Resolved {
            source: source.root,
            date_epoch: date_epoch.unwrap_or(source.commit_time),
            isa: self.engine.info().isa.clone(),
            images,
            frozen,
        };
        Ok((resolved, source))
    }

    /// Has the named images in the engine, confirmed.
    ///
    /// # Errors
    /// [`PrepareError::Images`].
    pub async fn images(
        &self,
        names: impl IntoIterator<Item = Name>,
    ) -> Result<BTreeMap<Name, ImageEntry>, PrepareError> {
        let mut images = BTreeMap::new();
        for name in names {
            let heard = |event| (self.observe)(RunEvent::Image(event));
            let user = ImageUse {
                folder: &self.workspace.folder,
                files: &self.workspace.files,
                store: self.store,
                engine: self.engine,
                config: self.config,
                cancel: self.cancel,
                on_event: &heard,
            };
            let source = &self.workspace.plan.images[&name];
            let work = async || Ok(user.ensure(&name, source).await?);
            let entry = self.step(&format!("image {name}"), work).await?;
            images.insert(name.clone(), entry);
        }
        Ok(images)
    }

    async fn frozen(
        &self,
        names: impl IntoIterator<Item = Name>,
        images: &BTreeMap<Name, ImageEntry>,
        source: Digest,
    ) -> Result<BTreeMap<Name, FrozenEntry>, PrepareError> {
        let mut frozen = BTreeMap::new();
        for name in names {
            let input = &self.workspace.plan.frozen[&name];
            let image = input.image.as_ref().map(|image| images[image].identity(image));
            let step = self.frozen_step(&name, source, image.as_ref());
            let work = async || {
                let (entry, provenance) = step.ensure().await?;
                let how = match provenance {
                    Provenance::Store => "from the store",
                    Provenance::Fetched => "fetched, matches its lock",
                    Provenance::Mirror => "from its mirror, matches its lock",
                    Provenance::Compiled => "compiled, matches its lock",
                };
                Ok((entry, how.to_owned()))
            };
            let entry = self.step(&format!("frozen input {name}"), work).await?;
            frozen.insert(name.clone(), entry);
        }
        Ok(frozen)
    }

    /// Names a frozen input's step.
    pub fn frozen_step<'b>(
        &'b self,
        name: &'b Name,
        source: Digest,
        image: Option<&'b ImageIdentity>,
    ) -> FrozenStep<'b> {
        FrozenStep {
            name,
            input: &self.workspace.plan.frozen[name],
            alone: client::is_alone(&self.workspace.plan, name),
            folder: &self.workspace.folder,
            files: &self.workspace.files,
            source,
            image,
            isa: &self.engine.info().isa,
            store: &**self.store,
            engine: self.engine,
            cancel: self.cancel,
        }
    }

    async fn step<T>(
        &self,
        what: &str,
        work: impl AsyncFnOnce() -> Result<(T, String), PrepareError>,
    ) -> Result<T, PrepareError> {
        (self.observe)(RunEvent::Preparing { what: what.to_owned() });
        let (value, how) = work().await?;
        (self.observe)(RunEvent::Prepared { what: what.to_owned(), how });
        Ok(value)
    }
}
