//! Container images: what makes two of them the same image.

use crate::content::digest::Sha256;

/// An image's identity: everything that survives `load` and `pull`.
///
/// The config digest is the image ID of Docker's classic store; the manifest digest is the ID of the containerd store.
/// Either store keeps the DiffIds (the digests of the uncompressed layers), lowest layer first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageIdentity {
    /// The image's name in the plan; a comment, the digests decide.
    pub name: String,
    /// The digest of the OCI image manifest.
    pub manifest: Sha256,
    /// The digest of the OCI image config.
    pub config: Sha256,
    /// The digests of the uncompressed layer tars, lowest layer first.
    pub diff_ids: Vec<Sha256>,
}
