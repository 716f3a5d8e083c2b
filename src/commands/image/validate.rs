//! `rcrepro image validate`.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{print, print_json, say};
use rcrepro_app::toolchain::folder::ImageFolder;
use rcrepro_app::toolchain::validate::{self, ValidateImageError};
use rcrepro_engine::{ConnectOptions, Connected, EngineError, ImageHost, connect};
use rcrepro_model::image::definition::ImageName;
use rcrepro_model::standing::Standing;
use rcrepro_report::row;
use rcrepro_report::validation;
use rcrepro_store::fs::FsStore;

/// Validates each target and prints everything that is wrong; the worst target decides the exit code.
pub async fn validate(
    context: &Context,
    folder: &ImageFolder,
    targets: &[String],
    loaded: bool,
) -> Result<Exit, Failure> {
    let all = targets.is_empty();
    let targets = if all { folder.names()?.iter().map(ToString::to_string).collect() } else { targets.to_vec() };
    let host = if loaded { Some(image_host(&targets).await?) } else { None };
    let (mut standings, mut documents) = (Vec::new(), Vec::new());
    for target in &targets {
        let result = match (&host, locked(context, folder, target)) {
            (Some(host), _) => validate::loaded(folder, target, &**host).await,
            (None, Some(name)) => validate::stored(folder, &name, Arc::new(FsStore::open(&context.store)?)).await,
            (None, None) => validate::path(&context.path(Path::new(target))).await,
        };
        let result = match result {
            // Whoever names no image means those that are there.
            Err(
                error @ (ValidateImageError::NotStored { .. }
                | ValidateImageError::Engine(EngineError::ImageMissing { .. })),
            ) if all => {
                say!("{}", row!("skipped", "{error}"));
                continue;
            }
            result => result?,
        };
        standings.push(result.standing());
        if context.json {
            documents.push(validation::json(target, &result));
        } else {
            print(validation::text(target, &result))?;
        }
    }
    if context.json {
        print_json(&Value::from(documents))?;
    }
    // Where none of the images is there, nothing was validated.
    Ok(Standing::of_evidence(standings).into())
}

/// Connects to an engine that keeps images.
async fn image_host(targets: &[String]) -> Result<Arc<dyn ImageHost>, EngineError> {
    let Connected { engine, image_host, .. } = connect(ConnectOptions::new("validate", "validate")).await?;
    image_host.ok_or_else(|| {
        let (engine, image) = (engine.info().name.clone(), targets.join(", "));
        EngineError::NoImageHost { engine, doing: "read", image }
    })
}

/// Takes a target for the name of a lock when there is such a definition, or when nothing else can be meant.
fn locked(context: &Context, folder: &ImageFolder, target: &str) -> Option<ImageName> {
    let name: ImageName = target.parse().ok()?;
    (folder.definition_path(&name).exists() || !context.path(Path::new(target)).exists()).then_some(name)
}
