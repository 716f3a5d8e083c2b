//! What one build by BuildKit is of.

use rcrepro_model::content::name::Name;
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::plan::release_image::{BuildkitImage, ReleaseImage};

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
