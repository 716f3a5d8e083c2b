//! What is recorded of the release's own images, beside a packet's manifest.

#![warn(clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::finding::Finding;
use super::manifest::{FrozenEntry, ImageEntry};
use crate::content::digest::Digest;
use crate::content::name::Name;
use crate::execution::action::ActionResult;
use crate::plan::packet_id::PacketId;

/// The version of the record's format that this build writes.
///
/// 5 has one action for all platforms of an image by BuildKit, and what was read in each image's files, which the judgement of its validation rests on.
/// 4 says how each image's health check came out and how it ended when it was stopped, ties the line of a build by BuildKit, and has images
/// for further platforms. 3 has images that a builder of our own made: which one, what it was given, and the manifest that came out. 2 ties the streams and the exit code of each run and smoke command to an `ActionResult`; 1 has the streams only.
pub const RELEASE_RECORD_VERSION: u32 = 5;

/// The oldest version of the record's format that this build reads.
pub const OLDEST_RELEASE_RECORD_VERSION: u32 = 1;

/// What must be equal everywhere when the images are built and tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseRecord {
    /// The format's version, [`OLDEST_RELEASE_RECORD_VERSION`] to [`RELEASE_RECORD_VERSION`].
    pub version: u32,
    /// The packet that builds the images.
    pub packet: PacketId,
    /// The plan's bytes.
    pub plan: Digest,
    /// The root of the source, which is the builds' context.
    pub source: Digest,
    /// `SOURCE_DATE_EPOCH` in seconds.
    pub date_epoch: i64,
    /// REAPI's `ISA` of the machine that they were built on.
    pub isa: String,
    /// The locked images that they were built and tried with.
    pub locked: BTreeMap<Name, ImageEntry>,
    /// The frozen inputs that they were built and tried with.
    pub frozen: BTreeMap<Name, FrozenEntry>,
    /// Every image of the packet, by its name in the plan.
    pub images: BTreeMap<Name, BuiltEntry>,
}

/// What makes two builds of a target the same image: without file times and the build's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// The root `Directory` of its file system: names, contents, symbolic links, executable bits.
    pub tree: Digest,
    /// Its configuration, as canonical JSON.
    pub config: Digest,
    /// Mode and owner of every path, as canonical JSON.
    pub owners: Digest,
    /// The OCI manifest, which fixes every byte of the image; none where the engine's classic builder made it, which puts the time
    /// of day into its layers.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub manifest: Option<Digest>,
    /// The OCI image configuration that the manifest names; `config` is what of it counts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub image_config: Option<Digest>,
}

impl Parts {
    /// Lists the blobs; of the tree, its root.
    pub fn blobs(self) -> impl Iterator<Item = Digest> {
        [Some(self.tree), Some(self.config), Some(self.owners), self.manifest, self.image_config].into_iter().flatten()
    }
}

/// What a builder of our own was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuilderEntry {
    /// The image that it ran in.
    pub image: Name,
    /// References of the Dockerfile, and the locked image that each meant.
    pub bases: BTreeMap<String, Name>,
    /// Named contexts, as the plan writes them.
    pub contexts: BTreeMap<String, String>,
    /// Programs of the source that steps found before those of their base, by name, with their paths.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub programs: BTreeMap<String, String>,
    /// The ids of secrets that the plan names and that were there; what they were is recorded nowhere.
    pub secrets: BTreeSet<String>,
    /// The REAPI `Action` of the build.
    pub action: Digest,
    /// The REAPI `Command` of that action: the line of the build; none in records of version 3.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub command: Option<Digest>,
}

/// An image that was built for another platform than that of the machine, and was not started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherPlatformEntry {
    /// The REAPI `Action` of the build.
    pub action: Digest,
    /// The REAPI `Command` of that action.
    pub command: Digest,
    /// The parts of the first build.
    pub parts: Parts,
    /// What was built a second time, from nothing.
    pub again: Parts,
    /// What was read in its files, an [`ImageInspection`](super::inspection::ImageInspection); none in records before version 5.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub inspection: Option<Digest>,
}

