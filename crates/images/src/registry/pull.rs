//! An image from a registry into the store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _};

use super::document::{self, DOCUMENT_LIMIT, Received, WantedDocument};
use super::error::RegistryError;
use super::place::places;
use super::route::Route;
use super::{Operation, PARALLEL, Registry, RegistryEvent, ServedImage, download, unpack};
use rcrepro_format::images::oci_document::{self, Descriptor, Document, DocumentError, Packing};
use rcrepro_model::content::digest::{Digest, Sha256};
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
        let wanted = by_tag(reference);
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
        let documents = Documents { registry: self, route: self.route(reference, on_event)? };
        let top = documents.manifest(asked, None).await?;
        let Found { indexes, manifest, config, layers, .. } = documents.descend(top, platform).await?;
        let pull = Pull { documents: &documents, store };
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

    /// Finds which image a reference names now, for one platform: by its digest, else by its tag, else `latest`. Nothing is kept.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn find(
        &self,
        reference: &ImageReference,
        platform: ImagePlatform,
        on_event: &(dyn Fn(RegistryEvent) + Sync),
    ) -> Result<ServedImage, RegistryError> {
        let documents = Documents { registry: self, route: self.route(reference, on_event)? };
        let top = match reference.digest() {
            Some(digest) => documents.manifest(digest, None).await?,
            None => {
                let wanted = by_tag(reference);
                let received = document::fetch(&documents.route, &wanted, self.settings.pause).await?;
                Named { object: wanted.object, received }
            }
        };
        let asked = top.received.digest.hash;
        let Found { manifest, config, layers, rivals, .. } = documents.descend(top, platform).await?;
        let blobs = [&config].into_iter().chain(&layers).map(|blob| blob.digest).collect();
        Ok(ServedImage { asked, manifest: manifest.received.digest, blobs, rivals })
    }

    /// Asks whether the blobs of an image are there, each with its size; fetches none of them.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`] and [`RegistryError::Size`] for the first that is missing or another one, and whatever asking gives.
    pub async fn ask_for_blobs(
        &self,
        reference: &ImageReference,
        blobs: &[Digest],
        on_event: &(dyn Fn(RegistryEvent) + Sync),
    ) -> Result<(), RegistryError> {
        let route = self.route(reference, on_event)?;
        let distinct: BTreeSet<Digest> = blobs.iter().copied().collect();
        let asked = distinct.into_iter().map(|blob| download::ask_for(&route, blob, self.settings.pause));
        futures_util::stream::iter(asked).buffer_unordered(PARALLEL).try_collect().await
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
/// The most layers of an image: engines mount at most 128.
const LAYERS: usize = 512;
/// The most bytes of an image's layers as a registry keeps them: 64 GiB.
const IMAGE_LIMIT: u64 = 64 << 30;

/// A document with its name for messages.
struct Named {
    object: String,
    received: Received,
}

/// An image's manifest with what it names, and the indexes on the way to it, the first on top.
struct Found {
    indexes: Vec<Named>,
    manifest: Named,
    config: Descriptor,
    layers: Vec<Descriptor>,
    rivals: Vec<(String, Sha256)>,
}

/// What is asked for manifests and indexes.
struct Documents<'a> {
    registry: &'a Registry,
    route: Route<'a>,
}

impl Documents<'_> {
    /// Goes down from what was asked for to the platform's manifest. Where an index has no entry for the platform, those of its
    /// entries are looked into that are indexes and name none.
    async fn descend(&self, top: Named, platform: ImagePlatform) -> Result<Found, RegistryError> {
        let (mut way, mut rivals): (Vec<Named>, Vec<(String, Sha256)>) = (Vec::new(), Vec::new());
        let mut at = top;
        loop {
            let entries = match read(&at.object, &at.received)? {
                Document::Index(entries) => entries,
                Document::Manifest { config, layers } => {
                    bounded(&at.object, &layers)?;
                    return Ok(Found { indexes: way, manifest: at, config, layers, rivals });
                }
            };
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
            let others = oci_document::rivals(&entries, chosen, platform);
            rivals.extend(others.iter().map(|one| (one.platform.clone(), one.manifest.digest.hash)));
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
}

struct Pull<'a> {
    documents: &'a Documents<'a>,
    store: &'a Arc<dyn BlobStore>,
}

impl Pull<'_> {
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
            document::fetch(&self.documents.route, &wanted, self.documents.registry.settings.pause).await?.bytes
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
        self.documents.route.tell(RegistryEvent::Pulling { layers: missing.len(), bytes });
        // The same blob twice is one thing to fetch; with another DiffId it is one more to check.
        let distinct: BTreeMap<_, _> =
            layers.iter().map(|(layer, packing)| ((layer.blob, layer.diff_id), (layer.clone(), *packing))).collect();
        let mut blobs = BTreeMap::<_, Vec<_>>::new();
        for (layer, packing) in distinct.into_values() {
            blobs.entry(layer.blob).or_default().push((layer, packing));
        }
        let work = blobs.into_iter().map(|(blob, uses)| async move {
            let object = format!("layer {}", blob.hash.to_oci());
            download::fetch(&self.documents.route, blob, &object, self.store, self.documents.registry.settings.pause)
                .await?;
            let (store, limit) = (self.store.clone(), self.documents.registry.settings.unpacked_limit);
            let check =
                move || uses.iter().try_for_each(|(layer, packing)| unpack::check(&*store, layer, *packing, limit));
            tokio::task::spawn_blocking(check).await.expect("unpacking a layer does not panic")?;
            self.documents.route.tell(RegistryEvent::Pulled { layer: blob });
            Ok(())
        });
        futures_util::stream::iter(work).buffer_unordered(PARALLEL).try_collect().await
    }
}

/// Describes the document that a tag names.
fn by_tag(reference: &ImageReference) -> WantedDocument {
    let tag = reference.tag().unwrap_or("latest");
    WantedDocument {
        path: format!("manifests/{tag}"),
        object: format!("tag `{tag}` of `{}`", reference.repository()),
        hash: None,
        size: None,
    }
}

/// Refuses more layers, or more bytes of them, than an image may have.
fn bounded(object: &str, layers: &[Descriptor]) -> Result<(), RegistryError> {
    let bytes = layers.iter().fold(0_u64, |sum, layer| sum.saturating_add(layer.digest.size));
    let reason = match (layers.len() > LAYERS, bytes > IMAGE_LIMIT) {
        (true, _) => format!("it has {} layers, expected at most {LAYERS}", layers.len()),
        (_, true) => format!("its layers have {bytes} bytes together, expected at most {IMAGE_LIMIT}"),
        _ => return Ok(()),
    };
    Err(RegistryError::Unsupported { object: object.to_owned(), reason })
}

fn read(object: &str, received: &Received) -> Result<Document, RegistryError> {
    oci_document::document(&received.media_type, &received.bytes).map_err(wrong(object))
}

fn wrong(object: &str) -> impl FnOnce(DocumentError) -> RegistryError {
    let object = object.to_owned();
    move |mistake| RegistryError::Document { object, mistake }
}
