//! Reads in an image's files what its record cannot tell without them.

use std::collections::BTreeMap;

use super::bases::{BaseTree, base_trees};
use super::keys::{is_settings, key};
use super::leftovers::leftovers;
use super::packages::packages;
use super::start::read_started;
use super::user::running_user;
use super::view::ImageView;
use crate::release::error::ReleaseError;
use crate::release::step::ReleaseStep;
use rcrepro_format::images::image_settings;
use rcrepro_format::records::inspection_json;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::inspection::{ImageInspection, KeyKind};
use rcrepro_model::evidence::release_record::Parts;
use rcrepro_model::plan::release_image::ReleaseImage;
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
    // Settings that cannot be read are found where the record is judged.
    let settings = image_settings::decode(&store.get(parts.config)?).unwrap_or_default();
    let view = ImageView::read(parts, settings, ImageInspection::default(), store)?;
    let Some(mut view) = view else { return Ok(ImageInspection::default()) };
    view.inspection.user = running_user(&view, store)?;
    read_started(&mut view, store)?;
    view.inspection.keys = keys_of(&view, store)?;
    view.inspection.packages = packages(&view, store)?;
    let questionable = questionable(&view);
    if !questionable.is_empty() {
        let of_locked = bases()?.into_iter().flat_map(|base| {
            let has = |path: &String| view.digest(path).is_some_and(|digest| base.has(path, digest, view.dress(path)));
            let whole = questionable.iter().filter(|(_, files)| files.iter().all(has));
            whole.map(|(at, _)| (at.clone(), base.name.clone())).collect::<Vec<_>>()
        });
        view.inspection.of_locked = of_locked.collect();
    }
    Ok(view.inspection)
}

/// Lists what needs a reason to be there, each with the files that it consists of.
fn questionable(view: &ImageView) -> BTreeMap<String, Vec<String>> {
    let set_id = view.set_id_files().map(|(path, _)| (path.to_owned(), vec![path.to_owned()]));
    let left = leftovers(view).into_iter().map(|(at, left)| (at, left.files));
    set_id.chain(left).collect()
}

/// Searches each content once, however many files have it.
fn keys_of(view: &ImageView, store: &dyn BlobStore) -> Result<BTreeMap<String, KeyKind>, ReleaseError> {
    let (mut keys, mut known) = (BTreeMap::new(), BTreeMap::new());
    for (path, digest) in view.contents() {
        let found = match known.get(&digest) {
            // Names count for settings, and those are few.
            Some(found) if !is_settings(path) => *found,
            _ => key(path, digest, store)?,
        };
        known.entry(digest).or_insert(found.filter(|kind| *kind == KeyKind::PrivateKey));
        keys.extend(found.map(|kind| (path.to_owned(), kind)));
    }
    Ok(keys)
}
