//! What a registry serves, held against what was certified: by the manifest's digest, else by files, settings, modes and owners.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Publishing;
use super::certified::CertifiedImage;
use super::error::PublishError;
use crate::release::judge::differences;
use crate::release::read::parts_of;
use crate::release::step::{finding, within};
use rcrepro_format::images::image_settings;
use rcrepro_format::images::oci_document::DocumentError;
use rcrepro_images::registry::{RegistryError, ServedImage, open_unpacked};
use rcrepro_model::content::digest::{Digest, Sha256};
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::release_record::Parts;
use rcrepro_model::evidence::served::{ComparedBy, ServedComparison, ServedPlatform};
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
        // A record that says nothing needs no registry.
        let certified = image.or_else(only).map(|image| self.certified(image)).transpose()?;
        let asked = match reference.digest() {
            Some(digest) => digest,
            None => self.registry.resolve(reference).await?,
        };
        // A tag that is moved meanwhile would mix two images.
        let pinned = reference.clone().with_digest(asked);
        let certified = match certified {
            Some(certified) => certified,
            None => self.certified(&self.named_by(reference, &pinned).await?)?,
        };
        let (mut found, mut none) = (Vec::new(), None);
        for (platform, parts) in &certified.platforms {
            match self.found(&pinned, *platform).await? {
                Ok(served) => found.push((*platform, *parts, Some(served))),
                Err(error) => {
                    none.get_or_insert(error);
                    found.push((*platform, *parts, None));
                }
            }
        }
        if let Some(error) = none.filter(|_| found.iter().all(|(.., served)| served.is_none())) {
            return Err(error.into());
        }
        let is_index = found.iter().flat_map(|(.., served)| served).all(|served| served.manifest.hash != asked);
        let platforms = match is_index {
            true => self.of_index(&certified, &pinned, found).await?,
            false => vec![self.of_manifest(&certified, &pinned, found).await?],
        };
        let compared: BTreeSet<ImagePlatform> = platforms.iter().map(|one| one.platform).collect();
        let unserved = certified.platforms.keys().copied().filter(|one| !compared.contains(one)).collect();
        let CertifiedImage { image, packet, .. } = certified;
        Ok(ServedComparison { image, packet, asked, platforms, unserved })
    }

    /// Finds what a reference serves for a platform; the error in place of it when that is nothing.
    async fn found(
        &self,
        pinned: &ImageReference,
        platform: ImagePlatform,
    ) -> Result<Result<ServedImage, RegistryError>, RegistryError> {
        match self.registry.find(pinned, platform, self.on_event).await {
            Err(error) if is_other_platform(&error) => Ok(Err(error)),
            served => served.map(Ok),
        }
    }

    /// Compares every platform with what an index has for it.
    async fn of_index(
        &self,
        certified: &CertifiedImage,
        pinned: &ImageReference,
        found: Vec<Recorded>,
    ) -> Result<Vec<ServedPlatform>, PublishError> {
        let mut platforms = Vec::new();
        for (platform, parts, served) in found {
            platforms.push(match served {
                Some(served) => self.of_platform(certified, pinned, (platform, parts), &served).await?,
                None => {
                    let is = format!("nothing: the index has no image for {platform}");
                    let missing = finding(
                        FindingName::ImageChanged,
                        &certified.image,
                        &format!("platforms.{platform}"),
                        "an image",
                        is,
                    );
                    let (certified, by) = (parts.manifest, ComparedBy::Digest);
                    ServedPlatform { platform, served: None, certified, by, findings: vec![missing] }
                }
            });
        }
        Ok(platforms)
    }

    /// Compares the one platform that a manifest is for. Its digest says which, or the configuration that it names.
    async fn of_manifest(
        &self,
        certified: &CertifiedImage,
        pinned: &ImageReference,
        mut found: Vec<Recorded>,
    ) -> Result<ServedPlatform, PublishError> {
        // The certified manifest itself first, so that nothing is pulled of it.
        found.sort_by_key(|(_, parts, served)| served.as_ref().map(|served| served.manifest) != parts.manifest);
        let mut first = None;
        for (platform, parts, served) in &found {
            let Some(served) = served else { continue };
            match self.of_platform(certified, pinned, (*platform, *parts), served).await {
                Err(PublishError::Registry(error)) if is_other_platform(&error) => {
                    first.get_or_insert(error);
                }
                compared => return compared,
            }
        }
        Err(first.expect("a manifest is served for each platform that is looked for").into())
    }

    /// Compares what is served for one platform.
    async fn of_platform(
        &self,
        certified: &CertifiedImage,
        pinned: &ImageReference,
        (platform, parts): (ImagePlatform, Parts),
        served: &ServedImage,
    ) -> Result<ServedPlatform, PublishError> {
        // What this machine's store has, the registry may have lost.
        self.registry.ask_for_blobs(pinned, &served.blobs, self.on_event).await?;
        let rivals = rivals(&certified.image, platform, served);
        let compared = |by, mut findings: Vec<Finding>| {
            findings.extend(rivals);
            let (served, certified) = (Some(served.manifest), parts.manifest);
            ServedPlatform { platform, served, certified, by, findings }
        };
        if Some(served.manifest) == parts.manifest {
            return Ok(compared(ComparedBy::Digest, Vec::new()));
        }
        let store: Arc<dyn BlobStore> = self.store.clone();
        let pulled = self.registry.pull(pinned, platform, &store, self.on_event).await?;
        let image = certified.image.clone();
        let files = tokio::task::spawn_blocking(move || by_files(&image, parts, &pulled, &*store));
        let mut findings = files.await.expect("folding layers does not panic")?;
        if platform != certified.machine {
            findings.iter_mut().for_each(|one| one.at = within(&one.at, &certified.image, &platform.to_string()));
        }
        Ok(compared(ComparedBy::Files, findings))
    }

    /// Finds the image whose recorded manifest is the one that is served for its platform.
    async fn named_by(&self, reference: &ImageReference, pinned: &ImageReference) -> Result<Name, PublishError> {
        let images = &self.workspace.plan.release_images;
        let mut served: BTreeMap<ImagePlatform, Option<Digest>> = BTreeMap::new();
        let mut none = None;
        for (name, platform, manifest) in self.named_manifests()? {
            if let Entry::Vacant(place) = served.entry(platform) {
                let found = self.found(pinned, platform).await?;
                place.insert(
                    found.map_err(|error| none.get_or_insert(error).to_string()).ok().map(|found| found.manifest),
                );
            }
            if served[&platform] == Some(manifest) {
                return Ok(name);
            }
        }
        let found: BTreeSet<String> = served.values().flatten().map(|found| found.hash.to_oci()).collect();
        if let Some(error) = none.filter(|_| found.is_empty()) {
            return Err(error.into());
        }
        let found = found.into_iter().collect::<Vec<_>>().join(" and ");
        let found = if found.is_empty() { "an image".to_owned() } else { found };
        let (reference, known) = (Box::new(reference.clone()), images.keys().cloned().collect());
        Err(PublishError::Which { reference, found, known })
    }
}

/// Names the images that an index offers beside the one that was compared, for the same platform.
fn rivals(image: &Name, platform: ImagePlatform, served: &ServedImage) -> Vec<Finding> {
    let rival = |(written, manifest): &(String, Sha256)| {
        let found = format!("also {} for {written}, which an engine may take", manifest.to_oci());
        let (at, expected) = (format!("platforms.{platform}"), format!("one image for {platform} in the index"));
        finding(FindingName::ImageChanged, image, &at, expected, found)
    };
    served.rivals.iter().map(rival).collect()
}

/// A platform that was recorded, with what is served for it.
type Recorded = (ImagePlatform, Parts, Option<ServedImage>);

/// Whether what is served is for other platforms only.
fn is_other_platform(error: &RegistryError) -> bool {
    matches!(error, RegistryError::Document { mistake: DocumentError::Platform { .. }, .. })
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
