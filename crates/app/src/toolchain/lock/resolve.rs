//! Resolves the packages that a definition names, and keeps them.

use super::debian::resolve_debs;
use super::go_program;
use crate::toolchain::build::assemble::read_go;
use crate::toolchain::build::packages::fetch_wanted;
use crate::toolchain::folder::ImageFolder;
use crate::toolchain::{ImageContext, ImageError};
use rcrepro_images::packages::fetch::{Fetcher, Promise, WantedFile, join};
use rcrepro_images::packages::{go_module, npm};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::image::definition::{GoSource, ImageDefinition, ImageName, ImagePlatform, NpmSource};
use rcrepro_model::image::lock::{GoPin, LayerPins, NpmPin};
use rcrepro_model::image::purl::Purl;

pub(super) async fn resolve(
    context: &ImageContext<'_>,
    folder: &ImageFolder,
    definition: &ImageDefinition,
) -> Result<LayerPins, ImageError> {
    let platform = folder.platform();
    let layer = &definition.layer;
    let mut pins = LayerPins::default();
    if let Some(source) = &layer.deb {
        (pins.indexes, pins.debs) = resolve_debs(context, folder, &definition.name, source).await?;
    }
    if let Some(source) = &layer.go {
        pins.go.push(resolve_go(context, &definition.name, source, platform).await?);
    }
    for source in &layer.npm {
        pins.npm.push(resolve_npm(context, &definition.name, source).await?);
    }
    Ok(pins)
}

async fn resolve_go(
    context: &ImageContext<'_>,
    layer: &ImageName,
    source: &GoSource,
    platform: ImagePlatform,
) -> Result<GoPin, ImageError> {
    let version = go_module::toolchain_version(&source.toolchain, platform.architecture());
    let purl = Purl::go(go_module::TOOLCHAIN_MODULE, &version);
    let path = go_module::zip_path(go_module::TOOLCHAIN_MODULE, &version);
    let urls = context.mirrors.go_bases()?.iter().map(|base| join(base, &path)).collect();
    let wanted = [WantedFile { package: purl.to_string(), urls, promise: Promise::Nothing }];
    let digest = only(fetch_wanted(context, layer, &wanted).await?);
    let mut pin = GoPin { purl, h1: String::new(), digest };
    pin.h1 = read_go(&pin, source, context.store.as_ref(), &mut |_, _| Ok(()))?;
    go_program::confirm(context, &pin).await?;
    Ok(pin)
}

async fn resolve_npm(context: &ImageContext<'_>, layer: &ImageName, source: &NpmSource) -> Result<NpmPin, ImageError> {
    let purl = Purl::npm(&source.package, &source.version);
    let bases = context.mirrors.npm_bases()?;
    let about: Vec<_> =
        bases.iter().map(|base| join(base, &format!("{}/{}", source.package, source.version))).collect();
    let package = purl.to_string();
    let metadata = Fetcher::new()?.document(&package, &about).await?;
    let integrity = npm::integrity(&package, &metadata)?;
    let path = npm::tarball_path(&source.package, &source.version);
    let urls = bases.iter().map(|base| join(base, &path)).collect();
    let wanted = [WantedFile { package, urls, promise: Promise::Sha512(integrity.clone()) }];
    let digest = only(fetch_wanted(context, layer, &wanted).await?);
    Ok(NpmPin { purl, integrity, digest })
}

fn only(digests: Vec<Digest>) -> Digest {
    digests.into_iter().next().expect("one file was fetched")
}
