//! An image's bill of materials, from its locks alone: neither the store nor a network is asked.

use super::ImageError;
use super::build::locked::locked;
use super::build::parts::{Part, parts};
use super::folder::ImageFolder;
use rcrepro_format::images::{cyclonedx_json, spdx_json};
use rcrepro_model::image::bom::{Bom, BomLayer, packages};
use rcrepro_model::image::definition::ImageName;

/// Names a format of bills of materials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BomFormat {
    /// SPDX 2.3 JSON.
    Spdx,
    /// CycloneDX 1.6 JSON.
    CycloneDx,
}

impl BomFormat {
    /// Writes a bill of materials.
    #[must_use]
    pub fn write(self, bom: &Bom) -> Vec<u8> {
        match self {
            Self::Spdx => spdx_json::write(bom),
            Self::CycloneDx => cyclonedx_json::write(bom),
        }
    }
}

/// Gathers what an image's lock and the locks of the layers below pin.
///
/// # Errors
/// [`ImageError::StaleLock`], [`ImageError::Differs`] when a lock's digests do not follow from each other, and whatever
/// reading the files gives.
pub fn bom(folder: &ImageFolder, name: &ImageName) -> Result<Bom, ImageError> {
    let image = locked(folder, name)?;
    let parts = parts(folder, &folder.compose(name)?)?;
    let layer = |part: &Part| {
        let layer = part.lock.own_layer().expect("a part was taken because it adds a layer").clone();
        BomLayer { layer, packages: packages(&part.lock.pins), program: part.lock.pins.program.clone() }
    };
    let layers = parts.iter().map(layer).collect();
    Ok(Bom { image, layers })
}
