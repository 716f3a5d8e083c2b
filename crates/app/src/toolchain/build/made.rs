//! The note that a layer was made from a lock: where the store has it, the layer is not made again.

use crate::toolchain::ImageError;
use rcrepro_format::images::lock_toml;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::image::lock::{ImageLock, LockedLayer};
use rcrepro_store::BlobStore;

pub(super) fn own_layer(lock: &ImageLock) -> &LockedLayer {
    lock.own_layer().expect("a part was taken because it adds a layer")
}

/// Tells whether a layer was made from this very lock here.
pub(super) fn is_made(store: &dyn BlobStore, lock: &ImageLock) -> Result<bool, ImageError> {
    Ok(store.contains(Digest::of(&note(lock)))? && store.contains(own_layer(lock).digest)?)
}

/// Notes that a lock leads to its layer.
pub(crate) fn note_made(store: &dyn BlobStore, lock: &ImageLock) -> Result<(), ImageError> {
    store.put(&note(lock))?;
    Ok(())
}

/// Gives the note of a lock: never the lock's own bytes, because a store holds any lock that lies in a source tree.
fn note(lock: &ImageLock) -> Vec<u8> {
    format!("rcrepro: a layer was made from this lock\n{}", lock_toml::write(lock)).into_bytes()
}
