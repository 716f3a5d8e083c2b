//! `rcrepro image build`.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::with_images;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{print, print_json, say};
use rcrepro_app::toolchain::built_image::BuiltImage;
use rcrepro_app::toolchain::folder::ImageFolder;
use rcrepro_app::toolchain::{ImageContext, build, load, output};
use rcrepro_images::oci::layout_folder::WrittenLayout;
use rcrepro_store::fs::FsStore;

/// Builds the named images, or all; loads them into the engine and writes them as a layout where that is wanted.
pub async fn build(
    context: &Context,
    folder: &ImageFolder,
    names: &[String],
    load: bool,
    output: Option<&Path>,
) -> Result<Exit, Failure> {
    let names = folder.chosen(names)?;
    let store = Arc::new(FsStore::open(&context.store)?);
    let engine = load || build::needs_engine(store.as_ref(), folder, &names)?;
    with_images(context, engine, async |images| {
        let all = build::build_all(images, folder, &names).await?;
        let mut documents = Vec::new();
        for image in &all {
            if let Some(engine) = images.engine.filter(|_| load) {
                load::ensure(images, engine, image).await?;
            }
            let identity = &image.identity;
            let (manifest, config) = (identity.manifest.to_oci(), identity.config.to_oci());
            if context.json {
                documents.push(json!({ "name": identity.name.to_string(), "manifest": manifest, "config": config }));
            } else {
                print(format!("{}  {manifest}  {config}\n", identity.name))?;
            }
        }
        if let Some(output) = output {
            write_all(images, &all, output).await?;
        }
        if context.json {
            print_json(&json!({ "images": documents }))?;
        }
        Ok(Exit::Success)
    })
    .await
}

async fn write_all(images: &ImageContext<'_>, all: &[BuiltImage], output: &Path) -> Result<(), Failure> {
    let what = match output::output(images, all, output).await? {
        WrittenLayout::New => "written",
        WrittenLayout::AlreadyThere => "unchanged",
    };
    say!("{what:>10}  {} as one OCI layout", output.display());
    Ok(())
}
