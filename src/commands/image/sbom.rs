//! `rcrepro image sbom`.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::print_bytes;
use rcrepro_app::toolchain::ImageError;
use rcrepro_app::toolchain::folder::ImageFolder;
use rcrepro_app::toolchain::sbom::{self, BomFormat};
use rcrepro_arguments::BomFormatName;

/// Writes an image's bill of materials to a file or to standard output.
pub fn sbom(folder: &ImageFolder, name: &str, format: BomFormatName, output: Option<&Path>) -> Result<Exit, Failure> {
    let name = name.parse().map_err(ImageError::Definition)?;
    let format = match format {
        BomFormatName::Spdx => BomFormat::Spdx,
        BomFormatName::Cyclonedx => BomFormat::CycloneDx,
    };
    let bytes = format.write(&sbom::bom(folder, &name)?);
    match output {
        None => print_bytes(&bytes)?,
        Some(path) => write(path, &bytes)
            .map_err(|source| Failure::from(ImageError::File { doing: "write", path: path.to_owned(), source }))?,
    }
    Ok(Exit::Success)
}

/// Writes a file whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mode = std::fs::Permissions::from_mode(0o644);
    let mut part = tempfile::Builder::new().permissions(mode).tempfile_in(folder)?;
    part.write_all(bytes)?;
    part.as_file().sync_all()?;
    part.persist(path).map(drop).map_err(|error| error.error)
}
