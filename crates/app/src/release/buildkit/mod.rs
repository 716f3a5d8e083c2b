//! Builds targets by BuildKit, in a container of a locked image that the plan names.
//!
//! All platforms of an image are one action, like a command's: its input root holds the context, every
//! image that the Dockerfiles build on, and the scripts that start the builder; its output has an OCI layout for each. See `docs/design/release-images.md`.

mod action;
mod failed;
mod folded;
mod folders;
mod image;
mod inputs;
mod steps;
mod target;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use self::action::{BuildLines, OUTPUT};
pub(super) use self::action::{FIRST_OF_BATCHES, recorded_command};
use self::failed::no_builder;
pub(crate) use self::folded::FoldedImages;
use self::inputs::{BuilderInputs, NamedContexts};
pub(super) use self::target::{BuildkitTarget, batches};
use self::target::{TargetKey, time};
use super::build::{Refusal, listed};
use super::error::ReleaseError;
use super::not_built::{Building, NotBuilt};
use super::step::{ReleaseStep, finding};
use crate::machine::build_secrets;
use crate::toolchain::load::stream_of;
use crate::workspace::source::release_image::missing_secrets;
use rcrepro_engine::{
    EngineError, Executed, Execution, ImageHost, Limits, LiveOutput, Network, OWN_OUTPUT, Privilege, StepSecrets,
};
use rcrepro_format::images::image_settings;
use rcrepro_images::oci::image::ImageBlobs;
use rcrepro_images::oci::layout::write_archive;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_model::content::tree::TreeNode;
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::release_record::{BuilderEntry, OtherPlatformEntry, Parts};
use rcrepro_model::execution::action::{Action, Ending, Output};
use rcrepro_model::execution::world::World;
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::plan::release_image::{BuildkitImage, ReleaseImage};
use rcrepro_store::{BlobStore as _, export};

/// What became of each target for each platform.
pub(super) type BuiltTargets = BTreeMap<TargetKey, Result<BuiltByBuildkit, NotBuilt>>;

/// Which of an image's builds it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Round {
    /// The image that is tried.
    First,
    /// The one that has to be equal.
    Second,
}

/// What a builder left.
struct BatchEnd<'a> {
    targets: usize,
    action: &'a Action,
    /// The images that it was given.
    layouts: &'a [Digest],
    secrets: &'a BTreeSet<String>,
    executed: &'a Executed,
    /// The folder with a folder for each target that was built; none when the builder itself failed.
    out: Option<Digest>,
}

/// An image that BuildKit made, all of it in the store.
pub(super) struct BuiltByBuildkit {
    pub parts: Parts,
    pub entry: BuilderEntry,
    blobs: ImageBlobs,
}

impl BuiltByBuildkit {
    /// Makes its entry in a record, where it is for another platform than the machine's.
    pub(super) fn platform_entry(&self) -> OtherPlatformEntry {
        let BuilderEntry { action, command, .. } = self.entry;
        let command = command.expect("each build has a line");
        OtherPlatformEntry { action, command, parts: self.parts, again: self.parts, inspection: None }
    }
}

