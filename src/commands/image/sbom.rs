//! `rcrepro image sbom`.

use std::path::Path;

use super::published::publishing;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::print_bytes;
use rcrepro_app::toolchain::ImageError;
use rcrepro_app::toolchain::folder::ImageFolder;
use rcrepro_app::toolchain::sbom::{self, BomFormat};
use rcrepro_arguments::BomFormatName;
use rcrepro_format::images::spdx_found;
use rcrepro_model::content::name::Name;
use rcrepro_model::image::definition::ImagePlatform;

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

/// Writes the bill of materials of an image of the release by its record.
pub async fn released(
    context: &Context,
    platform: Option<ImagePlatform>,
    name: &Name,
    format: BomFormatName,
    output: Option<&Path>,
) -> Result<Exit, Failure> {
    if format != BomFormatName::Spdx {
        let hint = Some(format!("rcrepro image sbom {name} --format spdx"));
        return Err(Failure::plain(Exit::Usage, "an image of the release has a bill of materials in SPDX only", hint));
    }
    let bill = publishing(context, None, async |publishing| Ok(publishing.bill(name, platform)?)).await?;
    let bytes = spdx_found::write(&bill);
    match output {
        None => print_bytes(&bytes)?,
        Some(path) => context.write_asked(path, &bytes)?,
    }
    Ok(Exit::Success)
}
