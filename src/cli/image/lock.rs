//! `rcrepro image lock`.

use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::output::print;
use super::{chosen, with_images};
use crate::app::image::folder::ImageFolder;
use crate::app::image::lock;
use crate::model::image_definition::Platform;

/// Locks the named images, or all, lowest first: for one platform, or for each that an image is for.
pub async fn lock(
    context: &Context,
    folder: &ImageFolder,
    platform: Option<Platform>,
    names: &[String],
) -> Result<Exit, Failure> {
    let names = if names.is_empty() { lock::order(folder)? } else { chosen(folder, names)? };
    let mut engine = false;
    for name in &names {
        engine |= folder.compose(name)?.own().layer.program.is_some();
    }
    with_images(context, engine, async |images| {
        for name in &names {
            let platforms = folder.platforms(name)?;
            for platform in platforms.into_iter().filter(|one| platform.is_none_or(|only| only == *one)) {
                let folder = folder.on(platform);
                let lock = lock::lock(images, &folder, name).await?;
                let path = folder.lock_path(name);
                print(format!("{name}  {}  {}\n", lock.manifest_digest.hash.to_oci(), path.display()).as_bytes())?;
            }
        }
        Ok(Exit::Success)
    })
    .await
}