/// One image that was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuiltEntry {
    /// The stage.
    pub target: String,
    /// The build arguments, without those that name builders.
    pub arguments: BTreeMap<String, String>,
    /// The build arguments that name builders, with the locked image.
    pub builders: BTreeMap<String, Name>,
    /// What built it, where that was not the engine's classic builder.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub builder: Option<BuilderEntry>,
    /// The parts of the first build.
    pub parts: Parts,
    /// What was built a second time, from nothing.
    pub again: Parts,
    /// What was read in its files, an [`ImageInspection`](super::inspection::ImageInspection); none in records before version 5.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub inspection: Option<Digest>,
    /// The same for further platforms, such as `linux/arm64`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub platforms: BTreeMap<String, OtherPlatformEntry>,
    /// How it ran by itself, in the plan's order.
    pub runs: Vec<RunEntry>,
    /// What ran beside it, in the plan's order.
    pub smoke: Vec<SmokeEntry>,
}

impl ReleaseRecord {
    /// Whether the two builds of an image differ.
    #[must_use]
    pub fn differs_from_itself(&self) -> bool {
        self.images.values().flat_map(BuiltEntry::builds).any(|(_, one, again)| one != again)
    }
}

impl BuiltEntry {
    /// Lists the two builds for each platform; none is the machine's.
    pub fn builds(&self) -> impl Iterator<Item = (Option<&str>, Parts, Parts)> {
        let others = self.platforms.iter().map(|(platform, one)| (Some(platform.as_str()), one.parts, one.again));
        [(None, self.parts, self.again)].into_iter().chain(others)
    }

    /// Lists the image of each platform with what was read in its files; the first is that of the machine, whose place is empty.
    pub fn inspections(&self) -> impl Iterator<Item = (&str, Parts, Digest)> + '_ {
        let others = self.platforms.iter().map(|(name, one)| (name.as_str(), one.parts, one.inspection));
        let all = [("", self.parts, self.inspection)].into_iter().chain(others);
        all.filter_map(|(platform, parts, inspection)| Some((platform, parts, inspection?)))
    }

    /// Lists the parts of every build with the place of each in the record.
    pub fn all_parts(&self) -> impl Iterator<Item = (String, Parts)> + '_ {
        let of = |at: &str, parts: Parts, again: Parts| [(format!("{at}parts"), parts), (format!("{at}again"), again)];
        let others =
            self.platforms.iter().flat_map(move |(name, one)| of(&format!("platforms.{name}."), one.parts, one.again));
        of("", self.parts, self.again).into_iter().chain(others)
    }
}

/// One run of the image by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunEntry {
    /// What followed the entry point.
    pub arguments: Vec<String>,
    /// The status that the container ended with.
    pub exit_code: i32,
    /// Its standard output.
    pub stdout: Digest,
    /// Its standard error.
    pub stderr: Digest,
    /// The REAPI `ActionResult` of exit code and streams; none in records of version 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub result: Option<Digest>,
}

/// One command that ran beside a container of the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmokeEntry {
    /// The command's id.
    pub id: Name,
    /// The shell line.
    pub line: String,
    /// The image that the command ran in.
    pub image: Name,
    /// The REAPI `Action` that it was.
    pub action: Digest,
    /// The status that the smoke command ended with; 0 is a pass.
    pub exit_code: i32,
    /// Its standard output.
    pub stdout: Digest,
    /// Its standard error.
    pub stderr: Digest,
    /// The REAPI `ActionResult` of exit code and streams; none in records of version 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub result: Option<Digest>,
    /// How the image's own container had ended before the command did; none when it still ran.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gone: Option<i64>,
    /// The exit code of the image's own container after its stop signal, 137 when it had to be killed; none when it had ended before,
    /// and in records before version 4.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stopped: Option<i64>,
    /// What the image's own health check came to before the command began; none for an image without one, and in records before version 4.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub health: Option<HealthOutcome>,
}

/// What an image's own health check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HealthOutcome {
    /// It passed.
    Healthy,
    /// It failed, or never passed.
    Unhealthy,
}

