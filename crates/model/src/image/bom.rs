//! A bill of materials: what an image holds, as far as its locks say it.

use std::collections::BTreeSet;

use super::definition::ImagePlatform;
use super::purl::Purl;
use crate::content::digest::Digest;
use crate::content::name::Name;
use crate::content::{hex, integrity};
use crate::evidence::inspection::FoundPackage;
use crate::image::lock::{GoPin, ImageLock, LayerPins, LockedLayer, ProgramPin};

/// A checksum of a package beside the SHA-256 of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checksum {
    /// The file's SHA-512, 64 bytes in lower-case hex.
    Sha512(String),
    /// The checksum over a Go module's files, `h1:BASE64`: it covers names and contents, not the zip's bytes.
    GoH1(String),
}

/// A package of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BomPackage {
    /// Its name and version.
    pub purl: Purl,
    /// The file that it was unpacked from.
    pub file: Digest,
    /// What else pins it.
    pub checksum: Option<Checksum>,
    /// The suite whose index names a Debian package.
    pub suite: Option<String>,
}

impl BomPackage {
    /// Returns the package URL; a Debian package's says its suite too, which those who look for known flaws have to know.
    #[must_use]
    pub fn purl(&self) -> String {
        let distro = self.suite.as_ref().map(|suite| format!("&distro={suite}"));
        format!("{}{}", self.purl, distro.unwrap_or_default())
    }

    /// Returns the name without what only says where it comes from: `bash`, `@scope/name`, `golang.org/toolchain`.
    #[must_use]
    pub fn name(&self) -> &str {
        let name = self.purl.name();
        if self.purl.is("deb") { name.strip_prefix("debian/").unwrap_or(name) } else { name }
    }
}

/// A layer with its packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BomLayer {
    /// The definition that it comes from, and its tar.
    pub layer: LockedLayer,
    /// Its packages, in the lock's order.
    pub packages: Vec<BomPackage>,
    /// The program that it holds, compiled from those packages.
    pub program: Option<ProgramPin>,
}

/// An image's bill of materials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bom {
    /// The lock of the image whose packages are listed.
    pub image: ImageLock,
    /// Its layers, lowest first; those of the images that it is composed of included.
    pub layers: Vec<BomLayer>,
}

impl Bom {
    /// Names the image as a package URL: `pkg:oci/NAME@sha256:MANIFEST?arch=ARCHITECTURE`, without a registry.
    #[must_use]
    pub fn image_purl(&self) -> String {
        let (name, manifest) = (&self.image.name, self.image.manifest_digest.hash);
        format!("pkg:oci/{name}@sha256:{manifest}?arch={}", self.image.platform.architecture())
    }
}

/// What an image of the release holds, as its package managers and programs tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundBom {
    /// Its name in the plan.
    pub image: Name,
    /// Operating system and machine.
    pub platform: ImagePlatform,
    /// The OCI manifest; none where the engine's classic builder made it.
    pub manifest: Option<Digest>,
    /// The tree of its files.
    pub tree: Digest,
    /// The release's `SOURCE_DATE_EPOCH`, in seconds.
    pub date_epoch: i64,
    /// In the order of their URLs.
    pub packages: BTreeSet<FoundPackage>,
}

impl FoundBom {
    /// Names the image as a package URL, as [`Bom::image_purl`] does; none without a manifest.
    #[must_use]
    pub fn image_purl(&self) -> Option<String> {
        let (name, architecture) = (&self.image, self.platform.architecture());
        self.manifest.map(|manifest| format!("pkg:oci/{name}@sha256:{}?arch={architecture}", manifest.hash))
    }
}

/// Lists a layer's packages: Debian's, then Go's, then npm's, each in the lock's order.
///
/// The modules that a program is compiled from are packages of its layer; `go.mod` files that only choose versions are not.
#[must_use]
pub fn packages(pins: &LayerPins) -> Vec<BomPackage> {
    let package = |purl: &Purl, file, checksum| BomPackage { purl: purl.clone(), file, checksum, suite: None };
    let debs = pins
        .debs
        .iter()
        .map(|pin| BomPackage { suite: Some(pin.suite.clone()), ..package(&pin.purl, pin.digest, None) });
    let go = |pin: &GoPin| package(&pin.purl, pin.digest, Some(Checksum::GoH1(pin.h1.clone())));
    let npm = pins.npm.iter().map(|pin| package(&pin.purl, pin.digest, sha512(&pin.integrity).map(Checksum::Sha512)));
    debs.chain(pins.go.iter().chain(&pins.modules).map(go)).chain(npm).collect()
}

/// Turns `sha512-BASE64` into hex.
fn sha512(text: &str) -> Option<String> {
    integrity::decode(text).map(hex::encode)
}
