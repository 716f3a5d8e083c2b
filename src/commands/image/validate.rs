//! `rcrepro image validate`.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::published::publishing;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{print, print_json, say};
use rcrepro_app::toolchain::folder::ImageFolder;
use rcrepro_app::toolchain::validate::{self, ValidateImageError};
use rcrepro_engine::{ConnectOptions, Connected, EngineError, ImageHost, connect};
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::validated_image::ValidatedImage;
use rcrepro_model::image::definition::ImageName;
use rcrepro_model::standing::Standing;
use rcrepro_report::{release_checks, row, validation};
use rcrepro_store::fs::FsStore;

/// What is validated.
pub enum ValidationTarget {
    /// An image of the release, by its record.
    Release(Name),
    /// A toolchain image, a file, or an image in the engine.
    Toolchain(String),
}

/// Validates each target and prints everything that is wrong; the worst target decides the exit code. Without targets, every toolchain
/// image that is there.
pub(super) async fn validate(
    context: &Context,
    folder: &ImageFolder,
    targets: &[ValidationTarget],
    loaded: bool,
) -> Result<Exit, Failure> {
    let (mut standings, mut documents) = (Vec::new(), Vec::new());
    let toolchain = targets.iter().filter_map(|target| match target {
        ValidationTarget::Toolchain(name) => Some(name.clone()),
        ValidationTarget::Release(_) => None,
    });
    let mut toolchain: Vec<String> = toolchain.collect();
    let all = targets.is_empty();
    if all {
        toolchain.extend(folder.names()?.iter().map(ToString::to_string));
    }
    let host = if loaded { Some(image_host(&toolchain).await?) } else { None };
    for target in &toolchain {
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
        match context.json {
            true => documents.push(validation::json(target, &result)),
            false => print(validation::text(target, &result))?,
        }
    }
    for target in targets {
        let ValidationTarget::Release(name) = target else { continue };
        for validated in released(context, name).await? {
            standings.push(validated.standing);
            match context.json {
                true => documents.push(release_checks::json(&validated)),
                false => print(release_checks::text(&validated))?,
            }
        }
    }
    if context.json {
        print_json(&Value::from(documents))?;
    }
    // Where none of the images is there, nothing was validated.
    Ok(Standing::of_evidence(standings).into())
}

/// Judges an image of the release by the records of HEAD.
async fn released(context: &Context, name: &Name) -> Result<Vec<ValidatedImage>, Failure> {
    publishing(context, None, async |publishing| Ok(publishing.validate(name)?)).await
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
