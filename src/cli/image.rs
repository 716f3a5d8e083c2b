//! `rcrepro image build|lock|ls`.

use std::sync::Arc;

use super::args::{ImageCommand, StagingName};
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::output::print;
use crate::app::image::folder::ImageFolder;
use crate::app::image::{ImageContext, ImageError, ImageEvent, build, load, lock};
use crate::app::session::Session;
use crate::engine::Engine as _;
use crate::model::image_definition::ImageName;
use crate::packages::sources::Mirrors;
use crate::store::fs::FsStore;

/// Works on the folder's `images/` and `lockfiles/images/`.
pub async fn image(context: &Context, command: ImageCommand) -> Result<Exit, Failure> {
    let folder = ImageFolder::new(&context.directory);
    match command {
        ImageCommand::Build { names, load: false } => {
            let images = image_context(Arc::new(FsStore::open(&context.store)?));
            for name in chosen(&folder, &names)? {
                let built = build::build(&images, &folder, &name).await?;
                print(line(&name, &built).as_bytes())?;
            }
        }
        ImageCommand::Build { names, load: true } => {
            context
                .with_session(StagingName::Auto, async |session, _| load_all(&folder, &names, session).await)
                .await?;
        }
        ImageCommand::Lock { names } => {
            let images = image_context(Arc::new(FsStore::open(&context.store)?));
            let names = if names.is_empty() { lock::order(&folder)? } else { chosen(&folder, &names)? };
            for name in names {
                let lock = lock::lock(&images, &folder, &name).await?;
                let path = folder.lock_path(&name);
                print(format!("{name}  {}  {}\n", lock.manifest_digest.hash.to_oci(), path.display()).as_bytes())?;
            }
        }
        ImageCommand::Ls => {
            for name in folder.names()? {
                let locked = folder.compose(&name).and_then(|composition| folder.lock(&composition));
                let state = match locked {
                    Ok(lock) => {
                        let identity = lock.identity();
                        format!("{}  {} layers", identity.config.to_oci(), identity.diff_ids.len())
                    }
                    Err(error @ ImageError::StaleLock { .. }) => error.to_string(),
                    Err(error) => return Err(error.into()),
                };
                print(format!("{name}  {state}\n").as_bytes())?;
            }
        }
    }
    Ok(Exit::Success)
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
