//! Everything that must be ready before a command runs: images confirmed against their locks, frozen inputs, the source.

use super::actions::Resolved;
use super::context::RunContext;
use super::earlier::EarlierRuns;
use super::host::host;
use super::{RunError, StageInput};
use crate::evidence::history::History;
use crate::frozen::go::settings::BuildCache;
use crate::frozen::{FrozenError, FrozenStep, Provenance, client};
use crate::release::error::ReleaseError;
use crate::toolchain::in_engine::{ImageUse, ImagesError};
use crate::workspace::source::unbuildable_images;
use crate::workspace::{Workspace, WorkspaceError};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::manifest::{FrozenEntry, ImageEntry, ReproManifest};
use rcrepro_model::evidence::repository::RepositoryEntry;
use rcrepro_model::execution::event::RunEvent;
use rcrepro_model::image::identity::ImageIdentity;
use rcrepro_model::plan::{ImageSource, Packet, References};
use rcrepro_model::text::plural::counted;
use rcrepro_store::git::shallow::ShallowChoice;
use rcrepro_store::ingest::IngestedSource;
use std::collections::BTreeMap;

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

/// The first stage's value: everything that a packet's commands have in common.
#[derive(Debug)]
pub struct Prepared {
    /// The source, the images and the frozen inputs.
    pub(crate) resolved: Resolved,
    /// The commit's id, in hex.
    pub(crate) commit: String,
    /// What earlier runs executed; none where everything is to be executed.
    pub(crate) earlier: Option<EarlierRuns>,
}

/// The first stage: makes ready what must be there before a command runs.
///
/// # Errors
/// [`RunError`]; then nothing ran.
pub(crate) async fn prepare_packet(input: &StageInput<'_>) -> Result<Prepared, RunError> {
    let StageInput { context, workspace, id, options, recorded, .. } = *input;
    let packet = workspace.packet(id)?;
    let preparation = Preparation { context, workspace };
    let (mut resolved, ingested) =
        preparation.packet(packet, options.revision, recorded.map(|(manifest, _)| manifest)).await?;
    if recorded.is_none() {
        let source = (resolved.source, resolved.isa.as_str());
        let faults = unbuildable_images(workspace, packet, &**context.store, source).map_err(ReleaseError::from)?;
        if !faults.is_empty() {
            return Err(RunError::Unbuildable { packet: id.clone(), faults });
        }
    }
    let mut earlier = None;
    if recorded.is_none() && !options.fresh {
        let (host, _) = host(context.engine.info());
        let history = History::open(context.store.root())?;
        let runs = EarlierRuns::read(&history, &workspace.plan, &**context.store, &host);
        resolved.date_epoch = runs.date_epoch(workspace, id, &resolved, &**context.store);
        earlier = Some(runs);
    }
    Ok(Prepared { resolved, commit: ingested.commit, earlier })
}

/// What a preparation is done with.
#[derive(Clone, Copy)]
pub struct Preparation<'a> {
    /// What every stage works with.
    pub context: RunContext<'a>,
    /// The plan and its folder.
    pub workspace: &'a Workspace,
}

