//! The release's own images: built on the engine from the certified source, twice, and tried.
//!
//! No command can do that: nothing in our containers reaches the engine, and nothing shall. See
//! `docs/design/release-images.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::pin::pin;

use self::build::Builders;
use self::buildkit::{BuiltByBuildkit, BuiltTargets, Round};
use self::error::ReleaseError;
use self::not_built::NotBuilt;
use self::step::{Found, ReleaseStep, finding, record_path};
use self::trial::Trial;
use super::evidence;
use super::why::records::ImageOfSource;
use rcrepro_engine::{BuiltTarget, ImageHost};
use rcrepro_format::records::release_json;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::finding::FindingName;
use rcrepro_model::evidence::release_record::{
    BuilderEntry, BuiltEntry, OtherPlatformEntry, Parts, RELEASE_RECORD_VERSION, ReleaseRecord, Released,
};
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::plan::release_image::{BuildkitImage, ReleaseImage};
use rcrepro_store::BlobStore as _;
use rcrepro_store::fs::FsStore;

mod build;
mod buildkit;
pub(crate) mod compare;
mod contents;
mod context;
pub mod error;
mod explained;
pub(crate) mod fact;
mod judge;
pub mod latest;
mod not_built;
pub mod publish;
mod read;
mod spoken;
pub(crate) mod step;
mod trial;
mod validation;
pub mod verify;

#[cfg(test)]
mod tests;

/// An image that was built.
struct Made {
    parts: Parts,
    /// What holds it in the engine; none when it need not be tried.
    target: Option<BuiltTarget>,
    /// What built it, where that was not the engine's classic builder.
    builder: Option<BuilderEntry>,
    /// The same target for other platforms.
    others: BTreeMap<ImagePlatform, BuiltByBuildkit>,
}

