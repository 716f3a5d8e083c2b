//! The list of blobs that were found damaged and moved out of the way.

use std::sync::{Mutex, PoisonError};

use rcrepro_model::content::digest::Digest;

/// Lists what was set aside.
#[derive(Debug, Default)]
pub(super) struct SetAside {
    blobs: Mutex<Vec<Digest>>,
}

impl SetAside {
    pub(super) fn add(&self, digest: Digest) {
        self.blobs.lock().unwrap_or_else(PoisonError::into_inner).push(digest);
    }

    /// Returns the list and begins a new one.
    pub(super) fn take(&self) -> Vec<Digest> {
        std::mem::take(&mut *self.blobs.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
