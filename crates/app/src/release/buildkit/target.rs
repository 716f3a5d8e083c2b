//! What builds by BuildKit are of, and which of them share a builder.

use std::collections::BTreeMap;
use std::time::Duration;

use rcrepro_model::content::name::Name;
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::plan::release_image::{BuildkitImage, ReleaseImage};

/// How long one target may take.
const TIMEOUT: Duration = Duration::from_secs(3600);

/// One target for one platform.
#[derive(Clone, Copy)]
pub(in crate::release) struct BuildkitTarget<'a> {
    pub name: &'a Name,
    /// The image's table in the plan.
    pub image: &'a ReleaseImage,
    /// Its keys for BuildKit.
    pub buildkit: &'a BuildkitImage,
    /// The platform that it is built for.
    pub platform: ImagePlatform,
}

/// What each target's build is called by.
pub(in crate::release) type TargetKey = (Name, ImagePlatform);

impl BuildkitTarget<'_> {
    pub(in crate::release) fn key(&self) -> TargetKey {
        (self.name.clone(), self.platform)
    }
}

/// Groups targets by the builder that they share, in the plan's order: one that sees the same frozen inputs and secrets. Such a builder
/// takes a step that two targets have in common once. An image's first target is the machine's own platform.
pub(in crate::release) fn batches<'a>(
    images: impl IntoIterator<Item = (&'a Name, &'a ReleaseImage)>,
    machine: ImagePlatform,
) -> Vec<Vec<BuildkitTarget<'a>>> {
    let mut batches: Vec<Vec<BuildkitTarget<'a>>> = Vec::new();
    let mut places = BTreeMap::new();
    for (name, image) in images {
        let Some(buildkit) = &image.buildkit else { continue };
        let secrets: Vec<_> = buildkit.secrets.iter().map(|(id, source)| (id, source.to_string())).collect();
        let place = *places.entry((&buildkit.image, &image.frozen, secrets)).or_insert_with(|| {
            batches.push(Vec::new());
            batches.len() - 1
        });
        let platforms = [machine].into_iter().chain(buildkit.other_platforms(machine));
        batches[place].extend(platforms.map(|platform| BuildkitTarget { name, image, buildkit, platform }));
    }
    batches
}

/// How long a batch may take.
pub(super) fn time(targets: usize) -> Duration {
    TIMEOUT * u32::try_from(targets).unwrap_or(u32::MAX)
}
