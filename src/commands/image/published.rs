//! `rcrepro image push`, `rcrepro image compare` and `rcrepro image delta` of the release's own images.

use std::sync::Arc;

use serde_json::json;

use super::pull::tell;
use crate::context::{Context, set_aside};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{say, show};
use crate::today::today;
use rcrepro_app::machine::config::registry_settings;
use rcrepro_app::release::publish::Publishing;
use rcrepro_images::registry::Registry;
use rcrepro_model::content::name::Name;
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::image::reference::ImageReference;
use rcrepro_report::{image_delta, release, row};
use rcrepro_store::fs::FsStore;

/// Pushes the image that the record of HEAD's source names, and prints the reference by which anybody can pull it.
pub async fn push(
    context: &Context,
    platform: Option<ImagePlatform>,
    name: &Name,
    to: &ImageReference,
) -> Result<Exit, Failure> {
    let pushed = publishing(context, platform, async |publishing| Ok(publishing.push(name, to).await?)).await?;
    let (uploaded, skipped) = (pushed.uploaded / 1_000_000, pushed.skipped / 1_000_000);
    say!("{}", row!("pushed", "{uploaded} MB, {skipped} MB were there"));
    let reference = to.clone().with_digest(pushed.manifest).to_string();
    let document = || json!({ "name": name.to_string(), "reference": reference });
    show(context.json, document, || format!("{name}  {reference}\n"))?;
    Ok(Exit::Success)
}

/// Compares what a registry serves with the record, and prints where it differs.
pub async fn compare(
    context: &Context,
    platform: Option<ImagePlatform>,
    reference: &ImageReference,
    name: Option<&Name>,
) -> Result<Exit, Failure> {
    let compared =
        publishing(context, platform, async |publishing| Ok(publishing.compare(reference, name).await?)).await?;
    let shown = reference.to_string();
    show(context.json, || release::served_json(&shown, &compared), || release::served_text(&shown, &compared))?;
    Ok(compared.standing().into())
}

/// Prints how an image differs from the one that an earlier release recorded.
pub async fn delta(
    context: &Context,
    platform: Option<ImagePlatform>,
    name: &Name,
    since: Option<&str>,
) -> Result<Exit, Failure> {
    let delta = publishing(context, None, async |publishing| Ok(publishing.delta(name, since, platform)?)).await?;
    show(context.json, || image_delta::json(&delta), || image_delta::text(&delta))?;
    Ok(Exit::Success)
}

/// Does work with the plan of HEAD, the store and registries; no engine is needed.
pub(super) async fn publishing<T>(
    context: &Context,
    platform: Option<ImagePlatform>,
    work: impl AsyncFnOnce(&Publishing<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let workspace = context.committed_and_told("HEAD")?;
    let registry = Registry::new(registry_settings(&context.config()?))?;
    let store = Arc::new(FsStore::open_mending(&context.store)?);
    let publishing = Publishing {
        workspace: &workspace,
        store: &store,
        registry: &registry,
        today: today(),
        platform,
        on_event: &tell,
    };
    let result = work(&publishing).await;
    set_aside(&store);
    result
}
