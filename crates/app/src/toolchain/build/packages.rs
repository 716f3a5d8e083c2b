//! Brings a layer's locked packages into the store.

use crate::toolchain::{ImageContext, ImageError};
use rcrepro_images::packages::fetch::{Fetcher, Promise, WantedFile, join};
use rcrepro_images::packages::{go_module, npm};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::execution::event::ImageEvent;
use rcrepro_model::image::definition::ImageName;
use rcrepro_model::image::lock::{GoPin, LayerPins};
use rcrepro_store::{BlobStore, StoreError};

/// Fetches what is missing in the store; for what is there, no client is asked and no network is used.
pub(crate) async fn fetch(context: &ImageContext<'_>, layer: &ImageName, pins: &LayerPins) -> Result<(), ImageError> {
    let store = context.store.as_ref();
    let mirrors = &context.mirrors;
    let mut wanted = Vec::new();
    let mut want = |package: String, digest: Digest, bases: &[String], path: &str| {
        let urls = bases.iter().map(|base| join(base, path)).collect();
        wanted.push(WantedFile { package, urls, promise: Promise::Digest(digest) });
    };
    // Asking a client takes longer than most packages, so each is asked once and only when something is missing.
    let debs = missing(store, &pins.debs, |pin| pin.digest)?;
    let bases = if debs.is_empty() { Vec::new() } else { mirrors.deb_bases()? };
    for pin in debs {
        want(pin.purl.to_string(), pin.digest, &bases, pin.path.as_str());
    }
    let kinds = [(&pins.go, "zip"), (&pins.modules, "zip"), (&pins.go_mods, "mod")];
    let mut modules: Vec<(&GoPin, &str)> = Vec::new();
    for (pins, ending) in kinds {
        modules.extend(missing(store, pins, |pin| pin.digest)?.into_iter().map(|pin| (pin, ending)));
    }
    let bases = if modules.is_empty() { Vec::new() } else { mirrors.go_bases()? };
    for (pin, ending) in modules {
        let path = go_module::proxy_path(pin.purl.name(), pin.purl.version(), ending);
        want(pin.purl.to_string(), pin.digest, &bases, &path);
    }
    let npm = missing(store, &pins.npm, |pin| pin.digest)?;
    let bases = if npm.is_empty() { Vec::new() } else { mirrors.npm_bases()? };
    for pin in npm {
        want(pin.purl.to_string(), pin.digest, &bases, &npm::tarball_path(pin.purl.name(), pin.purl.version()));
    }
    fetch_wanted(context, layer, &wanted).await?;
    Ok(())
}

fn missing<'a, T>(
    store: &dyn BlobStore,
    pins: &'a [T],
    digest: impl Fn(&T) -> Digest,
) -> Result<Vec<&'a T>, StoreError> {
    let mut absent = Vec::new();
    for pin in pins {
        if !store.contains(digest(pin))? {
            absent.push(pin);
        }
    }
    Ok(absent)
}

/// Fetches files, with an event for the start and for each file.
pub(crate) async fn fetch_wanted(
    context: &ImageContext<'_>,
    layer: &ImageName,
    wanted: &[WantedFile],
) -> Result<Vec<Digest>, ImageError> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let size = |one: &WantedFile| if let Promise::Digest(digest) = one.promise { digest.size } else { 0 };
    let (files, bytes) = (wanted.len(), wanted.iter().map(size).sum());
    (context.on_event)(ImageEvent::Fetching { layer: layer.clone(), files, bytes });
    let done = |one: &WantedFile, digest| {
        let (layer, package) = (layer.clone(), one.package.clone());
        (context.on_event)(ImageEvent::Fetched { layer, package, digest });
    };
    Ok(Fetcher::new()?.fetch_all(wanted, context.store.as_ref(), &done).await?)
}