impl ReleaseStep<'_> {
    /// Builds and tries the packet's images, in the plan's order; none for a packet without any. With several lanes, BuildKit builds the
    /// second time beside the first and its trials; that is broken off if no image was built the first time.
    ///
    /// # Errors
    /// [`ReleaseError`] when they cannot be judged. A target that cannot be built, or does not do what it must, is a
    /// finding.
    pub async fn release(&self) -> Result<Option<Released>, ReleaseError> {
        let plan = &self.workspace.plan;
        let images: Vec<(&Name, &ReleaseImage)> =
            plan.packets.get(self.packet).into_iter().flat_map(|packet| plan.released(packet)).collect();
        if images.is_empty() {
            return Ok(None);
        }
        let host = match self.builds(&images) {
            Ok(host) => host,
            Err(reason) => {
                let undecided = |(name, _): &(&Name, _)| {
                    finding(FindingName::ImageUndecided, name, "", "an engine that builds it", &*reason)
                };
                let findings = images.iter().map(undecided).collect();
                let (twice, outputs) = (BTreeSet::new(), BTreeMap::new());
                return Ok(Some(Released { record: None, findings, written: None, twice, outputs }));
            }
        };
        let mut all = Found::default();
        let mut again = pin!(self.build_by_buildkit(&images, Round::Second));
        let mut made_again = None;
        let mut built = {
            let mut first = pin!(self.build_and_try(host, &images, &mut all));
            let is_beside = self.twice && self.lanes > 1;
            loop {
                tokio::select! {
                    biased;
                    built = &mut first => break built?,
                    made = &mut again, if is_beside && made_again.is_none() => made_again = Some(made?),
                }
            }
        };
        // A fault of one image, or of its trials, tells nothing of whether it is built alike twice.
        let twice: Vec<(&Name, &ReleaseImage)> =
            images.iter().copied().filter(|(name, _)| self.twice && built.contains_key(*name)).collect();
        if !twice.is_empty() {
            let mut made = match made_again {
                Some(made) => made,
                None if self.lanes > 1 => again.await?,
                None => self.build_by_buildkit(&twice, Round::Second).await?,
            };
            self.build_again(host, (&twice, &mut made), &mut built, &mut all).await?;
        }
        for (name, image) in &images {
            if let Some(entry) = built.get(*name) {
                let mut found = judge::judge(name, image, entry, &**self.context.store)?;
                all.with_words(&mut found);
                all.drop_counts(name, (image, entry), &mut found);
                let of = ImageOfSource { name, image: Some(image), source: self.resolved.source };
                let builds = entry.builds().map(|(platform, one, again)| (platform, [one, again]));
                explained::explain(&mut found, &of, builds, &**self.context.store)?;
                all.findings.extend(found);
            }
        }
        let Found { mut findings, words, twice, outputs } = all;
        findings.extend(words);
        let whole = built.len() == images.len();
        let record = whole.then(|| self.record(&images, built));
        Ok(Some(Released { record, findings, written: None, twice, outputs }))
    }

    /// Builds each image once and tries it; one that cannot be built becomes a finding and gets no entry.
    async fn build_and_try(
        &self,
        host: &dyn ImageHost,
        images: &[(&Name, &ReleaseImage)],
        all: &mut Found,
    ) -> Result<BTreeMap<Name, BuiltEntry>, ReleaseError> {
        let mut built = BTreeMap::new();
        let mut builders = Builders::default();
        let mut by_buildkit = self.build_by_buildkit(images, Round::First).await?;
        for &(name, image) in images {
            let Made { parts, target, builder, others } =
                match self.make(host, (name, image), (&mut builders, &mut by_buildkit), true).await? {
                    Ok(made) => made,
                    Err(not_built) => {
                        all.not_built(name, not_built);
                        continue;
                    }
                };
            let id = target.as_ref().map_or("", |target| target.id());
            let inspection = Some(self.inspect(image, parts).await?);
            let mut platforms = BTreeMap::new();
            for (platform, built) in others {
                let inspection = Some(self.inspect(image, built.parts).await?);
                platforms.insert(platform.to_string(), OtherPlatformEntry { inspection, ..built.platform_entry() });
            }
            let tried = Trial { step: self, host, name, image, id, parts }.run().await?;
            all.findings.extend(tried.findings);
            all.words.extend(tried.words);
            let entry = BuiltEntry {
                target: image.target.clone(),
                arguments: image.arguments.clone(),
                builders: image.builders.clone(),
                builder,
                parts,
                again: parts,
                inspection,
                platforms,
                runs: tried.runs,
                smoke: tried.smoke,
            };
            built.insert(name.clone(), entry);
            target.into_iter().for_each(|target| builders.keep(target));
        }
        Ok(built)
    }

    /// Builds each image of the classic builder from nothing, with builders of its own and no step of the first time, and notes the parts of all
    /// images as those of the second build.
    async fn build_again(
        &self,
        host: &dyn ImageHost,
        (images, by_buildkit): (&[(&Name, &ReleaseImage)], &mut BuiltTargets),
        built: &mut BTreeMap<Name, BuiltEntry>,
        all: &mut Found,
    ) -> Result<(), ReleaseError> {
        let mut builders = Builders::default();
        for (name, image) in images {
            match self.make(host, (name, image), (&mut builders, by_buildkit), false).await? {
                Ok(Made { parts, target, others, .. }) => {
                    if let Some(entry) = built.get_mut(*name) {
                        entry.again = parts;
                        all.twice.insert((*name).clone());
                        for (platform, other) in others {
                            entry.platforms.entry(platform.to_string()).and_modify(|one| one.again = other.parts);
                        }
                    }
                    target.into_iter().for_each(|target| builders.keep(target));
                }
                Err(not_built) => all.not_built(name, not_built),
            }
        }
        Ok(())
    }

    /// Reads an image that was built as the plan says, or has the engine build it; with `tried` it stays in the engine.
    ///
    /// # Errors
    /// [`ReleaseError`] when it cannot be said whether it was built.
    async fn make(
        &self,
        host: &dyn ImageHost,
        (name, image): (&Name, &ReleaseImage),
        (builders, by_buildkit): (&mut Builders, &mut BuiltTargets),
        tried: bool,
    ) -> Result<Result<Made, NotBuilt>, ReleaseError> {
        let Some(buildkit) = &image.buildkit else {
            return Ok(match self.build(host, name, image, builders).await? {
                Ok(target) => {
                    let parts = self.read(host, name, target.id()).await?;
                    Ok(Made { parts, target: Some(target), builder: None, others: BTreeMap::new() })
                }
                Err(finding) => Err(finding),
            });
        };
        let machine = self.machine_platform(name)?;
        let mut one = |platform| by_buildkit.remove(&(name.clone(), platform)).expect("each target has an outcome");
        let built = match one(machine) {
            Ok(built) => built,
            Err(finding) => return Ok(Err(finding)),
        };
        let mut others = BTreeMap::new();
        for platform in buildkit.other_platforms(machine) {
            match one(platform) {
                Ok(built) => drop(others.insert(platform, built)),
                Err(finding) => return Ok(Err(finding)),
            }
        }
        let target = if tried { Some(self.hold(host, name, &built).await?) } else { None };
        Ok(Ok(Made { parts: built.parts, target, builder: Some(built.entry), others }))
    }

    /// Gives what builds these images; a reason in words where nothing does. By BuildKit every engine builds that keeps images.
    fn builds(&self, images: &[(&Name, &ReleaseImage)]) -> Result<&dyn ImageHost, String> {
        let Some(host) = self.context.image_host else {
            return Err(format!("the engine {} keeps no images", self.context.engine.info().name));
        };
        match (host.cannot_build(), images.iter().find(|(_, image)| image.buildkit.is_none())) {
            (Some(reason), Some((name, _))) => Err(format!(
                "image `{name}` has no `builder`, and {reason}: builder = \"buildkit\" builds on every engine"
            )),
            _ => Ok(host),
        }
    }

    fn record(&self, images: &[(&Name, &ReleaseImage)], built: BTreeMap<Name, BuiltEntry>) -> ReleaseRecord {
        let of_image = |(_, image): &(&Name, &ReleaseImage)| {
            let smoke = image.smoke.iter();
            let frozen = image.frozen.iter().chain(smoke.clone().flat_map(|spec| &spec.frozen)).cloned();
            let buildkit = image.buildkit.iter().flat_map(BuildkitImage::images);
            let locked = image.builders.values().chain(buildkit).chain(smoke.map(|spec| &spec.image)).cloned();
            (locked.collect::<Vec<Name>>(), frozen.collect::<Vec<Name>>())
        };
        let (mut locked, mut frozen) = (BTreeMap::new(), BTreeMap::new());
        for (images, inputs) in images.iter().map(of_image) {
            for name in images {
                locked.insert(name.clone(), self.resolved.images[&name].clone());
            }
            for name in inputs {
                frozen.insert(name.clone(), self.resolved.frozen[&name].clone());
            }
        }
        ReleaseRecord {
            version: RELEASE_RECORD_VERSION,
            packet: self.packet.clone(),
            plan: self.workspace.plan_digest(),
            source: self.resolved.source,
            date_epoch: self.resolved.date_epoch,
            isa: self.resolved.isa.clone(),
            locked,
            frozen,
            images: built,
        }
    }
}

/// Writes a record and its evidence beside the manifest that it belongs to.
///
/// # Errors
/// [`ReleaseError`] when a blob is missing or a file cannot be written.
pub(crate) fn write(manifest: &Path, record: &ReleaseRecord, store: &FsStore) -> Result<PathBuf, ReleaseError> {
    let path = record_path(manifest);
    let mut blobs: BTreeSet<_> = record.blobs().collect();
    let trees = record.images.values().flat_map(BuiltEntry::all_parts).map(|(_, parts)| parts.tree);
    for tree in trees.collect::<BTreeSet<_>>() {
        blobs.extend(evidence::directories(store, tree)?);
    }
    let (bytes, _) = release_json::encode(record);
    store.put(&bytes)?;
    evidence::write_blobs(&path, &bytes, &blobs, store)?;
    Ok(path)
}
