//! Reads in an image's files what its record cannot tell without them.

use super::bases::{BaseTree, base_trees};
use super::view::ImageView;
use crate::release::error::ReleaseError;
use crate::release::step::ReleaseStep;
use rcrepro_format::records::inspection_json;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::inspection::ImageInspection;
use rcrepro_model::evidence::release_record::Parts;
use rcrepro_model::plan::release_image::{ImageSettings, ReleaseImage};
use rcrepro_store::BlobStore;

impl ReleaseStep<'_> {
    /// Reads an image that was just built, whose files are in the store, and stores what was found.
    ///
    /// # Errors
    /// [`ReleaseError`] when a file cannot be read.
    pub(in crate::release) async fn inspect(&self, image: &ReleaseImage, parts: Parts) -> Result<Digest, ReleaseError> {
        let bases: Vec<_> = image.locked_bases().map(|name| (name.clone(), self.resolved.images[name].lock)).collect();
        let store = self.context.store.clone();
        let inspected = tokio::task::spawn_blocking(move || {
            let inspection = inspection(parts, || base_trees(&bases, &*store), &*store)?;
            Ok(store.put(&inspection_json::encode(&inspection))?)
        });
        match inspected.await {
            Ok(inspected) => inspected,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }
}

/// Reads an image's files. Locked images are only unpacked where something needs a reason to be there.
pub(super) fn inspection(
    parts: Parts,
    bases: impl FnOnce() -> Result<Vec<BaseTree>, ReleaseError>,
    store: &dyn BlobStore,
) -> Result<ImageInspection, ReleaseError> {
    let mut inspection = ImageInspection::default();
    // Neither settings nor what was read so far are looked at.
    let view = ImageView::read(parts, ImageSettings::default(), ImageInspection::default(), store)?;
    let Some(view) = view else { return Ok(inspection) };
    let questionable: Vec<&str> = view.set_id_files().map(|(path, _)| path).collect();
    if questionable.is_empty() {
        return Ok(inspection);
    }
    for base in bases()? {
        for path in &questionable {
            if view.digest(path).is_some_and(|digest| base.has(path, digest, view.dress(path))) {
                inspection.of_locked.entry((*path).to_owned()).or_insert_with(|| base.name.clone());
            }
        }
    }
    Ok(inspection)
}
