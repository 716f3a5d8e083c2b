//! Resolves a definition into a lock: versions, checksums, and the digests that the image comes out with.

use super::build::assemble::assemble_apart;
use super::build::check;
use super::build::locked::{compiled_as_now, locked};
use super::build::made::note_made;
use super::build::packages::fetch;
use super::build::parts::parts;
use super::folder::ImageFolder;
use super::{ImageContext, ImageError};
use rcrepro_format::images::image_toml;
use rcrepro_images::oci::image::{ImageParts, store_image};
use rcrepro_model::image::composition::Composition;
use rcrepro_model::image::definition::ImageName;
use rcrepro_model::image::lock::{ImageLock, LayerPins, LockedLayer};
use rcrepro_store::export::is_whole;

mod debian;
mod go_program;
pub mod order;
pub mod request;
mod resolve;
pub mod update;

/// Makes an image's lock fresh: what is fresh stays; where only layers below changed, the pins stay; else, or when `anew`, the
/// definition is resolved. Gives the lock that was there, if it could be read, and the one that is there now.
///
/// # Errors
/// As [`lock`].
async fn refresh(
    context: &ImageContext<'_>,
    folder: &ImageFolder,
    name: &ImageName,
    anew: bool,
) -> Result<(Option<ImageLock>, ImageLock), ImageError> {
    let before = folder.read_lock(name).ok();
    if anew {
        return Ok((before, lock(context, folder, name).await?));
    }
    match locked(folder, name) {
        Ok(fresh) => return Ok((Some(fresh.clone()), fresh)),
        Err(ImageError::StaleLock { .. } | ImageError::Toml { .. }) => {}
        Err(error) => return Err(error),
    }
    let composition = folder.compose(name)?;
    let kept = before.as_ref().filter(|lock| still_hold(context, folder, &composition, lock).unwrap_or(false));
    let after = match kept {
        Some(kept) => {
            if kept.pins.program.is_none() {
                fetch(context, name, &kept.pins).await?;
            }
            lock_pinned(context, folder, name, kept.pins.clone()).await?
        }
        None => lock(context, folder, name).await?,
    };
    Ok((before, after))
}

/// Tells whether a stale lock's pins are what the definition would resolve to: all but Debian packages have their versions in
/// it, and a program is the same when its action is.
fn still_hold(
    context: &ImageContext<'_>,
    folder: &ImageFolder,
    composition: &Composition,
    lock: &ImageLock,
) -> Result<bool, ImageError> {
    let no_deb = composition.own().layer.deb.is_none();
    let known = no_deb || lock.definition == image_toml::checksum(composition);
    let compiled = match &lock.pins.program {
        Some(pin) => {
            compiled_as_now(folder, composition, lock)?;
            is_whole(context.store.as_ref(), pin.output)?
        }
        None => true,
    };
    check::pins(composition, lock)?;
    Ok(known && compiled)
}

/// Resolves one definition, keeps its packages in the store, makes the layer once and writes the lock.
///
/// The layers below are taken from their own locks, which have to be up to date.
///
/// # Errors
/// [`ImageError::StaleLock`] for an image that this one is composed of, [`ImageError::Package`] when something cannot be
/// resolved, and whatever making the layer gives.
pub async fn lock(context: &ImageContext<'_>, folder: &ImageFolder, name: &ImageName) -> Result<ImageLock, ImageError> {
    let composition = folder.compose(name)?;
    // Found out before anything is asked of the network.
    below(folder, &composition)?;
    let own = composition.own();
    let mut pins = resolve::resolve(context, folder, own).await?;
    if let Some(program) = &own.layer.program {
        let compiled = go_program::resolve(context, folder, own, composition.source_date_epoch, program).await?;
        let LayerPins { modules, go_mods, program, .. } = compiled;
        pins = LayerPins { modules, go_mods, program, ..pins };
    }
    lock_pinned(context, folder, name, pins).await
}

/// Makes an image's own layer from packages that are resolved and in the store, and writes the lock.
///
/// # Errors
/// As [`lock`], but for resolving.
pub async fn lock_pinned(
    context: &ImageContext<'_>,
    folder: &ImageFolder,
    name: &ImageName,
    pins: LayerPins,
) -> Result<ImageLock, ImageError> {
    let composition = folder.compose(name)?;
    let mut layers = below(folder, &composition)?;
    let own = composition.own();
    if !own.layer.is_empty() {
        let digest = assemble_apart(context, own, pins.clone(), composition.source_date_epoch).await?;
        layers.push(LockedLayer { name: name.clone(), digest });
    }
    let digests: Vec<_> = layers.iter().map(|layer| layer.digest).collect();
    let image = ImageParts {
        platform: composition.platform,
        epoch: composition.source_date_epoch,
        config: &composition.config,
        layers: &digests,
    };
    let blobs = store_image(image, context.store.as_ref())?;
    let lock = ImageLock {
        name: name.clone(),
        definition: image_toml::checksum(&composition),
        platform: composition.platform,
        source_date_epoch: composition.source_date_epoch,
        config: composition.config.clone(),
        pins,
        layers,
        config_digest: blobs.config,
        manifest_digest: blobs.manifest,
    };
    check::pins(&composition, &lock)?;
    folder.write_lock(&lock)?;
    if lock.own_layer().is_some() {
        note_made(context.store.as_ref(), &lock)?;
    }
    Ok(lock)
}

fn below(folder: &ImageFolder, composition: &Composition) -> Result<Vec<LockedLayer>, ImageError> {
    let mut under = composition.clone();
    under.parts.pop();
    let locked = parts(folder, &under)?;
    Ok(locked.iter().filter_map(|part| part.lock.own_layer().cloned()).collect())
}
