//! A certified image into a registry: the very manifest that the record names, and every blob that it names.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use super::Publishing;
use super::certified::CertifiedImage;
use super::error::PublishError;
use rcrepro_format::images::oci_document::{self, Document, DocumentError};
use rcrepro_format::images::oci_json::MANIFEST_TYPE;
use rcrepro_images::registry::{PushImage, PushedImage};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::image::reference::ImageReference;
use rcrepro_store::{BlobStore, StoreError};

impl Publishing<'_> {
    /// Pushes an image by its record, out of the store. Its blobs are hashed before the first is sent, so that nothing is begun of an
    /// image that is not whole; the registry is asked for the manifest afterwards.
    ///
    /// # Errors
    /// [`PublishError`].
    pub async fn push(&self, image: &Name, to: &ImageReference) -> Result<PushedImage, PublishError> {
        let certified = self.certified(image)?;
        let push = named(&certified, &**self.store)?;
        let store: Arc<dyn BlobStore> = self.store.clone();
        let (checked, blobs) = (store.clone(), push.blobs.clone());
        let missing = tokio::task::spawn_blocking(move || missing(&*checked, &blobs));
        let missing = missing.await.expect("hashing a blob does not panic")?;
        if let Some(first) = missing.first() {
            let of = push.blobs.iter().collect::<BTreeSet<_>>().len();
            let CertifiedImage { image, packet, .. } = certified;
            return Err(PublishError::NotHere { image, packet, missing: missing.len(), of, first: *first });
        }
        Ok(self.registry.push(&push, to, &store, self.on_event).await?)
    }
}

/// Names what a registry has to have of an image.
fn named(certified: &CertifiedImage, store: &dyn BlobStore) -> Result<PushImage, PublishError> {
    let image = || certified.image.clone();
    let manifest = certified.parts.manifest.ok_or_else(|| PublishError::Classic { image: image() })?;
    let mistaken = |mistake| PublishError::Manifest { image: image(), mistake };
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
    use rcrepro_format::images::oci_json;
    use rcrepro_model::evidence::release_record::Parts;
    use rcrepro_model::image::definition::ImagePlatform;
    use rcrepro_store::fs::FsStore;
    use rcrepro_store::memory::MemoryStore;

    fn certified(store: &dyn BlobStore, manifest: Option<&[u8]>) -> CertifiedImage {
        let empty = Digest::of(b"");
        let manifest = manifest.map(|bytes| store.put(bytes).expect("stored"));
        CertifiedImage {
            image: "app".parse().expect("a name"),
            packet: "RC-06".parse().expect("an id"),
            platform: ImagePlatform::LinuxAmd64,
            parts: Parts { tree: empty, config: empty, owners: empty, manifest, image_config: None },
        }
    }

    #[test]
    fn what_is_pushed_is_what_the_recorded_manifest_names() {
        let store = MemoryStore::default();
        let (config, layer) = (Digest::of(b"config"), Digest::of(b"layer"));
        let bytes = oci_json::manifest(config, &[layer, layer]);
        let push = named(&certified(&store, Some(&bytes)), &store).expect("named");
        assert_eq!((push.manifest, push.blobs), (Digest::of(&bytes), vec![layer, layer, config]));
        let refused =
            |manifest: Option<&[u8]>| named(&certified(&store, manifest), &store).expect_err("refused").to_string();
        assert!(refused(None).contains("classic builder"));
        let index = oci_json::index(&[]);
        assert!(refused(Some(&index)).contains("manifest cannot be read"));
        assert!(refused(Some(b"{}")).contains("manifest cannot be read"));
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
