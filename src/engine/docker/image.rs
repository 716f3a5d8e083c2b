//! Confirms that the engine's image is the locked one, and loads images.

use std::collections::BTreeSet;

use bollard::Docker;
use bollard::models::ImageInspect;
use bollard::query_parameters::ImportImageOptions;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};

use super::fault::{call, limited, refuse, status};
use crate::engine::EngineError;
use crate::model::image::ImageIdentity;

/// Is an image whose identity has been confirmed.
#[derive(Debug, Clone)]
pub(super) struct Confirmed {
    /// The id by which this engine knows it: the config digest, or the manifest digest in the containerd store.
    pub id: String,
    /// The names of the variables in the image's own environment.
    pub environment: BTreeSet<String>,
}

/// Asks the engine for the image and compares every digest that it gives with the lock.
///
/// # Errors
/// [`EngineError::ImageMissing`], [`EngineError::ImageMismatch`] or a failed call.
pub(super) async fn confirm(client: &Docker, image: &ImageIdentity) -> Result<Confirmed, EngineError> {
    for id in [image.config, image.manifest] {
        let asked = async {
            match client.inspect_image(&id.to_oci()).await {
                Err(error) if status(&error) == Some(404) => Ok(None),
                answer => answer.map(Some),
            }
        };
        if let Some(found) = limited(&image.name, "inspect the image", asked).await? {
            return compare(image, &found);
        }
    }
    Err(EngineError::ImageMissing { name: image.name.clone(), id: image.config })
}

/// Compares what the engine says about an image with the lock. Pure.
fn compare(image: &ImageIdentity, found: &ImageInspect) -> Result<Confirmed, EngineError> {
    let differs = |part: String, expected: String, found: String| EngineError::ImageMismatch {
        name: image.name.clone(),
        part,
        expected,
        found,
    };
    let id = found.id.clone().unwrap_or_default();
    if id != image.config.to_oci() && id != image.manifest.to_oci() {
        return Err(differs("image id".into(), image.config.to_oci(), id));
    }
    let layers = found.root_fs.as_ref().and_then(|root| root.layers.clone()).unwrap_or_default();
    for (index, expected) in image.diff_ids.iter().enumerate() {
        match layers.get(index) {
            Some(layer) if *layer == expected.to_oci() => {}
            other => {
                let other = other.cloned().unwrap_or_else(|| "missing".into());
                return Err(differs(format!("layer {index}"), expected.to_oci(), other));
            }
        }
    }
    if let Some(extra) = layers.get(image.diff_ids.len()) {
        return Err(differs(format!("layer {}", image.diff_ids.len()), "no such layer".into(), extra.clone()));
    }
    let variables = found.config.as_ref().and_then(|config| config.env.clone()).unwrap_or_default();
    let environment =
        variables.iter().map(|text| text.split_once('=').map_or(text.as_str(), |(name, _)| name).to_owned()).collect();
    Ok(Confirmed { id, environment })
}

/// Streams a docker-loadable tar into the engine and gives the id of the image that it loaded.
///
/// # Errors
/// [`EngineError::Call`] when the engine refuses it, or says nothing about what it loaded.
pub(super) async fn load(
    client: &Docker,
    label: &str,
    archive: impl Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static,
) -> Result<String, EngineError> {
    let options = ImportImageOptions { quiet: true, ..ImportImageOptions::default() };
    let mut answers = std::pin::pin!(client.import_image_stream(options, archive, None));
    let mut loaded = None;
    while let Some(answer) = answers.next().await {
        let said = answer.map_err(call(label, "load the image"))?.stream.unwrap_or_default();
        for line in said.lines() {
            let name = line.strip_prefix("Loaded image ID: ").or_else(|| line.strip_prefix("Loaded image: "));
            if let Some(name) = name {
                loaded = Some(name.trim().to_owned());
            }
        }
    }
    let name = loaded.ok_or_else(|| refuse(label, "load the image", "it does not say what it loaded"))?;
    let found = limited(label, "inspect the loaded image", client.inspect_image(&name)).await?;
    found.id.ok_or_else(|| refuse(label, "inspect the loaded image", "it has no id"))
}
