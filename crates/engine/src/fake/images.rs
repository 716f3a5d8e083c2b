//! A host of images for tests of what is above it: it keeps what is loaded, and builds and starts by script.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use tokio_util::sync::CancellationToken;

use super::archive::{FakeImage, Unpacked};
use crate::{
    ArchiveStream, BuildEnd, BuildRequest, BuiltTarget, EngineError, ImageEnd, ImageHealth, ImageHost, ImageStart,
    RunningImage, StartEnd, TaggedArchive,
};
use rcrepro_model::content::digest::{Digest, Sha256};
use rcrepro_model::image::identity::ImageIdentity;
use rcrepro_store::BlobStore;

/// Keeps images in memory; a clone is the same host. A build or a start without a script is an error, so that no test passes
/// by accident.
#[derive(Clone, Default)]
pub struct FakeImageHost {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    images: BTreeMap<String, Unpacked>,
    loads: Vec<String>,
    cannot_build: Option<&'static str>,
    builds: HashMap<String, Vec<FakeBuild>>,
    built: Vec<FakeBuildCall>,
    ours: BTreeSet<String>,
    starts: HashMap<String, Vec<FakeRun>>,
    started: Vec<String>,
    running: usize,
}

/// What a build gives.
#[derive(Debug, Clone)]
pub enum FakeBuild {
    /// This image, whose id is another one in each build.
    Image(FakeImage),
    /// Nothing: a step fails with this reason and this log.
    Fails(&'static str, &'static str),
}

/// One build that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeBuildCall {
    /// [`BuildRequest::label`].
    pub label: String,
    /// The stage.
    pub target: String,
    /// [`BuildRequest::arguments`].
    pub arguments: BTreeMap<String, String>,
    /// How many images it could take steps from.
    pub cache: usize,
    /// The paths of the context.
    pub context: Vec<String>,
}

/// What a started image does.
#[derive(Debug, Clone)]
pub struct FakeRun {
    exit_code: Option<i64>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    refused: Option<String>,
    stopped: i64,
    health: ImageHealth,
}

impl FakeRun {
    /// Ends by itself with a code, and writes nothing.
    #[must_use]
    pub fn exit(code: i64) -> Self {
        Self {
            exit_code: Some(code),
            stdout: Vec::new(),
            stderr: Vec::new(),
            refused: None,
            stopped: 0,
            health: ImageHealth::Unchecked,
        }
    }

    /// Runs until it is ended.
    #[must_use]
    pub fn stays() -> Self {
        Self { exit_code: None, ..Self::exit(0) }
    }

    /// Cannot be started.
    #[must_use]
    pub fn refused(reason: &str) -> Self {
        Self { refused: Some(reason.to_owned()), ..Self::exit(0) }
    }

    /// Ends with this code when it is stopped.
    #[must_use]
    pub fn stopped_with(mut self, code: i64) -> Self {
        self.stopped = code;
        self
    }

    /// Sets what its health check comes to.
    #[must_use]
    pub fn health(mut self, health: ImageHealth) -> Self {
        self.health = health;
        self
    }

    /// Writes this to the standard output.
    #[must_use]
    pub fn stdout(mut self, text: &str) -> Self {
        self.stdout = text.into();
        self
    }

    /// Writes this to the standard error.
    #[must_use]
    pub fn stderr(mut self, text: &str) -> Self {
        self.stderr = text.into();
        self
    }
}

impl FakeImageHost {
    /// Adds a script for a label's builds. Several for one label are used one after the other; the last one repeats.
    #[must_use]
    pub fn on_build(self, label: impl Into<String>, build: FakeBuild) -> Self {
        self.with(|state| state.builds.entry(label.into()).or_default().push(build));
        self
    }

    /// Adds a script for a label's starts, as [`Self::on_build`] does for builds.
    #[must_use]
    pub fn on_start(self, label: impl Into<String>, run: FakeRun) -> Self {
        self.with(|state| state.starts.entry(label.into()).or_default().push(run));
        self
    }

