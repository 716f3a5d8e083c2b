//! The locks that an image's layers come from.

use crate::toolchain::ImageError;
use crate::toolchain::folder::ImageFolder;
use rcrepro_model::image::composition::Composition;
use rcrepro_model::image::definition::ImageDefinition;
use rcrepro_model::image::lock::ImageLock;

/// A lock together with the definition that it was made from.
pub(crate) struct Part {
    pub composition: Composition,
    pub lock: ImageLock,
}

/// Reads the lock of every definition that adds a layer, lowest first.
pub(crate) fn parts(folder: &ImageFolder, composition: &Composition) -> Result<Vec<Part>, ImageError> {
    let part = |definition: &ImageDefinition| {
        let composition = folder.compose(&definition.name)?;
        let lock = folder.lock(&composition)?;
        Ok(Part { composition, lock })
    };
    composition.layers().map(part).collect()
}