impl Preparation<'_> {
    /// Prepares a packet at a revision. A recorded manifest fixes `SOURCE_DATE_EPOCH`, which is the commit's time without one,
    /// and the commit and tags of the repository that commands see.
    ///
    /// # Errors
    /// [`PrepareError`]; then nothing ran.
    pub(crate) async fn packet(
        &self,
        packet: &Packet,
        revision: &str,
        recorded: Option<&ReproManifest>,
    ) -> Result<(Resolved, IngestedSource), PrepareError> {
        let work = async || {
            let source = self.workspace.ingest_source(revision, &**self.context.store)?;
            let how = format!("{} of commit {}", counted(source.tracked_files, "file"), &source.commit[..12]);
            Ok((source, how))
        };
        let source = self.step("source", work).await?;
        let git = match self.workspace.plan.wants_git(packet) {
            true => {
                Some(self.repository(&source.commit, recorded.and_then(|manifest| manifest.source.git.as_ref())).await?)
            }
            false => None,
        };
        let References { images, frozen, .. } = self.workspace.plan.references(packet);
        let images = self.images(images).await?;
        let frozen = self.frozen(frozen, &images, source.root).await?;
        let resolved = Resolved {
            source: source.root,
            date_epoch: recorded.map_or(source.commit_time, |manifest| manifest.source.date_epoch),
            isa: self.context.engine.info().isa.clone(),
            images,
            frozen,
            git,
        };
        Ok((resolved, source))
    }

    /// Makes the repository that commands see: of the commit and the tags that were recorded, or of this commit.
    async fn repository(
        &self,
        commit: &str,
        recorded: Option<&RepositoryEntry>,
    ) -> Result<RepositoryEntry, PrepareError> {
        let work = async || {
            let choice = match recorded {
                Some(RepositoryEntry { commit, tags, .. }) => {
                    ShallowChoice { commit: commit.clone(), tags: tags.clone() }
                }
                None => self.workspace.choose_repository(commit)?,
            };
            let root = self.workspace.lay_repository(&choice, &**self.context.store)?;
            let ShallowChoice { commit, tags } = choice;
            let how = format!("commit {} with {}", &commit.as_str()[..12], counted(tags.len(), "tag"));
            Ok((RepositoryEntry { commit, tags, root }, how))
        };
        self.step("repository", work).await
    }

    /// Loads the named images into the engine, and confirms each against its lock.
    ///
    /// # Errors
    /// [`PrepareError::Images`].
    pub async fn images(
        &self,
        names: impl IntoIterator<Item = Name>,
    ) -> Result<BTreeMap<Name, ImageEntry>, PrepareError> {
        let RunContext { store, engine, image_host, config, observe, cancel, .. } = self.context;
        let mut images = BTreeMap::new();
        for name in names {
            let heard = |event| observe(RunEvent::Image(event));
            let user = ImageUse {
                folder: &self.workspace.folder,
                files: &self.workspace.files,
                store,
                engine,
                image_host,
                config,
                cancel,
                on_event: &heard,
            };
            let source = &self.workspace.plan.images[&name];
            // Boxed: an image may be built by building others, and that future would be part of every caller's.
            let work = async || Ok(Box::pin(user.ensure(&name, source)).await?);
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
        let mut frozen: BTreeMap<Name, FrozenEntry> = BTreeMap::new();
        let mut names: Vec<Name> = names.into_iter().collect();
        // What is compiled comes after what it is compiled from.
        names.sort_by_key(|name| self.workspace.plan.frozen[name].modules.is_some());
        for name in names {
            let input = &self.workspace.plan.frozen[&name];
            let image = input.image.as_ref().map(|image| images[image].identity(image));
            let modules = input.modules.as_ref().and_then(|modules| frozen.get(modules)).map(|modules| modules.root);
            let step = FrozenStep { modules, ..self.frozen_step(&name, source, image.as_ref()) };
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

    /// Makes sure that the store has the modules that a frozen input is compiled from, and gives their tree; none where it is not
    /// compiled from modules.
    ///
    /// # Errors
    /// [`PrepareError`].
    pub async fn modules(&self, name: &Name, source: Digest) -> Result<Option<Digest>, PrepareError> {
        let Some(modules) = &self.workspace.plan.frozen[name].modules else { return Ok(None) };
        let images = self.images(self.workspace.plan.frozen[modules].image.clone()).await?;
        let frozen = self.frozen([modules.clone()], &images, source).await?;
        Ok(frozen.get(modules).map(|entry| entry.root))
    }

    /// Names a frozen input's step.
    pub fn frozen_step<'b>(
        &'b self,
        name: &'b Name,
        source: Digest,
        image: Option<&'b ImageIdentity>,
    ) -> FrozenStep<'b> {
        let input = &self.workspace.plan.frozen[name];
        let source_of_image = input.image.as_ref().and_then(|image| self.workspace.plan.images.get(image));
        let definition = match source_of_image {
            Some(ImageSource::Build { definition, .. }) => Some(definition.as_str()),
            _ => None,
        };
        FrozenStep {
            name,
            input,
            cache: BuildCache::of(&self.workspace.plan, name),
            modules: None,
            alone: client::is_alone(&self.workspace.plan, name),
            is_trusted: false,
            folder: &self.workspace.folder,
            files: &self.workspace.files,
            source,
            image,
            definition,
            config: self.context.config,
            isa: &self.context.engine.info().isa,
            store: &**self.context.store,
            engine: self.context.engine,
            cancel: self.context.cancel,
        }
    }

    async fn step<T>(
        &self,
        what: &str,
        work: impl AsyncFnOnce() -> Result<(T, String), PrepareError>,
    ) -> Result<T, PrepareError> {
        (self.context.observe)(RunEvent::Preparing { what: what.to_owned() });
        let (value, how) = work().await?;
        (self.context.observe)(RunEvent::Prepared { what: what.to_owned(), how });
        Ok(value)
    }
}
