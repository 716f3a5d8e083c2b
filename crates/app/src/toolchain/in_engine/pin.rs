//! Pins an image that a plan pulls: its digest goes into the plan, and the image that it names into a lock beside it.

use std::path::Path;
use std::sync::Arc;

use super::ImagesError;
use super::pulled::{lock_path, read, write};
use crate::workspace::PLAN_FILE;
use crate::workspace::files::write_whole;
use crate::workspace::plan_files::PlanFiles;
use rcrepro_format::plan::plan_edit::{self, PlanEditError};
use rcrepro_images::registry::Registry;
use rcrepro_model::content::name::Name;
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::image::pulled::PulledLock;
use rcrepro_model::image::reference::ImageReference;
use rcrepro_store::BlobStore;
use rcrepro_store::door;

/// Lists the images that a plan pulls and does not build, with their references; none without a plan.
///
/// The plan is read as TOML only, because a reference may still have no digest.
///
/// # Errors
/// [`ImagesError::Plan`] when the file is not TOML, or a name or reference is not valid.
pub fn pulls(folder: &Path) -> Result<Vec<(Name, ImageReference)>, ImagesError> {
    let Some(text) = plan_text(&folder.join(PLAN_FILE))? else { return Ok(Vec::new()) };
    plan_edit::pulled_images(&text).map_err(mistake)
}

/// Pins one image for a platform; where the reference has no digest, or `anew`, the registry is asked for the tag's digest, and
/// the plan gets it. Gives the lock that was there and the one that is there now.
///
/// # Errors
/// [`ImagesError::Registry`], and whatever reading and writing the files gives.
pub async fn pin(
    registry: &Registry,
    store: &Arc<dyn BlobStore>,
    folder: &Path,
    name: &Name,
    platform: ImagePlatform,
    anew: bool,
) -> Result<(Option<PulledLock>, PulledLock), ImagesError> {
    let unknown = || ImagesError::Plan { mistake: format!("images.{name}: expected `pull` and no `build`") };
    let known = pulls(folder)?;
    let (_, mut reference) = known.into_iter().find(|(known, _)| known == name).ok_or_else(unknown)?;
    let path = lock_path(folder, platform, name);
    let before = if path.exists() { Some(read(&PlanFiles::WorkingCopy, &path)?.0) } else { None };
    if reference.digest().is_none() || anew {
        let digest = registry.resolve(&reference).await?;
        reference = reference.with_digest(digest);
        set_reference(folder, name, &reference)?;
    }
    if let Some(before) = before.as_ref().filter(|lock| lock.reference == reference) {
        return Ok((Some(before.clone()), before.clone()));
    }
    let ignore = |_| {};
    let image = registry.pull(&reference, platform, store, &ignore).await?;
    let lock = PulledLock { reference, image };
    write(&path, &lock)?;
    Ok((before, lock))
}

fn set_reference(folder: &Path, name: &Name, reference: &ImageReference) -> Result<(), ImagesError> {
    let path = folder.join(PLAN_FILE);
    let Some(text) = plan_text(&path)? else { return Ok(()) };
    let text = plan_edit::set_reference(&text, name, reference).map_err(mistake)?;
    write_whole(&path, text.as_bytes()).map_err(|source| ImagesError::Write { path, source })
}

fn plan_text(path: &Path) -> Result<Option<String>, ImagesError> {
    if !path.exists() {
        return Ok(None);
    }
    let read = door::read_text(path, door::RECORD_LIMIT);
    read.map(Some).map_err(|source| ImagesError::Read { path: path.to_owned(), source })
}

fn mistake(error: PlanEditError) -> ImagesError {
    ImagesError::Plan { mistake: error.to_string() }
}
