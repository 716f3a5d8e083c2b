//! What an image is made of exactly, and the digests that it must come out with.
//!
//! A lock holds the packages of the one layer that its definition adds. The layers below belong to the locks of the images
//! that it is composed of; here only their digests are listed, so that no package is pinned in two places.

#![warn(clippy::expect_used)]

use super::fingerprint::Fingerprint;
use super::purl::Purl;
use crate::content::digest::{Digest, Sha256};
use crate::content::name::TreePath;
use crate::image::definition::{ImageConfig, ImageName, ImagePlatform};
use crate::image::identity::ImageIdentity;

/// Pins a Debian package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebPin {
    /// `pkg:deb/debian/NAME@VERSION?arch=ARCH`.
    pub purl: Purl,
    /// Where it lies below an archive's base.
    pub path: TreePath,
    /// The `.deb` file.
    pub digest: Digest,
    /// The suite whose index names it.
    pub suite: String,
}

/// Which signed index Debian packages were found in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebIndex {
    /// The code name of the suite.
    pub suite: String,
    /// The architecture whose packages it lists.
    pub architecture: String,
    /// When the archive made the index, in seconds since 1970.
    pub date: u64,
    /// The signed file `InRelease`, which names the list by its hash.
    pub in_release: Digest,
    /// The list of packages, compressed as it was fetched.
    pub packages: Digest,
    /// The key whose signature was good.
    pub signed_by: Fingerprint,
}

/// Pins an npm package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NpmPin {
    /// `pkg:npm/NAME@VERSION`.
    pub purl: Purl,
    /// The registry's own checksum, `sha512-BASE64`.
    pub integrity: String,
    /// The `.tgz` file.
    pub digest: Digest,
}

/// Pins a Go module; a toolchain is the module `golang.org/toolchain`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoPin {
    /// `pkg:golang/MODULE@VERSION`.
    pub purl: Purl,
    /// The checksum over the module's files, `h1:BASE64`, as `go.sum` has it.
    pub h1: String,
    /// The `.zip` file.
    pub digest: Digest,
}

/// Pins a compiled program: what went in and what came out.
///
/// Go gives the same bytes wherever it compiles for a platform, so that the output is the same on every builder; the action
/// names the builder's image and is the same on builders of the locked platform only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramPin {
    /// The platform that the lock's action ran on.
    pub builder: ImagePlatform,
    /// The REAPI action that compiles it.
    pub action: Digest,
    /// The root `Directory` of what it compiles to.
    pub output: Digest,
}

/// The packages of one layer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LayerPins {
    /// The Debian packages, in the order of their purls.
    pub debs: Vec<DebPin>,
    /// The indexes that the Debian packages were found in, in the order of the definition's suites.
    pub indexes: Vec<DebIndex>,
    /// The Go modules.
    pub go: Vec<GoPin>,
    /// The npm packages, in the order of their names.
    pub npm: Vec<NpmPin>,
    /// The modules that a program is compiled from, the program's own first.
    pub modules: Vec<GoPin>,
    /// The `go.mod` files that Go reads to choose among versions; the checksum is that of the file alone.
    pub go_mods: Vec<GoPin>,
    /// What the program is compiled to.
    pub program: Option<ProgramPin>,
}

/// One layer of the locked image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedLayer {
    /// The definition that the layer comes from; its lock holds the packages.
    pub name: ImageName,
    /// The uncompressed tar: its hash is the DiffId.
    pub digest: Digest,
}

/// A lock file, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageLock {
    /// The name of the definition that it was made from.
    pub name: ImageName,
    /// The checksum of the definition, with all that it is composed of, that the lock was made from.
    pub definition: Sha256,
    /// The machine that the image is for.
    pub platform: ImagePlatform,
    /// The time of every file, in seconds since 1970.
    pub source_date_epoch: u64,
    /// What a container starts with.
    pub config: ImageConfig,
    /// The packages of the image's own layer.
    pub pins: LayerPins,
    /// The layers that must come out, lowest first.
    pub layers: Vec<LockedLayer>,
    /// The image config that must come out; its hash is the image ID of Docker's classic store.
    pub config_digest: Digest,
    /// The image manifest that must come out.
    pub manifest_digest: Digest,
}

impl ImageLock {
    /// Returns what an engine has to confirm.
    #[must_use]
    pub fn identity(&self) -> ImageIdentity {
        ImageIdentity {
            name: self.name.to_string(),
            manifest: self.manifest_digest.hash,
            config: self.config_digest.hash,
            diff_ids: self.layers.iter().map(|layer| layer.digest.hash).collect(),
        }
    }

    /// Returns the layer that the image's own definition adds, if it adds one.
    #[must_use]
    pub fn own_layer(&self) -> Option<&LockedLayer> {
        self.layers.last().filter(|layer| layer.name == self.name)
    }
}
