//! Builds a locked image, or finds that the store has it.
//!
//! What was built once is found again by a record: the lock's own bytes, put into the store when everything had come out as
//! locked. A lock in which anything was changed since has no such record, and is built and checked from its packages.

use tokio::task::spawn_blocking;

use super::assemble::{LayerPins, assemble};
use super::folder::ImageFolder;
use super::{ImageContext, ImageError, ImageEvent};
use crate::format::{lock_toml, oci_json};
use crate::model::digest::Digest;
use crate::model::image::ImageIdentity;
use crate::model::image_definition::{Composition, ImageDefinition, ImageName};
use crate::model::image_lock::{ImageLock, LockedLayer};
use crate::oci::image::{ImageBlobs, ImageParts, store_image};
use crate::packages::fetch::{Fetcher, Promise, Wanted, join};
use crate::packages::{go_module, npm};

/// Is an image whose every blob is in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltImage {
    /// What an engine has to confirm.
    pub identity: ImageIdentity,
    /// The blobs.
    pub blobs: ImageBlobs,
}

/// Is a lock together with the definition that it was made from.
pub(super) struct Part {
    pub composition: Composition,
    pub lock: ImageLock,
}

/// Makes the image exactly as locked: from the store where it was made before, else from its packages.
///
/// # Errors
/// [`ImageError::StaleLock`], [`ImageError::Differs`] when anything comes out with another digest than the locked one,
/// [`ImageError::Package`] when a package cannot be had, and whatever reading the files or the store gives.
pub async fn build(context: &ImageContext, folder: &ImageFolder, name: &ImageName) -> Result<BuiltImage, ImageError> {
    let composition = folder.compose(name)?;
    let lock = folder.lock(&composition)?;
    let parts = parts(folder, &composition)?;
    agree(folder, &lock, &parts)?;
    check_outputs(&lock)?;
    for part in &parts {
        let layer = part.lock.own_layer().expect("a part was taken because it adds a layer");
        make_layer(context, part, layer).await?;
    }
    let layers: Vec<_> = lock.layers.iter().map(|layer| layer.digest).collect();
    let image =
        ImageParts { platform: lock.platform, epoch: lock.source_date_epoch, config: &lock.config, layers: &layers };
    let blobs = store_image(image, context.store.as_ref())?;
    Ok(BuiltImage { identity: lock.identity(), blobs })
}

/// Reads the lock of every definition that adds a layer, lowest first.
pub(super) fn parts(folder: &ImageFolder, composition: &Composition) -> Result<Vec<Part>, ImageError> {
    let part = |definition: &ImageDefinition| {
        let composition = folder.compose(&definition.name)?;
        let lock = folder.lock(&composition)?;
        Ok(Part { composition, lock })
    };
    composition.layers().map(part).collect()
}

/// Checks that the lock names the layers that the parts' own locks name now.
fn agree(folder: &ImageFolder, lock: &ImageLock, parts: &[Part]) -> Result<(), ImageError> {
    for (layer, part) in lock.layers.iter().zip(parts) {
        let own = part.lock.own_layer().map(|own| own.digest);
        if own != Some(layer.digest) {
            let now = own.map_or_else(|| "no layer".to_owned(), |own| own.to_string());
            let reason = format!("layer `{}` is {} in it, and {now} in its own lock", layer.name, layer.digest);
            return Err(ImageError::StaleLock { name: lock.name.clone(), path: folder.lock_path(&lock.name), reason });
        }
    }
    Ok(())
}

/// Checks config and manifest against the layers before anything is fetched: they follow from the lock alone.
fn check_outputs(lock: &ImageLock) -> Result<(), ImageError> {
    let layers: Vec<_> = lock.layers.iter().map(|layer| layer.digest).collect();
    let config = oci_json::config(lock.platform, lock.source_date_epoch, &lock.config, &layers);
    let config = Digest::of(&config);
    same(lock, "config".to_owned(), lock.config_digest, config)?;
    let manifest = Digest::of(&oci_json::manifest(config, &layers));
    same(lock, "manifest".to_owned(), lock.manifest_digest, manifest)
}

async fn make_layer(context: &ImageContext, part: &Part, layer: &LockedLayer) -> Result<(), ImageError> {
    let record = lock_toml::write(&part.lock);
    if context.store.contains(Digest::of(record.as_bytes()))? && context.store.contains(layer.digest)? {
        return Ok(());
    }
    let pins = LayerPins { debs: part.lock.debs.clone(), go: part.lock.go.clone(), npm: part.lock.npm.clone() };
    check_pins(part, &pins)?;
    fetch(context, &layer.name, &pins).await?;
    let found = assemble_apart(context, part.composition.own(), pins, part.lock.source_date_epoch).await?;
    same(&part.lock, format!("layer {}", layer.name), layer.digest, found)?;
    context.store.put(record.as_bytes())?;
    Ok(())
}

