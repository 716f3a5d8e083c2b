//! What builds by BuildKit are of, and which of them share a builder.

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

/// Groups targets by the builder that they share, in the plan's order: those of one image, for the machine's own platform first. Images do not
/// share one, although it would take a common stage once: what was built before gets into an image (the name under which a base was first taken
/// is in the history; folders of a context that was sent before keep their times), so that its digest would hang on its neighbours.
pub(in crate::release) fn batches<'a>(
    images: impl IntoIterator<Item = (&'a Name, &'a ReleaseImage)>,
    machine: ImagePlatform,
) -> Vec<Vec<BuildkitTarget<'a>>> {
    let of_image = |(name, image): (&'a Name, &'a ReleaseImage)| {
        let buildkit = image.buildkit.as_ref()?;
        let platforms = [machine].into_iter().chain(buildkit.other_platforms(machine));
        Some(platforms.map(|platform| BuildkitTarget { name, image, buildkit, platform }).collect())
    };
    images.into_iter().filter_map(of_image).collect()
}

/// How long a batch may take.
pub(super) fn time(targets: usize) -> Duration {
    TIMEOUT * u32::try_from(targets).unwrap_or(u32::MAX)
}
