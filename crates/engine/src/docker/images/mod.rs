//! Confirms that the engine's image is the locked one, and loads images.

pub(crate) mod build;
pub(crate) mod export;
mod held;
pub(crate) mod held_tag;
mod host;
pub(crate) mod leftovers;
pub(crate) mod release;

use std::collections::BTreeSet;

use bollard::Docker;
use bollard::models::{ContainerInspectResponse, ImageInspect};
use bollard::query_parameters::ImportImageOptions;
use futures_util::StreamExt as _;

use super::fault::{call, limited, refuse, status};
use crate::{ArchiveStream, EngineError};
use rcrepro_model::image::identity::ImageIdentity;

/// An image whose identity has been confirmed.
#[derive(Debug, Clone)]
pub(crate) struct Confirmed {
    /// The id by which this engine knows it: the config digest, or the manifest digest in the containerd store.
    pub id: String,
    /// The names of the variables in the image's own environment.
    pub environment: BTreeSet<String>,
}

/// Asks the engine for the image and compares every digest that it gives with the lock.
///
/// # Errors
/// [`EngineError::ImageMissing`], [`EngineError::ImageMismatch`] or a failed call.
pub(crate) async fn confirm(client: &Docker, image: &ImageIdentity) -> Result<Confirmed, EngineError> {
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
    // The containerd store keeps the manifest, and says so; the classic one forgets it.
    if let Some(kept) = found.descriptor.as_ref().and_then(|kept| kept.digest.as_ref())
        && *kept != image.manifest.to_oci()
    {
        return Err(differs("manifest".into(), image.manifest.to_oci(), kept.clone()));
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

/// Compares what the engine says about the image of a container that ran with the lock. Pure.
///
/// # Errors
/// [`EngineError::ImageMismatch`]: the image was exchanged between its confirmation and the run.
pub(crate) fn compare_used(image: &ImageIdentity, found: &ContainerInspectResponse) -> Result<(), EngineError> {
    let differs = |part: &str, expected: String, found: String| EngineError::ImageMismatch {
        name: image.name.clone(),
        part: part.to_owned(),
        expected,
        found,
    };
    let id = found.image.clone().unwrap_or_default();
    if id != image.config.to_oci() && id != image.manifest.to_oci() {
        return Err(differs("the container's image id", image.config.to_oci(), id));
    }
    let kept = found.image_manifest_descriptor.as_ref().and_then(|kept| kept.digest.clone());
    match kept {
        Some(kept) if kept != image.manifest.to_oci() => {
            Err(differs("the container's manifest", image.manifest.to_oci(), kept))
        }
        _ => Ok(()),
    }
}

/// Streams a docker-loadable tar into the engine and gives the id of the image that it loaded.
///
/// # Errors
/// [`EngineError::Call`] when the engine refuses it, or says nothing about what it loaded.
pub(crate) async fn load(client: &Docker, label: &str, archive: ArchiveStream) -> Result<String, EngineError> {
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use rcrepro_model::content::digest::Sha256;

    fn locked() -> ImageIdentity {
        ImageIdentity {
            name: "base".into(),
            manifest: Sha256::of(b"manifest"),
            config: Sha256::of(b"config"),
            diff_ids: vec![Sha256::of(b"layer 0"), Sha256::of(b"layer 1")],
        }
    }

    fn oci(text: &[u8]) -> String {
        Sha256::of(text).to_oci()
    }

    /// How the classic store describes the locked image: its id is the config's digest, and the manifest is forgotten.
    fn classic() -> Value {
        json!({ "Id": oci(b"config"), "RootFS": { "Type": "layers", "Layers": [oci(b"layer 0"), oci(b"layer 1")] },
                "RepoDigests": [], "Config": { "Env": ["PATH=/bin", "BARE"] } })
    }

    /// How the containerd store of Docker 29 describes it: its id is the manifest's digest.
    fn containerd() -> Value {
        let kind = "application/vnd.oci.image.manifest.v1+json";
        let mut said = classic();
        said["Id"] = json!(oci(b"manifest"));
        said["Descriptor"] = json!({ "mediaType": kind, "digest": oci(b"manifest"), "size": 422 });
        said
    }

    type Change = fn(&mut Value);

    fn judge(said: Value) -> Result<Confirmed, EngineError> {
        compare(&locked(), &serde_json::from_value(said).expect("an answer"))
    }

    /// Gives the answers of both stores, changed in one place.
    fn changed(change: Change) -> [Value; 2] {
        [classic(), containerd()].map(|mut said| {
            change(&mut said);
            said
        })
    }

    #[test]
    fn the_locked_image_is_confirmed_on_either_store() {
        assert_eq!(judge(classic()).expect("the locked one").id, oci(b"config"));
        let confirmed = judge(containerd()).expect("the locked one");
        assert_eq!(confirmed.id, oci(b"manifest"));
        assert_eq!(confirmed.environment, BTreeSet::from(["PATH".to_owned(), "BARE".to_owned()]));
    }

    #[test]
    fn every_digest_that_a_store_gives_counts() {
        let changes: [(&str, Change); 6] = [
            ("image id", |said| said["Id"] = json!(oci(b"other"))),
            ("image id", |said| said["Id"] = json!(null)),
            ("layer 1", |said| said["RootFS"]["Layers"][1] = json!(oci(b"other"))),
            ("layer 0", |said| said["RootFS"] = json!(null)),
            ("layer 1", |said| said["RootFS"]["Layers"] = json!([oci(b"layer 0")])),
            ("manifest", |said| said["Descriptor"] = json!({ "digest": oci(b"other") })),
        ];
        for (expected, change) in changes {
            for said in changed(change) {
                match judge(said.clone()) {
                    Err(EngineError::ImageMismatch { part, .. }) => assert_eq!(part, expected, "{said}"),
                    other => panic!("{said}: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn an_exchanged_image_is_noticed_after_the_run() {
        let judge = |said: Value| compare_used(&locked(), &serde_json::from_value(said).expect("an answer"));
        let descriptor = |of: &[u8]| json!({ "digest": oci(of) });
        assert!(judge(json!({ "Image": oci(b"config") })).is_ok());
        let used = json!({ "Image": oci(b"manifest"), "ImageManifestDescriptor": descriptor(b"manifest") });
        assert!(judge(used).is_ok());
        for wrong in [
            json!({}),
            json!({ "Image": oci(b"other") }),
            json!({ "Image": oci(b"manifest"), "ImageManifestDescriptor": descriptor(b"other") }),
        ] {
            assert!(judge(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