/// Makes the `ActionResult` that ties an exit code to streams.
#[must_use]
pub fn result_of(exit_code: i32, stdout: Digest, stderr: Digest) -> ActionResult {
    ActionResult { exit_code, stdout, stderr, outputs: BTreeMap::new() }
}

impl ReleaseRecord {
    /// Whether each run and smoke command names its result exactly when the version has results.
    #[must_use]
    pub fn has_results_of_its_version(&self) -> bool {
        let of_image = |built: &BuiltEntry| {
            let runs = built.runs.iter().map(|run| run.result);
            runs.chain(built.smoke.iter().map(|smoke| smoke.result)).collect::<Vec<_>>()
        };
        self.images.values().flat_map(of_image).all(|result| result.is_some() == (self.version >= 2))
    }

    /// Whether each image has a manifest exactly when a builder of our own made it, and only a version that has such images.
    #[must_use]
    pub fn has_manifests_of_its_builders(&self) -> bool {
        let any = self.images.values().any(|built| built.builder.is_some());
        let fits = match self.version {
            0..=2 => !any,
            3 => any,
            _ => true,
        };
        fits && self.images.values().all(|built| {
            let ours = built.builder.is_some();
            let others = built.platforms.values().flat_map(|one| [one.parts, one.again]);
            let has = |one: Parts| one.manifest.is_some() == ours && one.image_config.is_some() == ours;
            [built.parts, built.again].into_iter().chain(others).all(has)
        })
    }

    /// Whether it holds each image's end, health, line and platforms exactly as its version has them.
    #[must_use]
    pub fn has_ends_of_its_version(&self) -> bool {
        let is_fourth = self.version >= 4;
        self.images.values().all(|built| {
            let smoke = built.smoke.iter().all(|smoke| match is_fourth {
                true => smoke.stopped.is_some() != smoke.gone.is_some(),
                false => smoke.stopped.is_none() && smoke.health.is_none(),
            });
            let lines = built.builder.iter().all(|builder| builder.command.is_some() == is_fourth);
            smoke && lines && (is_fourth && built.builder.is_some() || built.platforms.is_empty())
        })
    }

    /// Whether each image names what was read in its files exactly when the version has that.
    #[must_use]
    pub fn has_inspections_of_its_version(&self) -> bool {
        let is_fifth = self.version >= 5;
        self.images.values().all(|built| {
            let others = built.platforms.values().map(|one| one.inspection);
            [built.inspection].into_iter().chain(others).all(|inspection| inspection.is_some() == is_fifth)
        })
    }

    /// Lists the blobs that the record names directly; of trees, their roots.
    pub fn blobs(&self) -> impl Iterator<Item = Digest> + '_ {
        let of_image = |built: &BuiltEntry| {
            let parts = built.all_parts().flat_map(|(_, parts)| parts.blobs());
            let parts =
                parts.chain(built.builder.iter().flat_map(|builder| [Some(builder.action), builder.command]).flatten());
            let parts = parts.chain(built.platforms.values().flat_map(|one| [one.action, one.command]));
            let parts = parts.chain(built.inspections().map(|(_, _, inspection)| inspection));
            let runs = built.runs.iter().flat_map(|run| [Some(run.stdout), Some(run.stderr), run.result]);
            let smoke = built
                .smoke
                .iter()
                .flat_map(|smoke| [Some(smoke.action), Some(smoke.stdout), Some(smoke.stderr), smoke.result]);
            parts.chain(runs.chain(smoke).flatten()).collect::<Vec<_>>()
        };
        let locks = self.locked.values().map(|image| image.lock).chain(self.frozen.values().map(|input| input.lock));
        [self.plan].into_iter().chain(locks).chain(self.images.values().flat_map(of_image))
    }
}

/// What became of a packet's images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    /// What is recorded; none when an image could not be built, or nothing could be decided.
    pub record: Option<ReleaseRecord>,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// Where the record was written, when nothing is wrong.
    pub written: Option<String>,
    /// The images that were built a second time, to be compared: none in a replay, which compares with a record.
    pub twice: BTreeSet<Name>,
    /// What the builders said of the images that they did not build.
    pub outputs: BTreeMap<Name, String>,
}
