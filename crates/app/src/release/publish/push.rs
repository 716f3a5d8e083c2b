//! A certified image into a registry: the very manifest that the record names, and every blob that it names.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use super::Publishing;
use super::certified::CertifiedImage;
use super::error::PublishError;
use rcrepro_format::images::oci_document::{self, Document, DocumentError};
use rcrepro_format::images::oci_json::{self, INDEX_TYPE, LayoutImage, MANIFEST_TYPE};
use rcrepro_images::registry::{PushImage, PushedImage};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::release_record::Parts;
use rcrepro_model::image::reference::ImageReference;
use rcrepro_store::{BlobStore, StoreError};

impl Publishing<'_> {
    /// Pushes an image by its record, out of the store; one that was recorded for several platforms with an index over them. Its blobs are
    /// hashed before the first is sent, so that nothing is begun of an image that is not whole; the registry is asked for each manifest
    /// afterwards.
    ///
    /// # Errors
    /// [`PublishError`].
    pub async fn push(&self, image: &Name, to: &ImageReference) -> Result<PushedImage, PublishError> {
        let certified = self.certified(image)?;
        let mut pushes = named(&certified, &**self.store)?;
        let store: Arc<dyn BlobStore> = self.store.clone();
        let blobs: Vec<Digest> = pushes.iter().flat_map(|push| push.blobs.iter().copied()).collect();
        let of = blobs.iter().collect::<BTreeSet<_>>().len();
        let checked = store.clone();
        let missing = tokio::task::spawn_blocking(move || missing(&*checked, &blobs));
        let missing = missing.await.expect("hashing a blob does not panic")?;
        if let Some(first) = missing.first() {
            let CertifiedImage { image, packet, .. } = certified;
            return Err(PublishError::NotHere { image, packet, missing: missing.len(), of, first: *first });
        }
        let top = match pushes.pop() {
            Some(only) if pushes.is_empty() => only,
            last => {
                pushes.extend(last);
                index(&certified, &**self.store)?
            }
        };
        top.check(to)?;
        let (mut uploaded, mut skipped) = (0, 0);
        for push in pushes {
            let to = to.only_by_digest(push.manifest.hash);
            let pushed = self.registry.push(&push, &to, &store, self.on_event).await?;
            (uploaded, skipped) = (uploaded + pushed.uploaded, skipped + pushed.skipped);
        }
        let pushed = self.registry.push(&top, to, &store, self.on_event).await?;
        Ok(PushedImage { uploaded: uploaded + pushed.uploaded, skipped: skipped + pushed.skipped, ..pushed })
    }
}

/// Names what a registry has to have of an image, for each platform.
fn named(certified: &CertifiedImage, store: &dyn BlobStore) -> Result<Vec<PushImage>, PublishError> {
    let image = || certified.image.clone();
    let mistaken = |mistake| PublishError::Manifest { image: image(), mistake };
    let of_platform = |parts: &Parts| {
        let manifest = parts.manifest.ok_or_else(|| PublishError::Classic { image: image() })?;
        match oci_document::document(MANIFEST_TYPE, &store.get(manifest)?).map_err(mistaken)? {
            Document::Manifest { config, layers } => {
                let blobs = layers.into_iter().chain([config]).map(|blob| blob.digest).collect();
                Ok(PushImage { manifest, manifest_type: MANIFEST_TYPE.to_owned(), blobs })
            }
            Document::Index(_) => {
                let reason = "an index, expected the manifest of one image".to_owned();
                Err(mistaken(DocumentError::Shape { reason }))
            }
        }
    };
    certified.platforms.values().map(of_platform).collect()
}

/// Stores the index over an image's manifests, which is the same for the same manifests: in the order of platforms, without annotations.
fn index(certified: &CertifiedImage, store: &dyn BlobStore) -> Result<PushImage, StoreError> {
    let entries = certified.platforms.iter().filter_map(|(platform, parts)| {
        let (manifest, config) = (parts.manifest?, parts.image_config?);
        Some(LayoutImage { manifest, config, layers: &[], platform: *platform, tag: None, reference: None })
    });
    let manifest = store.put(&oci_json::index(&entries.collect::<Vec<_>>()))?;
    Ok(PushImage { manifest, manifest_type: INDEX_TYPE.to_owned(), blobs: Vec::new() })
}

