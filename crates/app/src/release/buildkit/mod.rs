//! Builds a target by BuildKit, in a container of a locked image that the plan names.
//!
//! The build is an action like a command's: its input root holds the context, every image that the Dockerfile builds on, and the
//! scripts that start the builder; its output is an OCI layout. See `docs/design/release-images.md`.

mod action;
mod image;
mod inputs;
mod target;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

pub(super) use self::action::recorded_command;
use self::action::{BuildLine, OUTPUT, all_arguments, layout_folders};
pub(super) use self::target::BuildkitTarget;
use super::build::{Refusal, listed, tail};
use super::context::text_of;
use super::error::ReleaseError;
use super::not_built::{NotBuilt, step};
use super::step::{ReleaseStep, finding};
use crate::machine::build_secrets;
use crate::toolchain::load::stream_of;
use crate::workspace::source::release_image::missing_secrets;
use rcrepro_engine::{
    EngineError, Executed, Execution, ImageHost, Limits, Network, OWN_OUTPUT, Privilege, StepSecrets,
};
use rcrepro_images::oci::image::ImageBlobs;
use rcrepro_images::oci::layout::write_archive;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::release_record::{BuilderEntry, OtherPlatformEntry, Parts};
use rcrepro_model::execution::action::{Action, Ending, Output};
use rcrepro_model::execution::ending;
use rcrepro_model::execution::event::RunEvent;
use rcrepro_model::execution::world::World;
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::plan::release_image::{BuildkitImage, ReleaseImage};
use rcrepro_store::BlobStore as _;

