//! An image from a registry into the store.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _};

use super::document::{self, DOCUMENT_LIMIT, Received, WantedDocument};
use super::error::RegistryError;
use super::place::places;
use super::route::Route;
use super::{Operation, PARALLEL, Registry, RegistryEvent, download, unpack};
use rcrepro_format::images::oci_document::{self, Descriptor, Document, DocumentError, Packing};
use rcrepro_model::content::digest::Sha256;
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::image::pulled::{PulledImage, PulledLayer};
use rcrepro_model::image::reference::ImageReference;
use rcrepro_store::BlobStore;

impl Registry {
    /// Asks which manifest or index a tag names now; without a tag, `latest`. A digest in the reference is ignored.
    ///
    /// The digest is computed from the document itself, not taken from the registry's word.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn resolve(&self, reference: &ImageReference) -> Result<Sha256, RegistryError> {
        let ignore = |_| {};
        let route = self.route(reference, &ignore)?;
        let tag = reference.tag().unwrap_or("latest");
        let wanted = WantedDocument {
            path: format!("manifests/{tag}"),
            object: format!("tag `{tag}` of `{}`", reference.repository()),
            hash: None,
            size: None,
        };
        let received = document::fetch(&route, &wanted, self.settings.pause).await?;
        read(&wanted.object, &received)?;
        Ok(received.digest.hash)
    }

    /// Brings the image of the reference's digest, for one platform, into the store. The tag decides nothing.
    ///
    /// Every blob is kept byte for byte under the digest that it was asked by; the manifest comes last, so that where
    /// it is, the image is whole. Blobs that the store has are not fetched again.
    ///
    /// # Errors
    /// [`RegistryError::NoDigest`] without a digest, and whatever the registry or the store gives. Then the blobs that had
    /// arrived whole stay in the store under their right names.
    pub async fn pull(
        &self,
        reference: &ImageReference,
        platform: ImagePlatform,
        store: &Arc<dyn BlobStore>,
        on_event: &(dyn Fn(RegistryEvent) + Sync),
    ) -> Result<PulledImage, RegistryError> {
        let Some(asked) = reference.digest() else {
            return Err(RegistryError::NoDigest { reference: Box::new(reference.clone()) });
        };
        let pull = Pull { registry: self, route: self.route(reference, on_event)?, store };
        let top = pull.manifest(asked, None).await?;
        let (indexes, manifest) = pull.descend(top, platform).await?;
        let Document::Manifest { config, layers } = read(&manifest.object, &manifest.received)? else {
            let reason = "an index, expected one image manifest for the platform".to_owned();
            return Err(RegistryError::Unsupported { object: manifest.object, reason });
        };
        let (config_bytes, layers) = pull.checked_layers(&config, &layers, platform).await?;
        pull.layers(&layers).await?;

        store.put(&config_bytes)?;
        let digest = store.put(&manifest.received.bytes)?;
        // The first is the one that was asked for.
        let indexes = indexes.iter().map(|index| store.put(&index.received.bytes)).collect::<Result<Vec<_>, _>>()?;
        let index = indexes.first().copied();
        let layers = layers.into_iter().map(|(layer, _)| layer).collect();
        Ok(PulledImage {
            index,
            manifest: digest,
            manifest_type: manifest.received.media_type,
            config: config.digest,
            platform,
            layers,
        })
    }

    fn route<'a>(
        &'a self,
        reference: &ImageReference,
        on_event: &'a (dyn Fn(RegistryEvent) + Sync),
    ) -> Result<Route<'a>, RegistryError> {
        Ok(Route::new(places(reference, &self.settings)?, Operation::Pull, &self.clients, &self.settings, on_event))
    }
}

/// How deep indexes may be nested.
const DEPTH: usize = 4;

/// A document with its name for messages.
struct Named {
    object: String,
    received: Received,
}

struct Pull<'a> {
    registry: &'a Registry,
    route: Route<'a>,
    store: &'a Arc<dyn BlobStore>,
}

