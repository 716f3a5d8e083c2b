//! `rcrepro image build`.

use std::sync::Arc;

use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::output::print;
use super::{chosen, with_images};
use crate::app::image::folder::ImageFolder;
use crate::app::image::{build, load};
use crate::store::fs::FsStore;

/// Builds the named images, or all, and loads them into the engine where that is wanted.
pub async fn build(context: &Context, folder: &ImageFolder, names: &[String], load: bool) -> Result<Exit, Failure> {
    let names = chosen(folder, names)?;
    let store = Arc::new(FsStore::open(&context.store)?);
    let engine = load || build::needs_engine(store.as_ref(), folder, &names)?;
    with_images(context, engine, async |images| {
        for image in build::build_all(images, folder, &names).await? {
            if let Some(engine) = images.engine.filter(|_| load) {
                load::ensure(images, engine, &image).await?;
            }
            let identity = &image.identity;
            let line = format!("{}  {}  {}\n", identity.name, identity.manifest.to_oci(), identity.config.to_oci());
            print(line.as_bytes())?;
        }
        Ok(Exit::Success)
    })
    .await
}
