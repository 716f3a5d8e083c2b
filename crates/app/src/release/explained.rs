//! What a difference of two builds comes from, said where the difference is found: in the run and in the replay.

use super::error::ReleaseError;
use crate::why::records::{ImageOfSource, of_image};
use rcrepro_model::evidence::finding::Finding;
use rcrepro_model::evidence::release_record::Parts;
use rcrepro_model::why::difference::{DifferenceClass, Explained};
use rcrepro_model::why::image::{ComparedBuilds, ExplainedImage};
use rcrepro_store::BlobStore;

/// How many causes of one file are named; `rcrepro why` has all of them.
const CAUSES: usize = 3;

/// Adds to each finding of an image that two builds differ the layer, the line of the Dockerfile, and the likely causes where there is
/// a rule for them.
///
/// # Errors
/// [`ReleaseError`] when a blob is damaged. What is missing is left out.
pub(super) fn explain<'a>(
    findings: &mut [Finding],
    of: &ImageOfSource<'_>,
    pairs: impl Iterator<Item = (Option<&'a str>, [Parts; 2])>,
    store: &dyn BlobStore,
) -> Result<(), ReleaseError> {
    let explained = of_image(of, ComparedBuilds::BothSides, pairs, store, &mut Vec::new())?;
    for finding in findings {
        let Some((image, place)) = explained.iter().find_map(|image| Some((image, place_in(image, &finding.at)?)))
        else {
            continue;
        };
        if let Some(made) = &image.made {
            finding.found.push_str(&format!("\n              | {made}"));
        }
        let mut named: Vec<String> = Vec::new();
        let said = |one: &&Explained| one.class != DifferenceClass::Real || one.remedy.is_some();
        for one in image.differences.iter().filter(said).filter(|one| place.is_none_or(|place| is_at(one, place))) {
            let remedy = one.remedy.as_ref().map(|remedy| format!("; remedy: {remedy}")).unwrap_or_default();
            let cause = format!("{}: {}{remedy}", one.class, one.cause);
            if !named.contains(&cause) && named.len() < CAUSES {
                named.push(cause);
            }
        }
        finding.found.extend(named.iter().map(|cause| format!("\n              | {cause}")));
    }
    Ok(())
}

/// Gives the place of the differences that a finding is about, if they are this layer's; none within is all of them.
fn place_in<'a>(image: &ExplainedImage, at: &'a str) -> Option<Option<&'a str>> {
    let platform = image.platform.as_ref().map(|one| format!(".platforms.{one}")).unwrap_or_default();
    let at = at.strip_prefix(&format!("images.{}{platform}.", image.image))?;
    if at == "manifest" {
        return Some(None);
    }
    let place = at.strip_prefix("tree:").or_else(|| at.strip_prefix("owners:")).unwrap_or(at);
    image.differences.iter().any(|one| is_at(one, place)).then_some(Some(place))
}

/// Whether a difference is of the file or setting at a place, or of something in it.
fn is_at(one: &Explained, place: &str) -> bool {
    one.at.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with(['!', ' ', ':', '#']))
}
