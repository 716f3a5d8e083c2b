//! What a registry serves, held against what was certified: by the manifest's digest, else by files, settings, modes and owners.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Publishing;
use super::certified::CertifiedImage;
use super::error::PublishError;
use crate::release::judge::differences;
use crate::release::read::parts_of;
use crate::release::step::finding;
use rcrepro_format::images::image_settings;
use rcrepro_images::registry::{ServedImage, open_unpacked};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::release_record::Parts;
use rcrepro_model::evidence::served::{ComparedBy, ServedComparison};
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::image::pulled::PulledImage;
use rcrepro_model::image::reference::ImageReference;
use rcrepro_model::text::causes::with_causes;
use rcrepro_store::BlobStore;
use rcrepro_store::ingest::{TarError, hash_layers};

impl Publishing<'_> {
    /// Compares what a registry serves with the record of an image; without a name, with that of the plan's one image, else of the one
    /// whose manifest is served.
    ///
    /// # Errors
    /// [`PublishError`] when it cannot be compared; a difference is part of the result.
    pub async fn compare(
        &self,
        reference: &ImageReference,
        image: Option<&Name>,
    ) -> Result<ServedComparison, PublishError> {
        let images = &self.workspace.plan.release_images;
        let only = || images.keys().next().filter(|_| images.len() == 1);
        let certified = match image.or_else(only) {
            Some(image) => self.certified(image)?,
            None => self.certified(&self.named_by(reference).await?)?,
        };
        let served = self.registry.find(reference, certified.platform, self.on_event).await?;
        // What this machine's store has, the registry may have lost.
        self.registry.ask_for_blobs(reference, &served.blobs, self.on_event).await?;
        if Some(served.manifest) == certified.parts.manifest {
            return Ok(compared(&certified, &served, ComparedBy::Digest, Vec::new()));
        }
        let store: Arc<dyn BlobStore> = self.store.clone();
        let pinned = reference.clone().with_digest(served.asked);
        let pulled = self.registry.pull(&pinned, certified.platform, &store, self.on_event).await?;
        let (image, parts) = (certified.image.clone(), certified.parts);
        let files = tokio::task::spawn_blocking(move || by_files(&image, parts, &pulled, &*store));
        let findings = files.await.expect("folding layers does not panic")?;
        Ok(compared(&certified, &served, ComparedBy::Files, findings))
    }

    /// Finds the image whose recorded manifest is the one that is served.
    async fn named_by(&self, reference: &ImageReference) -> Result<Name, PublishError> {
        let images = &self.workspace.plan.release_images;
        let mut served: BTreeMap<ImagePlatform, Digest> = BTreeMap::new();
        for (name, platform, manifest) in self.named_manifests()? {
            let found = match served.get(&platform) {
                Some(found) => *found,
                None => {
                    let found = self.registry.find(reference, platform, self.on_event).await?.manifest;
                    served.insert(platform, found);
                    found
                }
            };
            if found == manifest {
                return Ok(name);
            }
        }
        let known = images.keys().cloned().collect();
        let reference = Box::new(reference.clone());
        let served: Vec<String> = served.values().map(|found| found.hash.to_oci()).collect();
        let found = if served.is_empty() { "an image".to_owned() } else { served.join(" and ") };
        Err(PublishError::Which { reference, found, known })
    }
}

fn compared(
    certified: &CertifiedImage,
    served: &ServedImage,
    by: ComparedBy,
    findings: Vec<Finding>,
) -> ServedComparison {
    ServedComparison {
        image: certified.image.clone(),
        packet: certified.packet.clone(),
        asked: served.asked,
        served: served.manifest,
        certified: certified.parts.manifest,
        by,
        findings,
    }
}

/// Folds what was pulled and names where it differs. Contents are hashed and not kept.
fn by_files(
    image: &Name,
    certified: Parts,
    pulled: &PulledImage,
    store: &dyn BlobStore,
) -> Result<Vec<Finding>, PublishError> {
    let undecided =
        |at, expected, found: String| Ok(vec![finding(FindingName::ImageUndecided, image, at, expected, found)]);
    let settings = match image_settings::read(&store.get(pulled.config)?) {
        Ok(settings) => settings,
        Err(error) => return undecided("config", "image settings", error.to_string()),
    };
    let layers = pulled.layers.iter().map(|layer| open_unpacked(store, layer));
    let tree = match hash_layers(store, layers) {
        Ok(tree) => tree,
        Err(TarError::Store(error)) => return Err(error.into()),
        Err(error) => return undecided("tree", "layers that can be laid over each other", with_causes(&error)),
    };
    let found = parts_of(store, &settings, &tree)?;
    // The manifests are known to be different, and say how layers are packed.
    let certified = Parts { manifest: None, ..certified };
    Ok(differences(image, FindingName::ImageChanged, certified, found, store)?)
}
