//! Builds a locked image, or finds that the store has it.
//!
//! What was built once is found again by a record: the lock's own bytes, put into the store when everything had come out as
//! locked. A lock in which anything was changed since has no such record, and is built and checked from its packages.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use tokio::task::spawn_blocking;

use super::assemble::assemble;
use super::check;
use super::folder::ImageFolder;
use super::packages::fetch;
use super::program::{self, Compilation};
use super::{ImageContext, ImageError};
use rcrepro_format::images::lock_toml;
use rcrepro_images::oci::image::{ImageBlobs, ImageParts, store_image};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::execution::event::ImageEvent;
use rcrepro_model::image::composition::Composition;
use rcrepro_model::image::definition::{ImageDefinition, ImageName};
use rcrepro_model::image::identity::ImageIdentity;
use rcrepro_model::image::lock::{ImageLock, LayerPins, LockedLayer};
use rcrepro_store::BlobStore;
use rcrepro_store::export::is_whole;

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
pub async fn build(
    context: &ImageContext<'_>,
    folder: &ImageFolder,
    name: &ImageName,
) -> Result<BuiltImage, ImageError> {
    let mut built = build_all(context, folder, std::slice::from_ref(name)).await?;
    Ok(built.pop().expect("one image was asked for"))
}

/// Makes several images, each layer once and all layers at the same time; a program waits for the image it is compiled in.
///
/// # Errors
/// As [`build`]; the first one ends all.
pub async fn build_all(
    context: &ImageContext<'_>,
    folder: &ImageFolder,
    names: &[ImageName],
) -> Result<Vec<BuiltImage>, ImageError> {
    let mut locks = Vec::new();
    let mut plain = BTreeMap::new();
    let mut compiled = BTreeMap::new();
    for name in names {
        locks.push(locked(folder, name)?);
        for part in parts(folder, &folder.compose(name)?)? {
            let of_kind = if part.lock.pins.program.is_some() { &mut compiled } else { &mut plain };
            of_kind.insert(part.lock.name.clone(), part);
        }
    }
    try_join_all(plain.values().map(|part| make_layer(context, folder, part))).await?;
    try_join_all(compiled.values().map(|part| make_layer(context, folder, part))).await?;
    locks.into_iter().map(|lock| finish(context, &lock)).collect()
}

/// Tells whether building would have to compile anything, and so needs an engine.
///
/// # Errors
/// As [`build`].
pub fn needs_engine(store: &dyn BlobStore, folder: &ImageFolder, names: &[ImageName]) -> Result<bool, ImageError> {
    for name in names {
        for part in parts(folder, &folder.compose(name)?)? {
            let Some(pin) = &part.lock.pins.program else { continue };
            if !is_made(store, &part.lock)? && !is_whole(store, pin.output)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Tells whether the image was made before and is whole in the store.
///
/// # Errors
/// As [`build`].
pub fn is_ready(store: &dyn BlobStore, folder: &ImageFolder, name: &ImageName) -> Result<bool, ImageError> {
    for part in parts(folder, &folder.compose(name)?)? {
        if !is_made(store, &part.lock)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Reads an image's lock and checks all that can be checked without making anything.
///
/// # Errors
/// [`ImageError::StaleLock`], [`ImageError::Differs`], and whatever reading the files gives.
pub fn locked(folder: &ImageFolder, name: &ImageName) -> Result<ImageLock, ImageError> {
    let composition = folder.compose(name)?;
    let lock = folder.lock(&composition)?;
    let parts = parts(folder, &composition)?;
    for lock in parts.iter().map(|part| &part.lock).chain([&lock]) {
        check::layers(folder, lock, &parts)?;
        check::outputs(lock)?;
    }
    for part in &parts {
        check::program(folder, &part.composition, &part.lock)?;
    }
    Ok(lock)
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

fn finish(context: &ImageContext<'_>, lock: &ImageLock) -> Result<BuiltImage, ImageError> {
    let layers: Vec<_> = lock.layers.iter().map(|layer| layer.digest).collect();
    let image =
        ImageParts { platform: lock.platform, epoch: lock.source_date_epoch, config: &lock.config, layers: &layers };
    let blobs = store_image(image, context.store.as_ref())?;
    Ok(BuiltImage { identity: lock.identity(), blobs })
}

fn own_layer(lock: &ImageLock) -> &LockedLayer {
    lock.own_layer().expect("a part was taken because it adds a layer")
}

/// Tells whether a layer was made from this very lock here.
fn is_made(store: &dyn BlobStore, lock: &ImageLock) -> Result<bool, ImageError> {
    Ok(store.contains(Digest::of(&note(lock)))? && store.contains(own_layer(lock).digest)?)
}

/// Notes that a lock leads to its layer.
pub(super) fn note_made(store: &dyn BlobStore, lock: &ImageLock) -> Result<(), ImageError> {
    store.put(&note(lock))?;
    Ok(())
}

/// Gives the note of a lock: never the lock's own bytes, because a store holds any lock that lies in a source tree.
fn note(lock: &ImageLock) -> Vec<u8> {
    format!("rcrepro: a layer was made from this lock\n{}", lock_toml::write(lock)).into_bytes()
}

async fn make_layer(context: &ImageContext<'_>, folder: &ImageFolder, part: &Part) -> Result<(), ImageError> {
    let Part { composition, lock } = part;
    if is_made(context.store.as_ref(), lock)? {
        return Ok(());
    }
    check::pins(composition, lock)?;
    let layer = own_layer(lock);
    let compiled = match &lock.pins.program {
        Some(pin) => is_whole(context.store.as_ref(), pin.output)?,
        None => false,
    };
    if !compiled {
        fetch(context, &layer.name, &lock.pins).await?;
        compile(context, folder, part).await?;
    }
    let found = assemble_apart(context, composition.own(), lock.pins.clone(), lock.source_date_epoch).await?;
    check::same(lock, format!("layer {}", layer.name), layer.digest, found)?;
    note_made(context.store.as_ref(), lock)?;
    Ok(())
}

/// Compiles the part's program, if it has one, and compares what comes out with the lock.
async fn compile(context: &ImageContext<'_>, folder: &ImageFolder, part: &Part) -> Result<(), ImageError> {
    let Part { composition, lock } = part;
    let (Some(source), Some(pin)) = (&composition.own().layer.program, &lock.pins.program) else { return Ok(()) };
    let what = Compilation {
        layer: &lock.name,
        program: source,
        platform: lock.platform,
        epoch: lock.source_date_epoch,
        pins: &lock.pins,
    };
    let found = program::compile(context, folder, what).await?;
    check::same(lock, format!("program {}", source.module), pin.output, found.output)
}

/// Puts a layer together on a thread that may take its time.
pub(super) async fn assemble_apart(
    context: &ImageContext<'_>,
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
