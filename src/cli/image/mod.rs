//! `rcrepro image …`: one file a subcommand.

use std::sync::Arc;

use super::args::ImageCommand;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use crate::app::image::folder::ImageFolder;
use crate::app::image::{ImageContext, ImageError, ImageEvent};
use crate::model::image_definition::{ImageName, Platform};
use crate::packages::sources::Mirrors;
use crate::store::fs::FsStore;

mod build;
mod lock;
mod ls;
mod sbom;
mod table;
mod validate;

/// Works on the folder's `images/` and `lockfiles/images/`.
pub async fn image(context: &Context, platform: Option<Platform>, command: ImageCommand) -> Result<Exit, Failure> {
    let here = platform.or_else(Platform::host).ok_or_else(|| {
        let hint = Some("name one: --platform linux/amd64".to_owned());
        Failure::plain(Exit::Usage, "no image can be for this machine's architecture", hint)
    })?;
    let folder = ImageFolder::new(&context.directory, here);
    match command {
        ImageCommand::Build { names, load, output } => {
            build::build(context, &folder, &names, load, output.as_deref()).await
        }
        ImageCommand::Lock { names } => lock::lock(context, &folder, platform, &names).await,
        ImageCommand::Ls => ls::ls(context, &folder, platform).await,
        ImageCommand::Validate { targets, loaded } => validate::validate(context, &folder, &targets, loaded).await,
        ImageCommand::Sbom { name, format, output } => sbom::sbom(&folder, &name, format, output.as_deref()),
    }
}

fn image_context(store: Arc<FsStore>) -> ImageContext {
    let on_event = |event| match event {
        ImageEvent::Fetching { layer, files, bytes } => {
            eprintln!("{:>10}  {files} packages of layer {layer}, {} MB", "fetching", bytes / 1_000_000);
        }
        ImageEvent::Assembling { layer } => eprintln!("{:>10}  layer {layer}", "assembling"),
        ImageEvent::Fetched { .. } | ImageEvent::Assembled { .. } => {}
    };
    ImageContext { store, mirrors: Mirrors::default(), on_event: Arc::new(on_event) }
}

fn chosen(folder: &ImageFolder, names: &[String]) -> Result<Vec<ImageName>, ImageError> {
    if names.is_empty() {
        return folder.names();
    }
    names.iter().map(|name| name.parse().map_err(ImageError::Definition)).collect()
}
