//! `rcrepro image build`.

use std::path::Path;
use std::sync::Arc;

use super::super::args::StagingName;
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::output::print;
use super::{chosen, image_context};
use crate::app::image::folder::ImageFolder;
use crate::app::image::{ImageContext, build, load, output};
use crate::app::session::Session;
use crate::engine::Engine as _;
use crate::model::image_definition::ImageName;
use crate::oci::layout_folder::Written;
use crate::store::fs::FsStore;

/// Builds the named images, or all; loads them into the engine and writes them as a layout where that is wanted.
pub async fn build(
    context: &Context,
    folder: &ImageFolder,
    names: &[String],
    load: bool,
    output: Option<&Path>,
) -> Result<Exit, Failure> {
    if load {
        context.with_session(StagingName::Auto, async |session, _| load_all(folder, names, session).await).await?;
        if output.is_none() {
            return Ok(Exit::Success);
        }
    }
    let images = image_context(Arc::new(FsStore::open(&context.store)?));
    let mut all = Vec::new();
    for name in chosen(folder, names)? {
        let built = build::build(&images, folder, &name).await?;
        if !load {
            print(line(&name, &built).as_bytes())?;
        }
        all.push(built);
    }
    if let Some(output) = output {
        write_all(&images, &all, output).await?;
    }
    Ok(Exit::Success)
}

async fn write_all(images: &ImageContext, all: &[build::BuiltImage], output: &Path) -> Result<(), Failure> {
    let what = match output::output(images, all, output).await? {
        Written::New => "written",
        Written::AlreadyThere => "unchanged",
    };
    eprintln!("{what:>10}  {} as one OCI layout", output.display());
    Ok(())
}

async fn load_all(folder: &ImageFolder, names: &[String], session: &Session) -> Result<(), Failure> {
    let images = image_context(session.store.clone());
    for name in chosen(folder, names)? {
        let built = build::build(&images, folder, &name).await?;
        session.engine.load_image(&format!("image {name}"), load::load_stream(&images, &built)).await?;
        session.engine.confirm_image(&built.identity).await?;
        print(line(&name, &built).as_bytes())?;
    }
    Ok(())
}

fn line(name: &ImageName, built: &build::BuiltImage) -> String {
    format!("{name}  {}  {}\n", built.identity.manifest.to_oci(), built.identity.config.to_oci())
}
