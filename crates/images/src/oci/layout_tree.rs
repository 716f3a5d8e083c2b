//! An OCI layout as a tree of the store, for programs in containers that read one.

use super::OciError;
use super::layout::LAYOUT;
use rcrepro_format::images::oci_json::{LayoutImage, blob_path, index};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::{TreeBuilder, TreeNode};
use rcrepro_store::BlobStore;

/// Stores the tree of a layout that holds one image, whose blobs are in the store; gives its root `Directory`.
///
/// # Errors
/// [`OciError::Store`].
pub fn layout_tree(
    image: LayoutImage<'_>,
    blobs: impl IntoIterator<Item = Digest>,
    store: &dyn BlobStore,
) -> Result<Digest, OciError> {
    let mut tree = TreeBuilder::default();
    let mut place = |path: &str, digest: Digest| {
        let path: TreePath = path.parse().expect("a layout's paths are paths of a tree");
        // A blob that is two layers comes twice.
        drop(tree.insert(&path, TreeNode::File { digest, executable: false }));
    };
    for blob in blobs {
        place(&blob_path(blob), blob);
    }
    place("index.json", store.put(&index(&[image]))?);
    place("oci-layout", store.put(LAYOUT)?);
    Ok(tree.finish(&mut |_, bytes| store.put(&bytes).map(drop))?)
}