/// How long one target may take.
const TIMEOUT: Duration = Duration::from_secs(3600);
/// The exit code of `build.sh` when the builder itself does not start.
const NO_BUILDER: i32 = 70;
/// The line before and after what the step that failed has written.
const RULER: &str = "------";

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
    /// Builds a target. What keeps it from being built is a finding.
    ///
    /// # Errors
    /// [`ReleaseError`] when that cannot be said.
    pub(super) async fn build_by_buildkit(
        &self,
        target: &BuildkitTarget<'_>,
    ) -> Result<Result<BuiltByBuildkit, NotBuilt>, ReleaseError> {
        let BuildkitTarget { name, platform, .. } = *target;
        let is_foreign = platform != self.machine_platform(name)?;
        let what =
            format!("release image {name}{}", if is_foreign { format!(" for {platform}") } else { String::new() });
        (self.context.observe)(RunEvent::Preparing { what: what.clone() });
        let began = Instant::now();
        let built = self.build_in_a_container(target).await?;
        let how =
            if built.is_ok() { format!("built, {} s", began.elapsed().as_secs()) } else { "NOT built".to_owned() };
        (self.context.observe)(RunEvent::Prepared { what, how });
        Ok(built)
    }

    async fn build_in_a_container(
        &self,
        target: &BuildkitTarget<'_>,
    ) -> Result<Result<BuiltByBuildkit, NotBuilt>, ReleaseError> {
        let BuildkitTarget { name, buildkit, platform, .. } = *target;
        let secrets = match build_secrets::read(&buildkit.secrets, &self.workspace.folder) {
            Ok(secrets) => secrets,
            Err((id, error)) => {
                let found = format!("secret `{id}`, `{}`: {error}", buildkit.secrets[&id]);
                let expected = "a secret that can be read";
                return Ok(Err(finding(FindingName::ImageUndecided, name, "", expected, found).into()));
            }
        };
        let action = match self.build_action(target, &secrets.ids)? {
            Ok(action) => action,
            Err(Refusal { expected, found }) => {
                return Ok(Err(finding(FindingName::ImageFailed, name, "", expected, found).into()));
            }
        };
        let executed = match self.execute_build(name, buildkit, &action, secrets.handed).await {
            Ok(executed) => executed,
            Err(EngineError::Call { doing, reason, .. }) if doing.contains("container") => {
                return Ok(Err(no_builder(name, format!("the engine could not {doing}: {reason}")).into()));
            }
            Err(error) => return Err(error.into()),
        };
        let output: TreePath = OUTPUT.parse().expect("a constant path");
        let layout = match executed.result.outputs.get(&output) {
            Some(Output::Directory { root }) if executed.ending == (Ending::Exited { code: 0 }) => *root,
            _ => return Ok(Err(self.not_built(target, &executed)?)),
        };
        let (parts, blobs) = match self.read_layout(name, layout, platform).await {
            Err(ReleaseError::Tar { source, .. }) => {
                let expected = "an image of files, folders and links that have names in UTF-8";
                let found = source.to_string();
                return Ok(Err(finding(FindingName::ImageUndecided, name, "tree", expected, found).into()));
            }
            read => read?,
        };
        let contexts = buildkit.contexts.iter().map(|(called, context)| (called.clone(), context.to_string()));
        let entry = BuilderEntry {
            image: buildkit.image.clone(),
            bases: buildkit.bases.clone(),
            contexts: contexts.collect(),
            secrets: secrets.ids,
            action: action.digest(),
            command: Some(Digest::of(&action.command.encode())),
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

    /// Derives the build's action and stores what it names. What keeps it from being one is a refusal.
    fn build_action(
        &self,
        target: &BuildkitTarget<'_>,
        secrets: &BTreeSet<String>,
    ) -> Result<Result<Action, Refusal>, ReleaseError> {
        let BuildkitTarget { name, image, buildkit, .. } = *target;
        let arguments = match self.checked(name, (image, buildkit))? {
            Ok(arguments) => arguments,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let images = layout_folders(image, buildkit);
        let deps = match self.builder_deps(image, buildkit, &images)? {
            Ok(deps) => deps,
            Err(found) => return Ok(Err(Refusal { expected: "inputs that can be given to the build", found })),
        };
        let work = self.builder_work(image)?;
        let source = BuildLine { target, images: &images, arguments: &arguments, secrets };
        Ok(Ok(self.derived(&source, work, deps)?))
    }

    /// Gives the build arguments; refuses what cannot be built, and a step that requires a secret which is not here.
    fn checked(
        &self,
        name: &Name,
        (image, buildkit): (&ReleaseImage, &BuildkitImage),
    ) -> Result<Result<BTreeMap<String, String>, Refusal>, ReleaseError> {
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
        Ok(Ok(all_arguments(image, self.resolved)))
    }

    /// Runs the builder.
    async fn execute_build(
        &self,
        name: &Name,
        buildkit: &BuildkitImage,
        action: &Action,
        secrets: Option<StepSecrets>,
    ) -> Result<Executed, EngineError> {
        let context = &self.context;
        let memory = context.engine.info().machine.memory(None);
        let execution = Execution {
            action,
            image: &self.resolved.images[&buildkit.image].identity(&buildkit.image),
            label: &format!("{}/{name}", self.packet),
            limits: Limits { time: TIMEOUT, memory: memory.amount, pids: 8192, output: OWN_OUTPUT },
            network: Network::None,
            privilege: Privilege::ImageBuilder { secrets },
            world: &World { user: 0, ..World::real() },
            turn: None,
            live: None,
        };
        context.engine.execute(&execution, &**context.store, context.cancel).await
    }

    /// Says why a build left no image.
    fn not_built(&self, target: &BuildkitTarget<'_>, executed: &Executed) -> Result<NotBuilt, ReleaseError> {
        let BuildkitTarget { name, image, buildkit, platform } = *target;
        let said = self.context.store.get(executed.result.stderr)?;
        let said = lines_of_steps(&String::from_utf8_lossy(&said));
        let memory = self.context.engine.info().machine.memory(None).amount;
        match executed.ending {
            Ending::Exited { code: NO_BUILDER } => Ok(no_builder(name, tail(&said)).into()),
            Ending::Exited { .. } => {
                let reason = said.lines().rev().find_map(|line| line.strip_prefix("error: "));
                let mut reason = reason.unwrap_or("it ended without saying why").to_owned();
                let missing = |id: &&String| reason.contains(&format!("secret {id}: not found"));
                if let Some(id) = buildkit.secrets.keys().find(missing) {
                    reason = format!("{reason}: this machine has no {}", buildkit.secrets[id]);
                }
                let expected = format!("{} builds for {platform}", image.stage());
                let dockerfile = text_of(&**self.context.store, self.resolved.source, &image.dockerfile)?;
                let place = step(&image.dockerfile, &dockerfile.unwrap_or_default(), &said);
                let found = format!("{reason}{place}{}", failed_step(&said));
                let finding = finding(FindingName::ImageFailed, name, "", expected, found);
                Ok(NotBuilt { finding, output: Some(said) })
            }
            other => {
                let found = ending::with_fixed_limits(other.into(), executed.result.exit_code, (TIMEOUT, memory));
                let found = format!("{found}{}", tail(&said));
                let finding = finding(FindingName::ImageFailed, name, "", "an end of the build", found);
                Ok(NotBuilt { finding, output: Some(said) })
            }
        }
    }

    /// Reads what the build left, on a thread that may take its time.
    async fn read_layout(
        &self,
        name: &Name,
        layout: Digest,
        platform: ImagePlatform,
    ) -> Result<(Parts, ImageBlobs), ReleaseError> {
        let unbelievable = |reason: String| ReleaseError::Unbelievable { image: name.clone(), reason };
        let store = self.context.store.clone();
        let read = tokio::task::spawn_blocking(move || image::read(&*store, layout, platform));
        read.await.map_err(|error| unbelievable(error.to_string()))?.map_err(|refused| refused.of(name))
    }

    /// Gives the platform of the machine that builds.
    pub(super) fn machine_platform(&self, name: &Name) -> Result<ImagePlatform, ReleaseError> {
        let isa = &self.resolved.isa;
        let unknown = || ReleaseError::Unbelievable { image: name.clone(), reason: format!("no image is for {isa}") };
        ImagePlatform::of_isa(isa).ok_or_else(unknown)
    }
}

/// Leaves out what the builder's client logs for its own developers.
fn lines_of_steps(said: &str) -> String {
    said.lines().filter(|line| !line.starts_with("time=\"")).collect::<Vec<_>>().join("\n")
}

/// Shows the step that failed: the last lines that it wrote, and its place in the Dockerfile. What the client repeats after that is left out.
fn failed_step(said: &str) -> String {
    let lines: Vec<&str> = said.lines().filter(|line| !line.starts_with("error: ")).collect();
    let rulers: Vec<usize> = (0..lines.len()).filter(|at| lines[*at] == RULER).collect();
    let [.., begin, end] = rulers[..] else { return tail(&lines.join("\n")) };
    if !lines.get(begin + 1).is_some_and(|line| line.starts_with(" > ")) {
        return tail(&lines.join("\n"));
    }
    let place = &lines[end + 1..];
    format!("{}{}{}", tail(lines[begin + 1]), tail(&lines[begin + 2..end].join("\n")), tail(&place.join("\n")))
}

fn no_builder(name: &Name, found: String) -> Finding {
    finding(FindingName::ImageUndecided, name, "", "an engine that lets a container mount file systems", found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_build_that_failed_the_steps_own_words_and_its_place_are_shown() {
        let log: String = (1..=40).map(|line| format!("0.{line} line {line}\n")).collect();
        let said = format!(
            "#9 DONE 0.1s\n------\n > [web 5/6] RUN tsc:\n{log}0.9 a.ts(1,2): error\n------\nDockerfile:16\n  16 | >>> RUN tsc\nerror: failed to solve"
        );
        let shown = failed_step(&said);
        assert!(shown.contains("| > [web 5/6] RUN tsc:") || shown.contains("|  > [web 5/6] RUN tsc:"), "{shown}");
        assert!(
            shown.contains("line 40") && shown.contains("a.ts(1,2): error") && !shown.contains("line 2\n"),
            "{shown}"
        );
        assert!(shown.contains("Dockerfile:16") && !shown.contains("failed to solve"), "{shown}");
        assert!(failed_step("no step\nat all").contains("at all"));
    }
}
