//! `rcrepro image …`: one file a subcommand.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::args::{ImageCommand, StagingName};
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use crate::app::config::package_mirrors;
use crate::app::image::folder::ImageFolder;
use crate::app::image::{ImageContext, ImageError};
use crate::model::image_definition::{ImageName, Platform};
use crate::report::progress::images::ImageProgress;
use crate::store::fs::FsStore;

mod build;
mod lock;
mod ls;
mod pull;
mod push;
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
        ImageCommand::Lock { names, check: true, .. } => lock::check(&folder, platform, &names),
        ImageCommand::Lock { names, update, update_all, check: false } => {
            let wanted = lock::Wanted { platform, names: &names, update: &update, all: update_all };
            lock::lock(context, &folder, wanted).await
        }
        ImageCommand::Ls => ls::ls(context, &folder, platform).await,
        ImageCommand::Validate { targets, loaded } => validate::validate(context, &folder, &targets, loaded).await,
        ImageCommand::Sbom { name, format, output } => sbom::sbom(&folder, &name, format, output.as_deref()),
        ImageCommand::Push { name, to } => push::push(context, &folder, &name, &to).await,
        ImageCommand::Pull { reference, load } => pull::pull(context, &folder, &reference, load).await,
    }
}

/// Does work on images: with an engine where it is needed, without one where it is not.
async fn with_images<T>(
    context: &Context,
    engine: bool,
    work: impl AsyncFnOnce(&ImageContext<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let progress = ImageProgress::new();
    let on_event = |event| progress.hear(&event);
    if engine {
        return context
            .with_session(StagingName::Auto, async |session, cancel| {
                let store = session.store.clone();
                let mirrors = package_mirrors(&session.config);
                let (engine, cancel) = (Some(&session.engine), cancel.clone());
                work(&ImageContext { store, mirrors, engine, cancel, on_event: &on_event }).await
            })
            .await;
    }
    let store = Arc::new(FsStore::open(&context.store)?);
    let cancel = CancellationToken::new();
    let mirrors = package_mirrors(&context.config()?);
    work(&ImageContext { store, mirrors, engine: None, cancel, on_event: &on_event }).await
}

fn chosen(folder: &ImageFolder, names: &[String]) -> Result<Vec<ImageName>, ImageError> {
    if names.is_empty() {
        return folder.names();
    }
    names.iter().map(|name| name.parse().map_err(ImageError::Definition)).collect()
}
