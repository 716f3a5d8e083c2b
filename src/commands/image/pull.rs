//! `rcrepro image pull`.

use std::sync::Arc;

use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{say, show};
use rcrepro_app::machine::config::registry_settings;
use rcrepro_app::toolchain::folder::ImageFolder;
use rcrepro_app::toolchain::in_engine::pull as app;
use rcrepro_arguments::StagingName;
use rcrepro_images::registry::{Registry, RegistryEvent};
use rcrepro_model::image::reference::ImageReference;
use rcrepro_model::text::plural::counted;
use rcrepro_report::row;
use rcrepro_store::BlobStore;
use rcrepro_store::fs::FsStore;

/// Pulls the image, loads it where that is wanted, and prints the manifest's digest and the image ID.
pub async fn pull(
    context: &Context,
    folder: &ImageFolder,
    reference: &ImageReference,
    load: bool,
) -> Result<Exit, Failure> {
    let registry = Registry::new(registry_settings(&context.config()?))?;
    if reference.digest().is_none() {
        return Err(unpinned(&registry, reference).await);
    }
    let store: Arc<dyn BlobStore> = Arc::new(FsStore::open(&context.store)?);
    let image = registry.pull(reference, folder.platform(), &store, &tell).await?;
    for name in app::note_locks(folder, None, &image, store.as_ref())? {
        say!("{}", row!("this is", "image `{name}`, exactly as locked"));
    }
    if load {
        let loading = context.with_session(StagingName::Auto, async |session, _| {
            let store: Arc<dyn BlobStore> = session.store.clone();
            Ok(app::ensure(&store, &*session.engine, session.image_host.as_deref(), &image, reference).await?)
        });
        let what = if loading.await? { "loaded" } else { "confirmed" };
        say!("{what:>10}  {}", app::tag(&image, reference));
    }
    let (manifest, config) = (image.manifest.hash.to_oci(), image.config.hash.to_oci());
    let document = || json!({ "reference": reference.to_string(), "manifest": manifest, "config": config });
    show(context.json, document, || format!("{reference}  {manifest}  {config}\n"))?;
    Ok(Exit::Success)
}

/// Explains that the digest is missing, and asks the registry for it so that the hint can be run unchanged.
async fn unpinned(registry: &Registry, reference: &ImageReference) -> Failure {
    let message = format!("`{reference}` has no digest, and a tag may be moved at any time");
    let hint = match registry.resolve(reference).await {
        Ok(digest) => format!("rcrepro image pull {}", reference.clone().with_digest(digest)),
        Err(error) => format!("rcrepro image pull {reference}@sha256:… (the registry could not be asked: {error})"),
    };
    Failure::plain(Exit::Usage, message, Some(hint))
}

/// Tells people what happens, on standard error.
pub(super) fn tell(event: RegistryEvent) {
    match event {
        RegistryEvent::Pulling { layers: 0, .. } => {}
        RegistryEvent::Pulling { layers, bytes } => {
            say!("{}", row!("pulling", "{}, {} MB", counted(layers, "layer"), bytes / 1_000_000));
        }
        RegistryEvent::Retrying { reason, pause } => {
            say!("{}", row!("retrying", "in {:.1} s: {reason}", pause.as_secs_f64()));
        }
        RegistryEvent::Elsewhere { reason, .. } => say!("{}", row!("elsewhere", "{reason}")),
        RegistryEvent::Pulled { .. } | RegistryEvent::Pushed { .. } => {}
    }
}
