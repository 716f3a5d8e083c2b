//! Builds a locked image, or finds that the store has it.
//!
//! What was built once is found again by a record: the lock's own bytes, put into the store when everything had come out as
//! locked. A lock in which anything was changed since has no such record, and is built and checked from its packages.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;

use self::assemble::assemble_apart;
use self::compilation::{Compilation, OUTPUT, TIME};
use self::locked::locked;
use self::made::{is_made, note_made};
use self::packages::fetch;
use self::parts::{Part, parts};
use super::built_image::BuiltImage;
use super::folder::ImageFolder;
use super::{ImageContext, ImageError, load};
use rcrepro_engine::{Execution, Limits, Network, OWN_OUTPUT, Privilege};
use rcrepro_images::oci::image::{ImageParts, store_image};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::execution::action::{Ending, Output};
use rcrepro_model::execution::ending;
use rcrepro_model::execution::event::ImageEvent;
use rcrepro_model::execution::world::World;
use rcrepro_model::image::definition::{ImageName, ImagePlatform};
use rcrepro_model::image::lock::{ImageLock, ProgramPin};
use rcrepro_model::image::purl::Purl;
use rcrepro_store::BlobStore;
use rcrepro_store::export::is_whole;

pub(crate) mod assemble;
pub(crate) mod check;
pub(crate) mod compilation;
pub mod locked;
pub(crate) mod made;
pub(crate) mod packages;
pub(crate) mod parts;

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
pub(crate) fn is_ready(store: &dyn BlobStore, folder: &ImageFolder, name: &ImageName) -> Result<bool, ImageError> {
    for part in parts(folder, &folder.compose(name)?)? {
        if !is_made(store, &part.lock)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn finish(context: &ImageContext<'_>, lock: &ImageLock) -> Result<BuiltImage, ImageError> {
    let layers: Vec<_> = lock.layers.iter().map(|layer| layer.digest).collect();
    let image =
        ImageParts { platform: lock.platform, epoch: lock.source_date_epoch, config: &lock.config, layers: &layers };
    let blobs = store_image(image, context.store.as_ref())?;
    Ok(BuiltImage { identity: lock.identity(), blobs })
}

async fn make_layer(context: &ImageContext<'_>, folder: &ImageFolder, part: &Part) -> Result<(), ImageError> {
    let Part { composition, lock } = part;
    if is_made(context.store.as_ref(), lock)? {
        return Ok(());
    }
    check::pins(composition, lock)?;
    let layer = made::own_layer(lock);
    let compiled = match &lock.pins.program {
        Some(pin) => is_whole(context.store.as_ref(), pin.output)?,
        None => false,
    };
    if !compiled {
        fetch(context, &layer.name, &lock.pins).await?;
        compile_part(context, folder, part).await?;
    }
    let found = assemble_apart(context, composition.own(), lock.pins.clone(), lock.source_date_epoch).await?;
    check::same(lock, format!("layer {}", layer.name), layer.digest, found)?;
    note_made(context.store.as_ref(), lock)?;
    Ok(())
}

/// Compiles the part's program, if it has one, and compares what comes out with the lock.
async fn compile_part(context: &ImageContext<'_>, folder: &ImageFolder, part: &Part) -> Result<(), ImageError> {
    let Part { composition, lock } = part;
    let (Some(source), Some(pin)) = (&composition.own().layer.program, &lock.pins.program) else { return Ok(()) };
    let what = Compilation {
        layer: &lock.name,
        program: source,
        platform: lock.platform,
        epoch: lock.source_date_epoch,
        pins: &lock.pins,
    };
    let found = compile(context, folder, what).await?;
    check::same(lock, format!("program {}", source.module), pin.output, found.output)
}

/// Compiles a program whose modules are in the store, and gives the lock's entry for it.
pub(crate) async fn compile(
    context: &ImageContext<'_>,
    folder: &ImageFolder,
    what: Compilation<'_>,
) -> Result<ProgramPin, ImageError> {
    let purl = Purl::go(&what.program.module, &what.program.version).to_string();
    let engine = context.engine.ok_or_else(|| ImageError::NoEngine { name: what.layer.clone() })?;
    let isa = &engine.info().isa;
    let builder = ImagePlatform::of_isa(isa).ok_or_else(|| ImageError::NoEngine { name: what.layer.clone() })?;
    let image: BuiltImage = Box::pin(build(context, &folder.on(builder), &what.program.image)).await?;
    load::ensure(context, engine, &image).await?;
    (context.on_event)(ImageEvent::Compiling { layer: what.layer.clone(), program: purl.clone() });
    let action = what.action(&image.identity, builder, Some(context.store.as_ref()))?;
    let execution = Execution {
        action: &action,
        image: &image.identity,
        label: &format!("image/{}", what.layer),
        limits: Limits { time: TIME, memory: 4 << 30, pids: 4096, output: OWN_OUTPUT },
        network: Network::None,
        world: &World::real(),
        privilege: Privilege::None,
        turn: None,
        live: None,
    };
    let executed = engine.execute(&execution, context.store.as_ref(), &context.cancel).await?.whole(execution.label)?;
    let output = OUTPUT.parse().expect("a constant path");
    match (&executed.ending, executed.result.outputs.get(&output)) {
        (Ending::Exited { code: 0 }, Some(Output::Directory { root })) => {
            (context.on_event)(ImageEvent::Compiled { layer: what.layer.clone() });
            Ok(ProgramPin { builder, action: Digest::of(&action.encode()), output: *root })
        }
        (ending, _) => {
            let streams = [executed.result.stdout, executed.result.stderr];
            let tail = streams.map(|stream| tail(context.store.as_ref(), stream)).concat();
            let limits = (execution.limits.time, execution.limits.memory);
            let ending = ending::with_fixed_limits((*ending).into(), executed.result.exit_code, limits);
            Err(ImageError::Compile { label: purl, ending, tail })
        }
    }
}

fn tail(store: &dyn BlobStore, stream: Digest) -> String {
    let bytes = store.get(stream).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(4096)..]).into_owned();
    text.lines().map(|line| format!("  | {line}\n")).collect()
}
