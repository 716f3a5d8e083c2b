//! Reads a lock that can be relied on. A program's lock rests on that of the image it is compiled in, which is read the same way.

use super::check;
use super::compilation::Compilation;
use super::parts::parts;
use crate::toolchain::ImageError;
use crate::toolchain::folder::ImageFolder;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::image::composition::Composition;
use rcrepro_model::image::definition::{GoProgram, ImageName, ImagePlatform};
use rcrepro_model::image::identity::ImageIdentity;
use rcrepro_model::image::lock::ImageLock;

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
        compiled_as_now(folder, &part.composition, &part.lock)?;
    }
    Ok(lock)
}

/// Checks that a program was compiled by the action that definition and locks lead to now.
///
/// The action is that of the platform on which the lock was made; its image is defined in the same folder.
pub(crate) fn compiled_as_now(
    folder: &ImageFolder,
    composition: &Composition,
    lock: &ImageLock,
) -> Result<(), ImageError> {
    let (Some(program), Some(pin)) = (&composition.own().layer.program, &lock.pins.program) else { return Ok(()) };
    let builder = builder(folder, program, pin.builder)?;
    let (platform, epoch) = (lock.platform, lock.source_date_epoch);
    let what = Compilation { layer: &lock.name, program, platform, epoch, pins: &lock.pins };
    let action = what.action(&builder, pin.builder, None)?;
    if Digest::of(&action.encode()) != pin.action {
        let reason = format!("its program was compiled by another action: `{}` or its modules changed", program.image);
        return Err(ImageError::StaleLock { name: lock.name.clone(), path: folder.lock_path(&lock.name), reason });
    }
    Ok(())
}

/// Gives the identity of the image that a layer's program is compiled in, on one platform, from its lock alone.
fn builder(folder: &ImageFolder, program: &GoProgram, platform: ImagePlatform) -> Result<ImageIdentity, ImageError> {
    Ok(locked(&folder.on(platform), &program.image)?.identity())
}