/// Checks that the lock pins what the definition names; Debian packages besides are what those depend on.
fn check_pins(part: &Part, pins: &LayerPins) -> Result<(), ImageError> {
    let (wanted, architecture) = (&part.composition.own().layer, part.composition.platform.architecture());
    let go = wanted.go.iter().map(|go| go_module::toolchain_version(&go.toolchain, architecture));
    let go_fits = go.eq(pins.go.iter().map(|pin| pin.purl.version().to_owned()));
    let npm = wanted.npm.iter().map(|npm| (npm.package.as_str(), npm.version.as_str()));
    let npm_fits = npm.eq(pins.npm.iter().map(|pin| (pin.purl.name(), pin.purl.version())));
    let deb = wanted.deb.iter().flat_map(|deb| &deb.packages);
    let locked = |name: &String| pins.debs.iter().any(|pin| pin.purl.name().strip_prefix("debian/") == Some(name));
    let deb_fits = deb.into_iter().all(locked) && (wanted.deb.is_some() || pins.debs.is_empty());
    match go_fits && npm_fits && deb_fits {
        true => Ok(()),
        false => Err(ImageError::Pins { name: part.lock.name.clone() }),
    }
}

/// Brings a layer's packages into the store; no client is asked and no network used for what is there.
async fn fetch(context: &ImageContext, layer: &ImageName, pins: &LayerPins) -> Result<(), ImageError> {
    let store = context.store.as_ref();
    let mirrors = &context.mirrors;
    let mut wanted = Vec::new();
    let mut want = |package: String, digest: Digest, bases: &[String], path: &str| {
        let urls = bases.iter().map(|base| join(base, path)).collect();
        wanted.push(Wanted { package, urls, promise: Promise::Digest(digest) });
    };
    let missing = |digest: Digest| store.contains(digest).map(|there| !there);
    let mut debs = Vec::new();
    for pin in &pins.debs {
        if missing(pin.digest)? {
            debs.push(pin);
        }
    }
    // Asking apt takes longer than most of its packages, so it is asked once and only when one is missing.
    let bases = if debs.is_empty() { Vec::new() } else { mirrors.deb_bases()? };
    for pin in debs {
        want(pin.purl.to_string(), pin.digest, &bases, pin.path.as_str());
    }
    for pin in &pins.go {
        if missing(pin.digest)? {
            let path = go_module::zip_path(pin.purl.name(), pin.purl.version());
            want(pin.purl.to_string(), pin.digest, &mirrors.go_bases()?, &path);
        }
    }
    for pin in &pins.npm {
        if missing(pin.digest)? {
            let path = npm::tarball_path(pin.purl.name(), pin.purl.version());
            want(pin.purl.to_string(), pin.digest, &mirrors.npm_bases()?, &path);
        }
    }
    fetch_wanted(context, layer, &wanted).await?;
    Ok(())
}

/// Fetches files and tells of it.
pub(super) async fn fetch_wanted(
    context: &ImageContext,
    layer: &ImageName,
    wanted: &[Wanted],
) -> Result<Vec<Digest>, ImageError> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let size = |one: &Wanted| if let Promise::Digest(digest) = one.promise { digest.size } else { 0 };
    let (files, bytes) = (wanted.len(), wanted.iter().map(size).sum());
    (context.on_event)(ImageEvent::Fetching { layer: layer.clone(), files, bytes });
    let done = |one: &Wanted, digest| (context.on_event)(ImageEvent::Fetched { package: one.package.clone(), digest });
    Ok(Fetcher::new()?.fetch_all(wanted, context.store.as_ref(), &done).await?)
}

/// Puts a layer together on a thread that may take its time.
pub(super) async fn assemble_apart(
    context: &ImageContext,
    definition: &ImageDefinition,
    pins: LayerPins,
    epoch: u64,
) -> Result<Digest, ImageError> {
    let layer = definition.name.clone();
    (context.on_event)(ImageEvent::Assembling { layer: layer.clone() });
    let (store, definition) = (context.store.clone(), definition.clone());
    let task = spawn_blocking(move || assemble(&definition, &pins, epoch, store.as_ref()));
    let digest = task.await.expect("assembling a layer does not panic")?;
    (context.on_event)(ImageEvent::Assembled { layer, digest });
    Ok(digest)
}

fn same(lock: &ImageLock, part: String, expected: Digest, found: Digest) -> Result<(), ImageError> {
    match expected == found {
        true => Ok(()),
        false => Err(ImageError::Differs { name: lock.name.clone(), part, expected, found }),
    }
}