impl Pull<'_> {
    /// Goes down from what was asked for to the platform's manifest; gives the indexes on the way, the first on top. Where an
    /// index has no entry for the platform, those of its entries are looked into that are indexes and name none.
    async fn descend(&self, top: Named, platform: ImagePlatform) -> Result<(Vec<Named>, Named), RegistryError> {
        let mut way: Vec<Named> = Vec::new();
        let mut at = top;
        loop {
            let Document::Index(entries) = read(&at.object, &at.received)? else { return Ok((way, at)) };
            if way.len() >= DEPTH {
                let reason = format!(
                    "it is index number {} on the way down, expected a manifest after at most {DEPTH}",
                    way.len() + 1
                );
                return Err(RegistryError::Unsupported { object: at.object, reason });
            }
            let chosen = match oci_document::choose(&entries, platform) {
                Ok(chosen) => chosen,
                Err(mistake) => {
                    let mut inner = entries.iter().filter(|entry| entry.is_index() && entry.platform.is_empty());
                    match (inner.next(), inner.next()) {
                        (Some(only), None) => only,
                        (Some(_), Some(_)) => {
                            let reason = format!(
                                "it holds several indexes that name no platform, expected one entry for {platform}"
                            );
                            return Err(RegistryError::Unsupported { object: at.object, reason });
                        }
                        (None, _) => return Err(wrong(&at.object)(mistake)),
                    }
                }
            };
            let next = self.manifest(chosen.manifest.digest.hash, Some(&chosen.manifest)).await?;
            way.push(std::mem::replace(&mut at, next));
        }
    }

    async fn manifest(&self, hash: Sha256, described: Option<&Descriptor>) -> Result<Named, RegistryError> {
        let oci = hash.to_oci();
        let object = format!("manifest {oci}");
        let size = described.map(|descriptor| descriptor.digest.size);
        let wanted =
            WantedDocument { path: format!("manifests/{oci}"), object: object.clone(), hash: Some(hash), size };
        let received = document::fetch(&self.route, &wanted, self.registry.settings.pause).await?;
        if let Some(described) = described.filter(|described| described.media_type != received.media_type) {
            let expected = format!("`{}`, as the index says", described.media_type);
            let mistake = DocumentError::MediaType { expected, found: received.media_type };
            return Err(RegistryError::Document { object, mistake });
        }
        Ok(Named { object, received })
    }

    /// Fetches the config and pairs its DiffIds with the manifest's layers.
    async fn checked_layers(
        &self,
        config: &Descriptor,
        layers: &[Descriptor],
        platform: ImagePlatform,
    ) -> Result<(Vec<u8>, Vec<(PulledLayer, Packing)>), RegistryError> {
        let oci = config.digest.hash.to_oci();
        let object = format!("config {oci}");
        if config.digest.size > DOCUMENT_LIMIT {
            let reason = format!("it has {} bytes, expected at most {DOCUMENT_LIMIT}", config.digest.size);
            return Err(RegistryError::Unsupported { object, reason });
        }
        let bytes = if self.store.contains(config.digest)? {
            self.store.get(config.digest)?
        } else {
            let (hash, size) = (Some(config.digest.hash), Some(config.digest.size));
            let wanted = WantedDocument { path: format!("blobs/{oci}"), object: object.clone(), hash, size };
            document::fetch(&self.route, &wanted, self.registry.settings.pause).await?.bytes
        };
        let facts = oci_document::config(&config.media_type, &bytes, platform).map_err(wrong(&object))?;
        if facts.diff_ids.len() != layers.len() {
            let reason = format!("it has {} DiffIds, the manifest {} layers", facts.diff_ids.len(), layers.len());
            return Err(RegistryError::Document { object, mistake: DocumentError::Shape { reason } });
        }
        let pair = |(layer, diff_id): (&Descriptor, &Sha256)| {
            let packing = Packing::of_media_type(&layer.media_type).ok_or_else(|| RegistryError::Unsupported {
                object: format!("layer {}", layer.digest.hash.to_oci()),
                reason: format!("its media type is `{}`, expected a tar, plain or in gzip or zstd", layer.media_type),
            })?;
            let (blob, media_type, diff_id) = (layer.digest, layer.media_type.clone(), *diff_id);
            Ok((PulledLayer { blob, media_type, diff_id }, packing))
        };
        let layers = layers.iter().zip(&facts.diff_ids).map(pair).collect::<Result<_, RegistryError>>()?;
        Ok((bytes, layers))
    }

    /// Fetches and unpacks the layers, several at once, each blob once.
    async fn layers(&self, layers: &[(PulledLayer, Packing)]) -> Result<(), RegistryError> {
        let mut missing = BTreeMap::new();
        for (layer, _) in layers {
            if !self.store.contains(layer.blob)? {
                missing.insert(layer.blob, ());
            }
        }
        let bytes = missing.keys().map(|blob| blob.size).sum();
        self.route.tell(RegistryEvent::Pulling { layers: missing.len(), bytes });
        // The same blob twice is one thing to fetch; with another DiffId it is one more to check.
        let distinct: BTreeMap<_, _> =
            layers.iter().map(|(layer, packing)| ((layer.blob, layer.diff_id), (layer.clone(), *packing))).collect();
        let mut blobs = BTreeMap::<_, Vec<_>>::new();
        for (layer, packing) in distinct.into_values() {
            blobs.entry(layer.blob).or_default().push((layer, packing));
        }
        let work = blobs.into_iter().map(|(blob, uses)| async move {
            let object = format!("layer {}", blob.hash.to_oci());
            download::fetch(&self.route, blob, &object, self.store, self.registry.settings.pause).await?;
            let (store, limit) = (self.store.clone(), self.registry.settings.unpacked_limit);
            let check =
                move || uses.iter().try_for_each(|(layer, packing)| unpack::check(&*store, layer, *packing, limit));
            tokio::task::spawn_blocking(check).await.expect("unpacking a layer does not panic")?;
            self.route.tell(RegistryEvent::Pulled { layer: blob });
            Ok(())
        });
        futures_util::stream::iter(work).buffer_unordered(PARALLEL).try_collect().await
    }
}

fn read(object: &str, received: &Received) -> Result<Document, RegistryError> {
    oci_document::document(&received.media_type, &received.bytes).map_err(wrong(object))
}

fn wrong(object: &str) -> impl FnOnce(DocumentError) -> RegistryError {
    let object = object.to_owned();
    move |mistake| RegistryError::Document { object, mistake }
}
