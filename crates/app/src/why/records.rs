//! The release images of two sides of `why`.

use super::images::{BuildPair, explain};
use super::layers::DockerfileText;
use crate::evidence::recorded;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::content::tree::TreeNode;
use rcrepro_model::evidence::release_record::{BuiltEntry, Parts};
use rcrepro_model::plan::Plan;
use rcrepro_model::plan::release_image::ReleaseImage;
use rcrepro_model::why::image::{ComparedBuilds, ExplainedImage};
use rcrepro_model::why::{MissingBlob, Side};
use rcrepro_store::BlobStore;
use rcrepro_store::export::{self, ExportError};

/// Explains in what the release images of two sides differ, and the two builds of each side.
///
/// # Errors
/// [`ExportError`] when a blob is damaged; one that is missing is noted.
pub(super) fn explained(
    sides: &[Side; 2],
    store: &dyn BlobStore,
    missing: &mut Vec<MissingBlob>,
) -> Result<Vec<ExplainedImage>, ExportError> {
    let mut found = Vec::new();
    let is_one = sides[0].digest == sides[1].digest && sides[0].images == sides[1].images;
    for (number, side) in sides.iter().enumerate().take(if is_one { 1 } else { 2 }) {
        let builds = if number == 0 { ComparedBuilds::OfA } else { ComparedBuilds::OfB };
        let plan = recorded::plan(&side.manifest, store);
        for (name, entry) in side.images.iter().flat_map(|record| &record.images) {
            let pairs = entry.builds().map(|(platform, one, again)| (platform, [one, again]));
            found.extend(of_image(&of_side(side, plan.as_ref(), name), builds, pairs, store, missing)?);
        }
    }
    let [Some(left), Some(right)] = [&sides[0].images, &sides[1].images] else { return Ok(found) };
    let plan = recorded::plan(&sides[1].manifest, store);
    for (name, entry) in &left.images {
        let Some(other) = right.images.get(name) else { continue };
        let image = of_side(&sides[1], plan.as_ref(), name);
        found.extend(of_image(&image, ComparedBuilds::BothSides, both(entry, other), store, missing)?);
    }
    Ok(found)
}

/// Pairs the first builds of two records of an image, by platform.
pub(crate) fn both<'a>(
    one: &'a BuiltEntry,
    other: &'a BuiltEntry,
) -> impl Iterator<Item = (Option<&'a str>, [Parts; 2])> {
    one.builds().filter_map(|(platform, one, _)| {
        let (_, other, _) = other.builds().find(|(at, _, _)| *at == platform)?;
        Some((platform, [one, other]))
    })
}

/// An image, and where its Dockerfile is.
pub(crate) struct ImageOfSource<'a> {
    pub name: &'a Name,
    /// Its table; none where the plan is not in the store.
    pub image: Option<&'a ReleaseImage>,
    /// The root of the source.
    pub source: Digest,
}

fn of_side<'a>(side: &Side, plan: Option<&'a Plan>, name: &'a Name) -> ImageOfSource<'a> {
    let image = plan.and_then(|plan| plan.release_images.get(name));
    ImageOfSource { name, image, source: side.manifest.source.root }
}

/// Explains in what builds of one image differ, by platform.
///
/// # Errors
/// [`ExportError`] when a blob is damaged; one that is missing is noted.
pub(crate) fn of_image<'a>(
    of: &ImageOfSource<'_>,
    builds: ComparedBuilds,
    pairs: impl Iterator<Item = (Option<&'a str>, [Parts; 2])>,
    store: &dyn BlobStore,
    missing: &mut Vec<MissingBlob>,
) -> Result<Vec<ExplainedImage>, ExportError> {
    let text = of.image.and_then(|image| dockerfile(of.source, image, store));
    let (path, target) =
        of.image.map_or(("Dockerfile", ""), |image| (image.dockerfile.as_str(), image.target.as_str()));
    let dockerfile = DockerfileText { path, text: text.as_deref(), target };
    let mut found = Vec::new();
    for (platform, parts) in pairs {
        found.extend(explain(BuildPair { image: of.name, platform, builds, dockerfile }, parts, store, missing)?);
    }
    Ok(found)
}

/// Reads an image's Dockerfile out of the source; none where that is not in the store.
fn dockerfile(source: Digest, image: &ReleaseImage, store: &dyn BlobStore) -> Option<String> {
    match export::lookup(store, source, &image.dockerfile).ok()?? {
        TreeNode::File { digest, .. } => Some(String::from_utf8_lossy(&store.get(digest).ok()?).into_owned()),
        _ => None,
    }
}
