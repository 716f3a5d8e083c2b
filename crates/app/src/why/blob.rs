//! The blobs that an explanation needs.

use rcrepro_model::content::digest::Digest;
use rcrepro_model::why::MissingBlob;
use rcrepro_store::{BlobStore, StoreError};

/// Reads a blob, or notes that it is missing.
pub(super) fn read(
    store: &dyn BlobStore,
    digest: Digest,
    what: &str,
    missing: &mut Vec<MissingBlob>,
) -> Result<Option<Vec<u8>>, StoreError> {
    match store.get(digest) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(StoreError::Missing { .. }) => {
            missing.push(MissingBlob { what: what.to_owned(), digest });
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
