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
use self::surprise::Surprise;
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
mod surprise;
mod user;
mod view;

#[cfg(test)]
mod tests;

/// When a file that was not expected may be: one, several.
const HAS_TO_BE: [&str; 2] = ["it has to be", "all of them have to be"];
/// When what looks like a credential may be.
const OPENS_NOTHING: [&str; 2] = ["it opens nothing", "none of them opens anything"];

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
    let (mut set_id, mut leftovers, mut credentials) = (Vec::new(), Vec::new(), Vec::new());
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
        let placed_surprise = |one: Surprise| Surprise { finding: placed(one.finding), ..one };
        set_id.extend(set_id::surprises(name, image, &view).into_iter().map(placed_surprise));
        leftovers.extend(leftovers::surprises(name, image, &view).into_iter().map(placed_surprise));
        credentials.extend(credentials::surprises(name, image, &view).into_iter().map(placed_surprise));
        found.extend(start::wrong(name, &view).into_iter().map(placed));
        views.push(view);
    }
    let expect = &image.expect;
    found.extend(surprise::with_remedy("set-id", &HAS_TO_BE, &expect.set_id, set_id));
    found.extend(surprise::with_remedy("leftovers", &HAS_TO_BE, &expect.leftovers, leftovers));
    found.extend(surprise::with_remedy("not-secret", &OPENS_NOTHING, &expect.not_secret, credentials));
    found.extend(set_id::stale(name, image, &views));
    found.extend(leftovers::stale(name, image, &views));
    found.extend(credentials::stale(name, image, &views));
    Ok(found)
}
