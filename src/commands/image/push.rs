//! `rcrepro image push`.

use serde_json::json;

use super::pull::tell;
use super::with_images;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{say, show};
use rcrepro_app::machine::config::registry_settings;
use rcrepro_app::toolchain::folder::ImageFolder;
use rcrepro_app::toolchain::{ImageError, build, push as app};
use rcrepro_images::registry::Registry;
use rcrepro_model::image::definition::ImageName;
use rcrepro_model::image::reference::ImageReference;
use rcrepro_report::row;
use rcrepro_store::fs::FsStore;

/// Makes the image, pushes it, and prints the reference by which anybody can pull it.
pub async fn push(context: &Context, folder: &ImageFolder, name: &str, to: &ImageReference) -> Result<Exit, Failure> {
    let name: ImageName = name.parse().map_err(ImageError::Definition)?;
    let registry = Registry::new(registry_settings(&context.config()?))?;
    let engine = build::needs_engine(&FsStore::open(&context.store)?, folder, std::slice::from_ref(&name))?;
    let pushed =
        with_images(context, engine, async |images| Ok(app::push(images, folder, &name, &registry, to, &tell).await?));
    let pushed = pushed.await?;
    let (uploaded, skipped) = (pushed.uploaded / 1_000_000, pushed.skipped / 1_000_000);
    say!("{}", row!("pushed", "{uploaded} MB, {skipped} MB were there"));
    let reference = to.clone().with_digest(pushed.manifest).to_string();
    let document = || json!({ "name": name.to_string(), "reference": reference });
    show(context.json, document, || format!("{name}  {reference}\n"))?;
    Ok(Exit::Success)
}