    /// Builds nothing, for this reason.
    #[must_use]
    pub fn cannot_build_because(self, reason: &'static str) -> Self {
        self.with(|state| state.cannot_build = Some(reason));
        self
    }

    /// Keeps an image from the beginning, and gives its id.
    #[must_use]
    pub fn holds(&self, image: &FakeImage) -> String {
        let unpacked = Unpacked::read(image.archive(0)).expect("its own archive");
        self.with(|state| state.keep(unpacked))
    }

    /// Lists the labels of the images that were loaded.
    #[must_use]
    pub fn loads(&self) -> Vec<String> {
        self.with(|state| state.loads.clone())
    }

    /// Lists the builds in the order in which they were asked for.
    #[must_use]
    pub fn builds(&self) -> Vec<FakeBuildCall> {
        self.with(|state| state.built.clone())
    }

    /// Counts what was made and not removed: images of builds and running containers.
    #[must_use]
    pub fn left(&self) -> usize {
        self.with(|state| state.ours.len() + state.running)
    }

    /// Compares a locked image with what is kept.
    pub(super) fn confirm(&self, image: &ImageIdentity) -> Result<(), EngineError> {
        self.with(|state| {
            let Some(kept) = state.images.get(&image.config.to_oci()) else {
                return Err(EngineError::ImageMissing { name: image.name.clone(), id: image.config });
            };
            let expected: Vec<String> = image.diff_ids.iter().map(|id| id.to_oci()).collect();
            if kept.diff_ids == expected {
                return Ok(());
            }
            let (part, found) = ("layers".to_owned(), kept.diff_ids.join(" "));
            Err(EngineError::ImageMismatch { name: image.name.clone(), part, expected: expected.join(" "), found })
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn keep(&mut self, image: Unpacked) -> String {
        let id = image.id.clone();
        self.images.insert(id.clone(), image);
        id
    }
}

fn scripted<T: Clone>(scripts: &HashMap<String, Vec<T>>, label: &str, done: usize) -> Result<T, EngineError> {
    let script = scripts.get(label).and_then(|scripts| scripts.get(done).or(scripts.last()));
    script.cloned().ok_or_else(|| refused(label, "build or start the image", "the fake host has no script for it"))
}

fn refused(label: &str, doing: &'static str, reason: impl Into<String>) -> EngineError {
    EngineError::Call { label: label.to_owned(), doing, reason: reason.into() }
}

#[async_trait]
impl ImageHost for FakeImageHost {
    async fn load_image(&self, label: &str, archive: ArchiveStream) -> Result<String, EngineError> {
        let failed = |reason: String| refused(label, "load the image", reason);
        let pieces: Vec<Bytes> = archive.try_collect().await.map_err(|error| failed(error.to_string()))?;
        let unpacked = Unpacked::read(pieces.concat()).map_err(failed)?;
        Ok(self.with(|state| {
            state.loads.push(label.to_owned());
            state.keep(unpacked)
        }))
    }

    async fn image_id(&self, reference: &str) -> Result<Option<String>, EngineError> {
        Ok(self.with(|state| state.images.get(reference).map(|image| image.id.clone())))
    }

    fn export_image<'a>(&'a self, id: &'a str) -> BoxStream<'a, Result<Bytes, EngineError>> {
        let found = self.with(|state| state.images.get(id).map(|image| Bytes::from(image.archive.clone())));
        let piece = found.ok_or_else(|| refused(id, "export the image", "the fake host has no such image"));
        futures_util::stream::iter([piece]).boxed()
    }

    fn cannot_build(&self) -> Option<&str> {
        self.with(|state| state.cannot_build)
    }

    async fn build_image(
        &self,
        request: &BuildRequest<'_>,
        context: ArchiveStream,
        cancel: &CancellationToken,
    ) -> Result<BuildEnd, EngineError> {
        let label = request.label;
        if cancel.is_cancelled() {
            return Err(EngineError::Interrupted { label: label.to_owned() });
        }
        let failed = |reason: String| refused(label, "build an image", reason);
        let pieces: Vec<Bytes> = context.try_collect().await.map_err(|error| failed(error.to_string()))?;
        let context = super::archive::files(&pieces.concat()).map_err(failed)?.into_keys().collect();
        self.with(|state| {
            let done = state.built.iter().filter(|call| call.label == label).count();
            state.built.push(FakeBuildCall {
                label: label.to_owned(),
                target: request.target.to_owned(),
                arguments: request.arguments.clone(),
                cache: request.cache.len(),
                context,
            });
            match scripted(&state.builds, label, done)? {
                FakeBuild::Fails(reason, log) => Ok(BuildEnd::Failed { reason: reason.into(), log: log.into() }),
                FakeBuild::Image(image) => {
                    // Like the classic builder, no two builds give the same id.
                    let id = state.keep(Unpacked::read(image.archive(state.built.len())).map_err(failed)?);
                    state.ours.insert(id.clone());
                    let held = Held { host: self.clone(), id: id.clone() };
                    Ok(BuildEnd::Built(BuiltTarget::new(id.clone(), vec![id], held)))
                }
            }
        })
    }

    async fn hold_image(
        &self,
        label: &str,
        config: Sha256,
        archive: TaggedArchive,
    ) -> Result<BuiltTarget, EngineError> {
        let id = self.load_image(label, archive(format!("held/{}", &config.to_string()[..12]))).await?;
        self.with(|state| state.ours.insert(id.clone()));
        let held = Held { host: self.clone(), id: id.clone() };
        Ok(BuiltTarget::new(id.clone(), vec![id], held))
    }

    async fn start_image(&self, start: &ImageStart<'_>, store: &dyn BlobStore) -> Result<StartEnd, EngineError> {
        let (run, number) = self.with(|state| {
            if !state.images.contains_key(start.image) {
                return Err(refused(start.label, "create the container", "the fake host has no such image"));
            }
            let done = state.started.iter().filter(|label| *label == start.label).count();
            state.started.push(start.label.to_owned());
            Ok((scripted(&state.starts, start.label, done)?, state.started.len()))
        })?;
        if let Some(reason) = run.refused {
            return Ok(StartEnd::Refused { reason });
        }
        let (stdout, stderr): (Digest, Digest) = (store.put(&run.stdout)?, store.put(&run.stderr)?);
        self.with(|state| state.running += 1);
        let stopped = run.exit_code.is_none().then_some(run.stopped);
        let end = ImageEnd { exit_code: run.exit_code, stopped, too_long: false, stdout, stderr };
        let health = run.health;
        let label = start.label.to_owned();
        Ok(StartEnd::Running(Box::new(Running {
            host: self.clone(),
            id: format!("fake-{number}"),
            label,
            end,
            health,
        })))
    }
}

/// Removes the image of a build when it is dropped.
struct Held {
    host: FakeImageHost,
    id: String,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.host.with(|state| {
            state.images.remove(&self.id);
            state.ours.remove(&self.id);
        });
    }
}

struct Running {
    host: FakeImageHost,
    id: String,
    label: String,
    end: ImageEnd,
    health: ImageHealth,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.host.with(|state| state.running -= 1);
    }
}

#[async_trait]
impl RunningImage for Running {
    fn id(&self) -> &str {
        &self.id
    }

    async fn finish(self: Box<Self>, cancel: &CancellationToken) -> Result<ImageEnd, EngineError> {
        match cancel.is_cancelled() {
            true => Err(EngineError::Interrupted { label: self.label.clone() }),
            false => Ok(self.end),
        }
    }

    async fn healthy(&mut self, _: &CancellationToken) -> Result<ImageHealth, EngineError> {
        Ok(self.health.clone())
    }

    async fn end(self: Box<Self>) -> Result<ImageEnd, EngineError> {
        Ok(self.end)
    }
}
