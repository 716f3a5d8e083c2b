//! Resolves a definition into a lock: versions, checksums, and the digests that the image comes out with.

use super::assemble::read_go;
use super::build::{assemble_apart, locked, note_made, parts};
use super::check;
use super::debian::resolve_debs;
use super::folder::ImageFolder;
use super::packages::{fetch, fetch_wanted};
use super::{ImageContext, ImageError, lock_program};
use rcrepro_format::images::image_toml;
use rcrepro_images::oci::image::{ImageParts, store_image};
use rcrepro_images::packages::fetch::{Fetcher, Promise, WantedFile, join};
use rcrepro_images::packages::{go_module, npm};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::image::composition::Composition;
use rcrepro_model::image::definition::{DefinitionError, GoSource, ImageDefinition, ImageName, NpmSource, Platform};
use rcrepro_model::image::lock::{GoPin, ImageLock, LayerPins, LockedLayer, NpmPin};
use rcrepro_model::image::purl::Purl;
use rcrepro_store::export::is_whole;

/// Gives the images in an order in which each can be locked: what one is composed of stands before it.
///
/// # Errors
/// Whatever reading the definitions gives.
pub fn order(folder: &ImageFolder) -> Result<Vec<ImageName>, ImageError> {
    let mut order = Vec::new();
    for name in folder.names()? {
        visit(folder, &name, &mut order, 0)?;
    }
    Ok(order)
}

fn visit(folder: &ImageFolder, name: &ImageName, order: &mut Vec<ImageName>, depth: usize) -> Result<(), ImageError> {
    // A program compiled in an image that it is part of would never end.
    if depth > 32 {
        return Err(DefinitionError::Circle { name: name.clone() }.into());
    }
    for part in folder.compose(name)?.parts {
        if let Some(program) = &part.layer.program {
            visit(folder, &program.image, order, depth + 1)?;
        }
        if !order.contains(&part.name) {
            order.push(part.name);
        }
    }
    Ok(())
}

/// Makes an image's lock fresh: what is fresh stays; where only layers below changed, the pins stay; else, or when `anew`, the
/// definition is resolved. Gives the lock that was there, if it could be read, and the one that is there now.
///
/// # Errors
/// As [`lock`].
pub async fn refresh(
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
            check::program(folder, composition, lock)?;
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
    let pins = match &own.layer.program {
        Some(program) => lock_program::resolve(context, folder, own, composition.source_date_epoch, program).await?,
        None => resolve(context, folder, own).await?,
    };
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

async fn resolve(
    context: &ImageContext<'_>,
    folder: &ImageFolder,
    definition: &ImageDefinition,
) -> Result<LayerPins, ImageError> {
    let platform = folder.platform();
    let layer = &definition.layer;
    let mut pins = LayerPins::default();
    if let Some(source) = &layer.deb {
        (pins.indexes, pins.debs) = resolve_debs(context, folder, &definition.name, source).await?;
    }
    if let Some(source) = &layer.go {
        pins.go.push(resolve_go(context, &definition.name, source, platform).await?);
    }
    for source in &layer.npm {
        pins.npm.push(resolve_npm(context, &definition.name, source).await?);
    }
    Ok(pins)
}

async fn resolve_go(
    context: &ImageContext<'_>,
    layer: &ImageName,
    source: &GoSource,
    platform: Platform,
) -> Result<GoPin, ImageError> {
    let version = go_module::toolchain_version(&source.toolchain, platform.architecture());
    let purl = Purl::go(go_module::TOOLCHAIN_MODULE, &version);
    let path = go_module::zip_path(go_module::TOOLCHAIN_MODULE, &version);
    let urls = context.mirrors.go_bases()?.iter().map(|base| join(base, &path)).collect();
    let wanted = [WantedFile { package: purl.to_string(), urls, promise: Promise::Nothing }];
    let digest = only(fetch_wanted(context, layer, &wanted).await?);
    let mut pin = GoPin { purl, h1: String::new(), digest };
    pin.h1 = read_go(&pin, source, context.store.as_ref(), &mut |_, _| Ok(()))?;
    lock_program::confirm(context, &pin).await?;
    Ok(pin)
}

async fn resolve_npm(context: &ImageContext<'_>, layer: &ImageName, source: &NpmSource) -> Result<NpmPin, ImageError> {
    let purl = Purl::npm(&source.package, &source.version);
    let bases = context.mirrors.npm_bases()?;
    let about: Vec<_> =
        bases.iter().map(|base| join(base, &format!("{}/{}", source.package, source.version))).collect();
    let package = purl.to_string();
    let metadata = Fetcher::new()?.document(&package, &about).await?;
    let integrity = npm::integrity(&package, &metadata)?;
    let path = npm::tarball_path(&source.package, &source.version);
    let urls = bases.iter().map(|base| join(base, &path)).collect();
    let wanted = [WantedFile { package, urls, promise: Promise::Sha512(integrity.clone()) }];
    let digest = only(fetch_wanted(context, layer, &wanted).await?);
    Ok(NpmPin { purl, integrity, digest })
}

fn only(digests: Vec<Digest>) -> Digest {
    digests.into_iter().next().expect("one file was fetched")
}
