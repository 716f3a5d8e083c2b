//! `rcrepro image sbom`.

use std::path::Path;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::print_bytes;
use rcrepro_app::toolchain::ImageError;
use rcrepro_app::toolchain::folder::ImageFolder;
use rcrepro_app::toolchain::sbom::{self, BomFormat};
use rcrepro_arguments::BomFormatName;

/// Writes an image's bill of materials to a new file or to standard output.
pub fn sbom(
    context: &Context,
    folder: &ImageFolder,
    name: &str,
    format: BomFormatName,
    output: Option<&Path>,
) -> Result<Exit, Failure> {
    let name = name.parse().map_err(ImageError::Definition)?;
    let format = match format {
        BomFormatName::Spdx => BomFormat::Spdx,
        BomFormatName::Cyclonedx => BomFormat::CycloneDx,
    };
    let bytes = format.write(&sbom::bom(folder, &name)?);
    match output {
        None => print_bytes(&bytes)?,
        Some(path) => context.write_asked(path, &bytes)?,
    }
    Ok(Exit::Success)
}
