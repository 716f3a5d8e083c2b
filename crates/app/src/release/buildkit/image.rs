//! The image that a build left, an OCI layout: believed as far as its own digests confirm it.

use super::folded::FoldedImages;
use crate::release::read::{Refused, folded, found_at};
use rcrepro_format::images::image_settings;
use rcrepro_format::images::oci_document::{self, Document};
use rcrepro_format::images::oci_json::{INDEX_TYPE, MANIFEST_TYPE, blob_path};
use rcrepro_images::oci::image::ImageBlobs;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::release_record::Parts;
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::text::plural::counted;
use rcrepro_store::BlobStore;

/// Stores what makes an image the same as another, and names its blobs. The layers of `given`, the layouts of the images that it is built
/// from, need not be in its own one.
///
/// # Errors
/// [`Refused`] when the layout is not whole, or contradicts itself.
pub(super) fn read(
    store: &dyn BlobStore,
    (layout, given): (Digest, &[Digest]),
    platform: ImagePlatform,
    known: &FoldedImages,
) -> Result<(Parts, ImageBlobs), Refused> {
    let own = |named: Digest| match found_at(store, layout, &blob_path(named)) {
        Ok(found) if found == named => Ok(found),
        Ok(found) => Err(Refused::Reason(format!("its blob {named} is {found}"))),
        Err(refused) => Err(refused),
    };
    let layer = |named: Digest| {
        own(named).or_else(|refused| {
            // That the store has it says nothing: it has the layers of each build before this one.
            let is_given =
                |base: &Digest| matches!(found_at(store, *base, &blob_path(named)), Ok(found) if found == named);
            if given.iter().any(is_given) { Ok(named) } else { Err(refused) }
        })
    };
    let read = |media_type: &str, digest: Digest| {
        let document = oci_document::document(media_type, &store.get(digest)?);
        document.map_err(|error| Refused::Reason(error.to_string()))
    };
    let manifests = match read(INDEX_TYPE, found_at(store, layout, "index.json")?)? {
        Document::Index(manifests) => manifests,
        Document::Manifest { .. } => Vec::new(),
    };
    let [one] = manifests.as_slice() else {
        return Err(Refused::Reason(format!("it holds {}, expected one", counted(manifests.len(), "image"))));
    };
    let manifest = own(one.manifest.digest)?;
    let Document::Manifest { config, layers } = read(MANIFEST_TYPE, manifest)? else {
        return Err(Refused::Reason("its image is an index of others".to_owned()));
    };
    let config = own(config.digest)?;
    let layers: Vec<Digest> = layers.iter().map(|one| layer(one.digest)).collect::<Result<_, _>>()?;
    let parts = known.of(manifest, || {
        let document = store.get(config)?;
        let settings = image_settings::read(&document);
        let settings = settings.map_err(|error| Refused::Reason(format!("its configuration: {error}")))?;
        folded(store, (&document, &settings), &layers)
    })?;
    let parts = Parts { manifest: Some(manifest), image_config: Some(config), ..parts };
    Ok((parts, ImageBlobs { platform, manifest, config, layers }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_archive::tar::writer::{MemberAttributes, TarFormat, TarWriter};
    use rcrepro_format::images::oci_json::manifest;
    use rcrepro_images::oci::layout_tree::layout_tree;
    use rcrepro_store::memory::MemoryStore;

    fn layer(content: &[u8]) -> Vec<u8> {
        let mut tar = TarWriter::new(Vec::new(), TarFormat::Gnu);
        let attributes = MemberAttributes { mode: 0o755, uid: 0, gid: 0, mtime: 0 };
        tar.file("app", attributes, content.len() as u64, &mut &*content).expect("written");
        tar.finish().expect("ended")
    }

    /// Makes a layout of one layer; `lie` puts another one's DiffId into the configuration.
    fn layout(store: &dyn BlobStore, content: &[u8], lie: bool) -> Digest {
        let bytes = layer(content);
        let named = if lie { layer(b"another") } else { bytes.clone() };
        let config = format!(
            r#"{{"architecture":"amd64","os":"linux","config":{{"User":"7"}},"rootfs":{{"type":"layers","diff_ids":["{}"]}}}}"#,
            Digest::of(&named).hash.to_oci()
        );
        let (layer, config) = (store.put(&bytes).expect("stored"), store.put(config.as_bytes()).expect("stored"));
        let manifest = store.put(&manifest(config, &[layer])).expect("stored");
        let blobs = ImageBlobs { platform: ImagePlatform::LinuxAmd64, manifest, config, layers: vec![layer] };
        layout_tree(blobs.index_entry(None, None), blobs.all(), store).expect("stored")
    }

    fn believed(store: &dyn BlobStore, layout: Digest, given: &[Digest]) -> Option<(Parts, ImageBlobs)> {
        read(store, (layout, given), ImagePlatform::LinuxAmd64, &FoldedImages::default()).ok()
    }

    #[test]
    fn an_image_is_its_manifest_and_what_it_names() {
        let store = MemoryStore::default();
        let one = layout(&store, b"1", false);
        let (parts, blobs) = believed(&store, one, &[]).expect("believed");
        assert_eq!((parts.manifest, parts.image_config), (Some(blobs.manifest), Some(blobs.config)));
        let other = layout(&store, b"2", false);
        let (other, _) = believed(&store, other, &[]).expect("believed");
        assert!(other.tree != parts.tree && other.config == parts.config && other.manifest != parts.manifest);
    }

    #[test]
    fn a_layer_of_a_base_need_not_be_in_the_layout_and_each_other_must() {
        let store = MemoryStore::default();
        let whole = layout(&store, b"1", false);
        let (parts, blobs) = believed(&store, whole, &[]).expect("believed");
        let without = ImageBlobs { layers: Vec::new(), ..blobs.clone() };
        let lacking = layout_tree(blobs.index_entry(None, None), without.all(), &store).expect("stored");
        let other = layout(&store, b"2", false);
        assert_eq!(believed(&store, lacking, &[other, whole]), Some((parts, blobs)));
        assert_eq!(
            believed(&store, lacking, &[other]),
            None,
            "the layer is in the store, as that of an earlier build is"
        );
    }

    #[test]
    fn a_layout_that_contradicts_itself_is_not_believed() {
        let store = MemoryStore::default();
        let lying = layout(&store, b"1", true);
        assert!(believed(&store, lying, &[]).is_none(), "another layer");
        let empty = store.put(b"").expect("stored");
        assert!(believed(&store, empty, &[]).is_none(), "nothing");
    }
}
