//! Locks a Go program: its modules as its author's `go.sum` names them, and what it compiles to.

use std::io::Seek as _;

use crate::toolchain::build::compilation::Compilation;
use crate::toolchain::build::compile;
use crate::toolchain::build::packages::fetch_wanted;
use crate::toolchain::folder::ImageFolder;
use crate::toolchain::{ImageContext, ImageError};
use rcrepro_images::packages::fetch::{Promise, WantedFile, join};
use rcrepro_images::packages::go_source::{self, Sum};
use rcrepro_images::packages::{PackageError, go_module};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::image::definition::{GoProgram, ImageDefinition};
use rcrepro_model::image::lock::{GoPin, LayerPins};
use rcrepro_model::image::purl::Purl;
use rcrepro_store::BlobStore;

/// Fetches a program's modules, each checked with its `h1:`, compiles it once, and gives the pins.
///
/// The program's own module is not in its `go.sum`: its checksum is that of the checksum database, where the machine's Go uses
/// one.
pub(super) async fn resolve(
    context: &ImageContext<'_>,
    folder: &ImageFolder,
    definition: &ImageDefinition,
    epoch: u64,
    program: &GoProgram,
) -> Result<LayerPins, ImageError> {
    let bases = context.mirrors.go_bases()?;
    let layer = &definition.name;
    let own =
        |go_mod| Sum { module: program.module.clone(), version: program.version.clone(), go_mod, h1: String::new() };
    let wanted: Vec<_> = [own(false), own(true)].iter().map(|sum| wanted(sum, &bases)).collect();
    let fetched = fetch_wanted(context, layer, &wanted).await?;
    let mut pins = LayerPins::default();
    let mut own_zip = pin(&own(false), fetched[0]);
    own_zip.h1 = h1_of(&own_zip, false, context.store.as_ref())?;
    let mut own_mod = pin(&own(true), fetched[1]);
    own_mod.h1 = h1_of(&own_mod, true, context.store.as_ref())?;
    confirm(context, &own_zip).await?;

    let name = own_zip.purl.to_string();
    let zip = spool(&own_zip, context.store.as_ref())?;
    let text = go_source::top_file(&name, &program.module, &program.version, "go.sum", zip)?.unwrap_or_default();
    let sums = go_source::sums(&name, &text)?;
    pins.modules.push(own_zip);
    pins.go_mods.push(own_mod);
    let rest: Vec<_> = sums.iter().map(|sum| self::wanted(sum, &bases)).collect();
    for (sum, digest) in sums.iter().zip(fetch_wanted(context, layer, &rest).await?) {
        let pin = pin(sum, digest);
        let found = h1_of(&pin, sum.go_mod, context.store.as_ref())?;
        if found != sum.h1 {
            let (package, expected) = (pin.purl.to_string(), sum.h1.clone());
            return Err(PackageError::Checksum { package, what: "its h1", expected, found }.into());
        }
        if sum.go_mod { pins.go_mods.push(pin) } else { pins.modules.push(pin) }
    }
    let what = Compilation { layer, program, platform: folder.platform(), epoch, pins: &pins };
    let compiled = compile(context, folder, what).await?;
    pins.program = Some(compiled);
    Ok(pins)
}

/// Compares a module's checksum with that of the checksum database, where one is used.
pub(super) async fn confirm(context: &ImageContext<'_>, pin: &GoPin) -> Result<(), ImageError> {
    let Some(database) = context.mirrors.checksum_database() else { return Ok(()) };
    let (module, version) = (pin.purl.name(), pin.purl.version());
    let path = go_module::lookup_path(&database, module, version);
    let urls: Vec<_> = context.mirrors.go_bases()?.iter().map(|base| join(base, &path)).collect();
    let package = pin.purl.to_string();
    let answer = rcrepro_images::packages::fetch::Fetcher::new()?.document(&package, &urls).await?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let expected = answer.lines().find_map(|line| {
        let (found, h1) = line.split_once(" h1:")?;
        (found == format!("{module} {version}")).then(|| format!("h1:{h1}"))
    });
    match expected {
        Some(expected) if expected == pin.h1 => Ok(()),
        Some(expected) => {
            let what = "its h1 in the checksum database";
            Err(PackageError::Checksum { package, what, expected, found: pin.h1.clone() }.into())
        }
        None => Err(PackageError::Form { package, reason: "the checksum database says nothing of it".into() }.into()),
    }
}

fn wanted(sum: &Sum, bases: &[String]) -> WantedFile {
    let path = go_module::proxy_path(&sum.module, &sum.version, if sum.go_mod { "mod" } else { "zip" });
    let urls = bases.iter().map(|base| join(base, &path)).collect();
    WantedFile { package: Purl::go(&sum.module, &sum.version).to_string(), urls, promise: Promise::Nothing }
}

fn pin(sum: &Sum, digest: Digest) -> GoPin {
    GoPin { purl: Purl::go(&sum.module, &sum.version), h1: sum.h1.clone(), digest }
}

fn h1_of(pin: &GoPin, go_mod: bool, store: &dyn BlobStore) -> Result<String, ImageError> {
    if go_mod {
        return Ok(go_source::go_mod_h1(&store.get(pin.digest)?));
    }
    let name = pin.purl.to_string();
    Ok(go_source::zip_h1(&name, pin.purl.name(), pin.purl.version(), spool(pin, store)?)?)
}

/// Copies a zip into a file without a name, because it is read from its end.
fn spool(pin: &GoPin, store: &dyn BlobStore) -> Result<std::fs::File, ImageError> {
    let failed = |source| PackageError::Io { package: pin.purl.to_string(), source };
    let mut zip = tempfile::tempfile().map_err(failed)?;
    std::io::copy(&mut store.reader(pin.digest)?, &mut zip).map_err(failed)?;
    zip.rewind().map_err(failed)?;
    Ok(zip)
}
