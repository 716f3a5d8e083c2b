//! Set-id files: each gives the rights of its user or group to its caller, and so needs a reason.

use std::collections::BTreeSet;

use super::surprise::Surprise;
use super::view::ImageView;
use crate::release::step::finding;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::plan::release_image::ReleaseImage;

/// Finds set-id files that neither a locked image of the plan has, nor the plan names.
pub(super) fn surprises(name: &Name, image: &ReleaseImage, view: &ImageView) -> Vec<Surprise> {
    let unexpected = view.set_id_files().filter(|(path, _)| {
        !view.inspection.of_locked.contains_key(*path) && !image.expect.set_id.contains(&format!("/{path}"))
    });
    let found = unexpected.map(|(path, dress)| {
        let expected = "no set-id file but those of locked images and of the plan";
        let path = format!("/{path}");
        let finding = finding(FindingName::ImageFailed, name, &format!("set-id:{path}"), expected, dress.to_string());
        Surprise { accepted_by: path, finding }
    });
    found.collect()
}

/// Finds what the plan says to be a set-id file and is another file on every platform.
pub(super) fn stale(name: &Name, image: &ReleaseImage, views: &[ImageView]) -> Vec<Finding> {
    if views.is_empty() {
        return Vec::new();
    }
    let set_id = views.iter().flat_map(ImageView::set_id_files).map(|(path, _)| format!("/{path}"));
    let set_id: BTreeSet<String> = set_id.collect();
    let found = image.expect.set_id.difference(&set_id).map(|path| {
        let is = "no such set-id file: take it out of `expect.set-id`";
        finding(FindingName::ImageFailed, name, &format!("set-id:{path}"), "a set-id file, as the plan says", is)
    });
    found.collect()
}