/// Lists the blobs that are not in the store, or do not hold what their names say.
fn missing(store: &dyn BlobStore, blobs: &[Digest]) -> Result<Vec<Digest>, StoreError> {
    let mut missing = Vec::new();
    for blob in blobs.iter().copied().collect::<BTreeSet<_>>() {
        let mut reader = match store.reader(blob) {
            Err(StoreError::Missing { .. } | StoreError::Damaged { .. }) => {
                missing.push(blob);
                continue;
            }
            reader => reader?,
        };
        match io::copy(&mut reader, &mut io::sink()) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::InvalidData => missing.push(blob),
            Err(source) => {
                return Err(StoreError::Io { doing: "read", path: format!("blob {blob}").into(), source });
            }
        }
    }
    Ok(missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_model::image::definition::ImagePlatform;
    use rcrepro_store::fs::FsStore;
    use rcrepro_store::memory::MemoryStore;

    fn certified(store: &dyn BlobStore, manifest: Option<&[u8]>) -> CertifiedImage {
        let empty = Digest::of(b"");
        let manifest = manifest.map(|bytes| store.put(bytes).expect("stored"));
        CertifiedImage {
            image: "app".parse().expect("a name"),
            packet: "RC-06".parse().expect("an id"),
            machine: ImagePlatform::LinuxAmd64,
            platforms: [(
                ImagePlatform::LinuxAmd64,
                Parts { tree: empty, config: empty, owners: empty, manifest, image_config: None },
            )]
            .into(),
        }
    }

    #[test]
    fn what_is_pushed_is_what_the_recorded_manifest_names() {
        let store = MemoryStore::default();
        let (config, layer) = (Digest::of(b"config"), Digest::of(b"layer"));
        let bytes = oci_json::manifest(config, &[layer, layer]);
        let [push] = named(&certified(&store, Some(&bytes)), &store).expect("named").try_into().expect("one");
        assert_eq!((push.manifest, push.blobs), (Digest::of(&bytes), vec![layer, layer, config]));
        let refused =
            |manifest: Option<&[u8]>| named(&certified(&store, manifest), &store).expect_err("refused").to_string();
        assert!(refused(None).contains("classic builder"));
        let index = oci_json::index(&[]);
        assert!(refused(Some(&index)).contains("manifest cannot be read"));
        assert!(refused(Some(b"{}")).contains("manifest cannot be read"));
    }

    #[test]
    fn an_index_is_the_same_for_the_same_manifests() {
        let store = MemoryStore::default();
        let config = Digest::of(b"config");
        let mut both = certified(&store, Some(&oci_json::manifest(config, &[])));
        let first = Parts { image_config: Some(config), ..both.platforms[&ImagePlatform::LinuxAmd64] };
        let second = store.put(&oci_json::manifest(config, &[config])).expect("stored");
        let second = Parts { manifest: Some(second), ..first };
        both.platforms = [(ImagePlatform::LinuxArm64, second), (ImagePlatform::LinuxAmd64, first)].into();
        assert_eq!(named(&both, &store).expect("named").len(), 2);
        let push = index(&both, &store).expect("stored");
        let bytes = store.get(push.manifest).expect("stored");
        let Ok(Document::Index(entries)) = oci_document::document(INDEX_TYPE, &bytes) else { panic!("no index") };
        let named: Vec<_> = entries.iter().map(|entry| (entry.platform.as_str(), entry.manifest.digest)).collect();
        let [first, second] = [first, second].map(|parts| parts.manifest.expect("a manifest"));
        assert_eq!(named, [("linux/amd64", first), ("linux/arm64", second)]);
        assert!(!String::from_utf8_lossy(&bytes).contains("annotations"));
    }

    #[test]
    fn blobs_that_are_gone_or_changed_are_both_missing() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = FsStore::open(folder.path()).expect("a store");
        let [whole, changed] = [b"whole".as_slice(), b"right"].map(|bytes| store.put(bytes).expect("stored"));
        let gone = Digest::of(b"gone");
        let hex = changed.hash.to_string();
        let path = folder.path().join("blobs/sha256").join(&hex[..2]).join(&hex);
        std::fs::remove_file(&path).expect("our own store");
        std::fs::write(&path, b"wrong").expect("our own store");
        let mut expected = vec![gone, changed];
        expected.sort();
        assert_eq!(missing(&store, &[whole, changed, gone, whole]).expect("read"), expected);
    }
}