impl ReleaseStep<'_> {
    /// Builds every target of a round for each of its platforms. What keeps one from being built is a finding, under the key of the machine's
    /// platform if it is of the image as a whole.
    ///
    /// # Errors
    /// [`ReleaseError`] when that cannot be said.
    pub(super) async fn build_by_buildkit(
        &self,
        images: &[(&Name, &ReleaseImage)],
        round: Round,
    ) -> Result<BuiltTargets, ReleaseError> {
        let mut made = BuiltTargets::new();
        let (mut given, mut contexts) = (Vec::new(), NamedContexts::new());
        for &(name, image) in images {
            let Some(buildkit) = &image.buildkit else { continue };
            match self.given(name, (image, buildkit))? {
                Ok(own) => {
                    contexts.extend(own.into_iter().map(|(called, root)| ((name.clone(), called), root)));
                    given.push((name, image));
                }
                Err(Refusal { expected, found }) => {
                    let refused: NotBuilt = finding(FindingName::ImageFailed, name, "", expected, found).into();
                    if round == Round::First {
                        let building = Building::begin(told_of(&[name.as_str()], "", round), self.context.observe);
                        building.fail("NOT built".to_owned(), &[&refused]);
                    }
                    made.insert((name.clone(), self.machine_platform(name)?), Err(refused));
                }
            }
        }
        let Some((first, _)) = given.first() else { return Ok(made) };
        for batch in batches(given.iter().copied(), self.machine_platform(first)?) {
            let building = Building::begin(told(&batch, round), self.context.observe);
            let began = Instant::now();
            let built = self.build_in_a_container(&building.what, &batch, &contexts).await?;
            let why: Vec<&NotBuilt> = built.values().filter_map(|one| one.as_ref().err()).collect();
            // The first build tells why; where only the second fails, the findings do.
            let told = if round == Round::First { why.as_slice() } else { &[] };
            match why.len() {
                0 => building.end(format!("built, {} s", began.elapsed().as_secs())),
                failed if failed == batch.len() => building.fail("NOT built".to_owned(), told),
                failed => building.fail(format!("{failed} of {} NOT built", batch.len()), told),
            }
            made.extend(built);
        }
        Ok(made)
    }

    async fn build_in_a_container(
        &self,
        what: &str,
        batch: &[BuildkitTarget<'_>],
        contexts: &NamedContexts,
    ) -> Result<BuiltTargets, ReleaseError> {
        let buildkit = batch[0].buildkit;
        let each = |finding: &dyn Fn(&Name) -> Finding| {
            batch.iter().map(|target| (target.key(), Err(finding(target.name).into()))).collect()
        };
        let secrets = match build_secrets::read(&buildkit.secrets, &self.workspace.folder) {
            Ok(secrets) => secrets,
            Err((id, error)) => {
                let found = format!("secret `{id}`, `{}`: {error}", buildkit.secrets[&id]);
                let unread = |name: &Name| {
                    finding(FindingName::ImageUndecided, name, "", "a secret that can be read", found.clone())
                };
                return Ok(each(&unread));
            }
        };
        let BuilderInputs { deps, layouts } = match self.builder_deps(batch, contexts)? {
            Ok(inputs) => inputs,
            Err(found) => {
                let expected = "inputs that can be given to the build";
                return Ok(each(&|name| finding(FindingName::ImageFailed, name, "", expected, found.clone())));
            }
        };
        let lines = BuildLines { targets: batch, secrets: &secrets.ids };
        let action = self.derived(&lines, self.builder_work(&batch[0])?, deps)?;
        let executed = match self.execute_build((what, batch), &action, secrets.handed).await {
            Ok(executed) => executed,
            Err(EngineError::Call { doing, reason, .. }) if doing.contains("container") => {
                return Ok(each(&|name| no_builder(name, format!("the engine could not {doing}: {reason}"))));
            }
            Err(error) => return Err(error.into()),
        };
        let output: TreePath = OUTPUT.parse().expect("a constant path");
        let out = match executed.result.outputs.get(&output) {
            Some(Output::Directory { root }) if executed.ending == (Ending::Exited { code: 0 }) => Some(*root),
            _ => None,
        };
        let secrets = &secrets.ids;
        let made =
            BatchEnd { targets: batch.len(), action: &action, layouts: &layouts, secrets, executed: &executed, out };
        let mut built = BuiltTargets::new();
        for (number, target) in batch.iter().enumerate() {
            built.insert(target.key(), self.read_target(target, number, &made).await?);
        }
        Ok(built)
    }

    /// Reads the image of a target.
    async fn read_target(
        &self,
        target: &BuildkitTarget<'_>,
        number: usize,
        made: &BatchEnd<'_>,
    ) -> Result<Result<BuiltByBuildkit, NotBuilt>, ReleaseError> {
        let BuildkitTarget { name, buildkit, platform, .. } = *target;
        let at: TreePath = number.to_string().parse().expect("a number is a path");
        let layout = match made.out {
            Some(out) => export::lookup(&**self.context.store, out, &at)?,
            None => None,
        };
        let Some(TreeNode::Directory { digest: layout }) = layout else {
            return Ok(Err(self.why_not_built(target, (number, made.targets), made.executed)?));
        };
        let (parts, blobs) = match self.read_layout(target, layout, made.layouts).await {
            Err(ReleaseError::Tar { source, .. }) => {
                let expected = "an image of files, folders and links that have names in UTF-8";
                let found = source.to_string();
                return Ok(Err(finding(FindingName::ImageUndecided, name, "tree", expected, found).into()));
            }
            Err(ReleaseError::Unbelievable { reason, .. }) => {
                let expected = format!("one image for {platform}");
                return Ok(Err(finding(FindingName::ImageFailed, name, "", expected, reason).into()));
            }
            read => read?,
        };
        let made_for = self.platform_of(parts)?;
        if made_for != platform.to_string() {
            let expected = platform.to_string();
            let is_foreign = platform != self.machine_platform(name)?;
            let at = if is_foreign { format!("platforms.{platform}.config") } else { "config".to_owned() };
            return Ok(Err(finding(FindingName::ImageFailed, name, &at, expected, made_for).into()));
        }
        let contexts = buildkit.contexts.iter().map(|(called, context)| (called.clone(), context.to_string()));
        let entry = BuilderEntry {
            image: buildkit.image.clone(),
            bases: buildkit.bases.clone(),
            contexts: contexts.collect(),
            programs: buildkit.programs.iter().map(|(name, path)| (name.clone(), path.to_string())).collect(),
            secrets: made.secrets.clone(),
            action: made.action.digest(),
            command: Some(Digest::of(&made.action.command.encode())),
        };
        Ok(Ok(BuiltByBuildkit { parts, entry, blobs }))
    }

    /// Loads an image into the engine until the value that comes back is dropped.
    pub(super) async fn hold(
        &self,
        host: &dyn ImageHost,
        name: &Name,
        built: &BuiltByBuildkit,
    ) -> Result<rcrepro_engine::BuiltTarget, ReleaseError> {
        let label = format!("{}/{name}", self.packet);
        let (store, blobs) = (self.context.store.clone(), built.blobs.clone());
        let archive = |tag: String| stream_of(move |out| write_archive(&blobs, Some(&tag), store.as_ref(), out));
        Ok(host.hold_image(&label, built.blobs.config.hash, Box::new(archive)).await?)
    }

    /// Gives the named contexts of an image; refuses what cannot be built, and a step that requires a secret which is not here.
    fn given(
        &self,
        name: &Name,
        (image, buildkit): (&ReleaseImage, &BuildkitImage),
    ) -> Result<Result<BTreeMap<String, Digest>, Refusal>, ReleaseError> {
        let judgement = self.judgement(name, image)?;
        if let Some(refusal) = listed(&judgement.refused) {
            return Ok(Err(refusal));
        }
        let reading = judgement.reading.unwrap_or_default();
        let missing = missing_secrets(&buildkit.secrets, &reading, &self.workspace.folder);
        if let Some((mount, source)) = missing.into_iter().find(|(mount, _)| mount.is_required) {
            let at = format!("{}:{}", image.dockerfile, mount.line);
            let remedy = build_secrets::remedy(source);
            let found = format!("{at} requires the secret `{}`: this machine has no {source}: {remedy}", mount.id);
            return Ok(Err(Refusal { expected: "the secrets that steps require", found }));
        }
        let contexts = self.named_contexts(buildkit)?;
        Ok(contexts.map_err(|found| Refusal { expected: "inputs that can be given to the build", found }))
    }

    /// Runs the builder, and says which step it takes.
    async fn execute_build(
        &self,
        (what, batch): (&str, &[BuildkitTarget<'_>]),
        action: &Action,
        secrets: Option<StepSecrets>,
    ) -> Result<Executed, EngineError> {
        let context = &self.context;
        let builder = &batch[0].buildkit.image;
        let memory = context.engine.info().machine.memory(None);
        let live = LiveOutput::default();
        let execution = Execution {
            action,
            image: &self.resolved.images[builder].identity(builder),
            label: &format!("{}/{}", self.packet, names(batch).join("+")),
            limits: Limits { time: time(batch.len()), memory: memory.amount, pids: 8192, output: OWN_OUTPUT },
            network: Network::None,
            privilege: Privilege::ImageBuilder { secrets },
            world: &World { user: 0, ..World::real() },
            turn: None,
            live: Some(&live),
        };
        let executed = context.engine.execute(&execution, &**context.store, context.cancel);
        self.tell_steps(what, batch, &live, executed).await
    }

    /// Reads what the build left, on a thread that may take its time.
    async fn read_layout(
        &self,
        target: &BuildkitTarget<'_>,
        layout: Digest,
        given: &[Digest],
    ) -> Result<(Parts, ImageBlobs), ReleaseError> {
        let BuildkitTarget { name, platform, .. } = *target;
        let unbelievable = |reason: String| ReleaseError::Unbelievable { image: name.clone(), reason };
        let (store, folded, given) = (self.context.store.clone(), self.folded.clone(), given.to_vec());
        let read = tokio::task::spawn_blocking(move || image::read(&*store, (layout, &given), platform, &folded));
        read.await.map_err(|error| unbelievable(error.to_string()))?.map_err(|refused| refused.of(name))
    }

    /// Gives the platform that an image says it is for.
    fn platform_of(&self, parts: Parts) -> Result<String, ReleaseError> {
        let settings = image_settings::decode(&self.context.store.get(parts.config)?);
        Ok(settings
            .map_or_else(|error| error.to_string(), |settings| format!("{}/{}", settings.os, settings.architecture)))
    }

    /// Gives the platform of the machine that builds.
    pub(super) fn machine_platform(&self, name: &Name) -> Result<ImagePlatform, ReleaseError> {
        let isa = &self.resolved.isa;
        let unknown = || ReleaseError::Unbelievable { image: name.clone(), reason: format!("no image is for {isa}") };
        ImagePlatform::of_isa(isa).ok_or_else(unknown)
    }
}

/// Names the images of a batch, each once.
fn names<'a>(batch: &[BuildkitTarget<'a>]) -> Vec<&'a str> {
    let mut names: Vec<&str> = batch.iter().map(|target| target.name.as_str()).collect();
    names.dedup();
    names
}

/// Says what a batch builds.
fn told(batch: &[BuildkitTarget<'_>], round: Round) -> String {
    let names = names(batch);
    let platforms: BTreeSet<String> = batch.iter().map(|target| target.platform.to_string()).collect();
    let platforms: Vec<String> = platforms.into_iter().collect();
    let more = if platforms.len() > 1 { format!(" for {}", platforms.join(", ")) } else { String::new() };
    told_of(&names, &more, round)
}

fn told_of(names: &[&str], more: &str, round: Round) -> String {
    let noun = if names.len() == 1 { "release image" } else { "release images" };
    let round = if round == Round::Second { ", again" } else { "" };
    format!("{noun} {}{more}{round}", names.join(", "))
}
