//! `rcrepro image lock`.

use std::sync::Arc;

use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::output::print;
use super::{chosen, image_context};
use crate::app::image::folder::ImageFolder;
use crate::app::image::lock;
use crate::model::image_definition::Platform;
use crate::store::fs::FsStore;

/// Locks the named images, or all, lowest first: for one platform, or for each that an image is for.
pub async fn lock(
    context: &Context,
    folder: &ImageFolder,
    platform: Option<Platform>,
    names: &[String],
) -> Result<Exit, Failure> {
    let images = image_context(Arc::new(FsStore::open(&context.store)?));
    let names = if names.is_empty() { lock::order(folder)? } else { chosen(folder, names)? };
    for name in names {
        let platforms = folder.platforms(&name)?;
        for platform in platforms.into_iter().filter(|one| platform.is_none_or(|only| only == *one)) {
            let folder = folder.on(platform);
            let lock = lock::lock(&images, &folder, &name).await?;
            let path = folder.lock_path(&name);
            print(format!("{name}  {}  {}\n", lock.manifest_digest.hash.to_oci(), path.display()).as_bytes())?;
        }
    }
    Ok(Exit::Success)
}
