//! The checks of a lock that need nothing fetched or put together.

use super::parts::Part;
use crate::toolchain::folder::ImageFolder;
use crate::toolchain::{ImageError, LockDifference};
use rcrepro_format::images::oci_json;
use rcrepro_images::packages::go_module::{TOOLCHAIN_MODULE, toolchain_version};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::image::composition::Composition;
use rcrepro_model::image::definition::DebSource;
use rcrepro_model::image::lock::{DebIndex, DebPin, ImageLock};
use rcrepro_model::image::purl::Purl;

/// Checks that the lock names the layers that the parts' own locks name now.
pub(crate) fn layers(folder: &ImageFolder, lock: &ImageLock, parts: &[Part]) -> Result<(), ImageError> {
    for layer in &lock.layers {
        let own = parts.iter().filter_map(|part| part.lock.own_layer()).find(|own| own.name == layer.name);
        if own.is_none_or(|own| own.digest != layer.digest) {
            let now = own.map_or_else(|| "none".to_owned(), |own| own.digest.to_string());
            let reason = format!("layer `{}` is {} in it, and {now} in its own lock", layer.name, layer.digest);
            return Err(ImageError::StaleLock { name: lock.name.clone(), path: folder.lock_path(&lock.name), reason });
        }
    }
    Ok(())
}

/// Checks config and manifest against the layers: they follow from the lock alone.
pub(crate) fn outputs(lock: &ImageLock) -> Result<(), ImageError> {
    let layers: Vec<_> = lock.layers.iter().map(|layer| layer.digest).collect();
    let config = oci_json::config(lock.platform, lock.source_date_epoch, &lock.config, &layers);
    let config = Digest::of(&config);
    same(lock, "config".to_owned(), lock.config_digest, config)?;
    let manifest = Digest::of(&oci_json::manifest(config, &layers));
    same(lock, "manifest".to_owned(), lock.manifest_digest, manifest)
}

/// Checks that the lock pins what the definition names; Debian packages besides are what those depend on.
pub(crate) fn pins(composition: &Composition, lock: &ImageLock) -> Result<(), ImageError> {
    let (wanted, architecture) = (&composition.own().layer, composition.platform.architecture());
    let go = wanted.go.iter().map(|go| Purl::go(TOOLCHAIN_MODULE, &toolchain_version(&go.toolchain, architecture)));
    let npm = wanted.npm.iter().map(|npm| Purl::npm(&npm.package, &npm.version));
    let own = wanted.program.iter().map(|program| Purl::go(&program.module, &program.version));
    let mut deb = wanted.deb.iter().flat_map(|deb| &deb.packages);
    let locked = |name: &String| lock.pins.debs.iter().any(|pin| pin.purl.name().strip_prefix("debian/") == Some(name));
    let fits = go.eq(lock.pins.go.iter().map(|pin| pin.purl.clone()))
        && npm.eq(lock.pins.npm.iter().map(|pin| pin.purl.clone()))
        && own.eq(lock.pins.modules.first().map(|pin| pin.purl.clone()))
        && wanted.program.is_some() == lock.pins.program.is_some()
        && deb.all(locked)
        && (wanted.deb.is_some() || lock.pins.debs.is_empty())
        && lock.pins.debs.iter().all(is_named_after_its_purl)
        && lock.pins.debs.iter().all(|pin| lock.pins.indexes.iter().any(|index| index.suite == pin.suite))
        && are_the_definitions(&lock.pins.indexes, wanted.deb.as_ref(), architecture);
    match fits {
        true => Ok(()),
        false => Err(ImageError::Pins { name: lock.name.clone() }),
    }
}

/// Tells whether the indexes are of the definition's suites, each signed by a key that it lists.
fn are_the_definitions(indexes: &[DebIndex], source: Option<&DebSource>, architecture: &str) -> bool {
    let suites = source.map_or(&[][..], |source| &source.suites);
    indexes.iter().map(|index| &index.suite).eq(suites)
        && indexes.iter().all(|index| {
            index.architecture == architecture
                && source.is_some_and(|source| source.signed_by.contains(&index.signed_by))
        })
}

/// Tells whether a pool path ends in `NAME_VERSION_ARCH.deb` of the purl; an archive leaves a version's epoch out.
fn is_named_after_its_purl(pin: &DebPin) -> bool {
    let name = pin.purl.name().rsplit('/').next().unwrap_or_default();
    let version = pin.purl.version();
    let version = version.split_once(':').map_or(version, |(_, rest)| rest);
    let file = format!("{name}_{version}_{}.deb", pin.purl.arch().unwrap_or_default());
    pin.path.segments().last().is_some_and(|last| last.as_str() == file)
}

/// Compares what came out with what is locked.
pub(crate) fn same(lock: &ImageLock, part: String, expected: Digest, found: Digest) -> Result<(), ImageError> {
    match expected == found {
        true => Ok(()),
        false => {
            let name = lock.name.clone();
            Err(ImageError::Differs(Box::new(LockDifference { name, part, expected, found })))
        }
    }
}
