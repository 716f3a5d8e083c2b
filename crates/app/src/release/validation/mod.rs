//! Validates what a release image holds: by its tree, its modes, its settings, and what was read in its files when it was built.
//!
//! Contents do not travel with a record. So what they alone can tell is read once ([`inspect`]) and recorded as an
//! `ImageInspection`; everything else is judged by the record, by everyone who has it.

#![warn(clippy::expect_used)]

use super::error::ReleaseError;
use super::step::{finding, within};
use rcrepro_format::images::image_settings;
use rcrepro_format::records::inspection_json;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::release_record::BuiltEntry;
use rcrepro_model::plan::release_image::ReleaseImage;
use rcrepro_store::BlobStore;

pub(super) use self::credentials::NO_CREDENTIAL;
use self::view::ImageView;

mod bases;
mod credentials;
pub(super) mod dress;
mod inspect;
mod keys;
mod leftovers;
mod packages;
mod program;
mod set_id;
mod start;
mod user;
mod view;

#[cfg(test)]
mod tests;

/// Finds what an image holds that it must not. A record of an older version says too little to be judged.
///
/// # Errors
/// [`ReleaseError`] when the evidence cannot be read.
pub(super) fn validate(
    name: &Name,
    image: &ReleaseImage,
    entry: &BuiltEntry,
    store: &dyn BlobStore,
) -> Result<Vec<Finding>, ReleaseError> {
    let (mut found, mut views) = (Vec::new(), Vec::new());
    for (platform, parts, inspection) in entry.inspections() {
        let placed = |at: &str| if platform.is_empty() { at.to_owned() } else { format!("platforms.{platform}.{at}") };
        let undecided = |at: &str, expected: &str, is: String| {
            finding(FindingName::ImageUndecided, name, &placed(at), expected, is)
        };
        let inspection = match inspection_json::decode(&store.get(inspection)?) {
            Ok(inspection) => inspection,
            Err(reason) => {
                found.push(undecided("inspection", "what was read in the image's files", reason));
                continue;
            }
        };
        // Settings and owners that cannot be read are found where the record is judged.
        let Ok(settings) = image_settings::decode(&store.get(parts.config)?) else { continue };
        let Some(view) = ImageView::read(parts, settings, inspection, store)? else { continue };
        if let Some(other) = view.contradiction(image) {
            found.push(undecided("inspection", "what the image's tree and the plan can have", other));
        }
        let placed = |one: Finding| match platform {
            "" => one,
            platform => Finding { at: within(&one.at, name, platform), ..one },
        };
        found.extend(set_id::surprises(name, image, &view).into_iter().map(placed));
        found.extend(leftovers::surprises(name, image, &view).into_iter().map(placed));
        found.extend(credentials::surprises(name, image, &view).into_iter().map(placed));
        found.extend(start::wrong(name, &view).into_iter().map(placed));
        views.push(view);
    }
    found.extend(set_id::stale(name, image, &views));
    found.extend(leftovers::stale(name, image, &views));
    found.extend(credentials::stale(name, image, &views));
    Ok(found)
}
