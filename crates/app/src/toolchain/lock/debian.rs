//! Resolves a definition's Debian packages by the archive's signed index, and keeps them.

use std::time::SystemTime;

use tokio::task::spawn_blocking;

use crate::toolchain::build::packages::fetch_wanted;
use crate::toolchain::folder::ImageFolder;
use crate::toolchain::{ImageContext, ImageError};
use rcrepro_images::packages::debian::archive::{self, DebianArchive, choose, fetch_indexes};
use rcrepro_images::packages::fetch::{Promise, WantedFile, join};
use rcrepro_model::image::definition::{DebSource, ImageName};
use rcrepro_model::image::lock::{DebIndex, DebPin, ImageLock};
use rcrepro_store::BlobStore;

/// Resolves packages and brings them, with the index and the list that name them, into the store.
pub(super) async fn resolve_debs(
    context: &ImageContext<'_>,
    folder: &ImageFolder,
    layer: &ImageName,
    source: &DebSource,
) -> Result<(Vec<DebIndex>, Vec<DebPin>), ImageError> {
    let platform = folder.platform();
    let keys = folder.keys(source)?;
    let bases = context.mirrors.deb_bases()?;
    // A clock before 1970 can tell nothing; then nothing has expired, and everything is still to come.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let archive = DebianArchive { bases: &bases, keys: &keys, now };
    let indexes = fetch_indexes(source, platform, archive, context.store.as_ref()).await?;
    let (store, task_source, task_indexes) = (context.store.clone(), source.clone(), indexes.clone());
    let task = spawn_blocking(move || choose(&task_source, platform, &task_indexes, store.as_ref()));
    let pins = task.await.expect("resolving packages does not panic")?;
    let wanted: Vec<_> = (pins.iter())
        .map(|pin| WantedFile {
            package: pin.purl.to_string(),
            urls: bases.iter().map(|base| join(base, pin.path.as_str())).collect(),
            promise: Promise::Digest(pin.digest),
        })
        .collect();
    fetch_wanted(context, layer, &wanted).await?;
    Ok((indexes, pins))
}

/// Checks a lock's Debian packages once more by the signed index that they were found in, without a network; tells whether
/// the store had the index.
///
/// # Errors
/// [`ImageError::Key`], and [`ImageError::Package`] when signature, list or choice is not what the lock says.
pub(super) fn recheck(folder: &ImageFolder, lock: &ImageLock, store: &dyn BlobStore) -> Result<bool, ImageError> {
    let composition = folder.compose(&lock.name)?;
    let (Some(source), indexes) = (&composition.own().layer.deb, &lock.pins.indexes) else { return Ok(false) };
    for index in indexes {
        if !store.contains(index.in_release)? || !store.contains(index.packages)? {
            return Ok(false);
        }
    }
    let keys = folder.keys(source)?;
    archive::recheck(source, folder.platform(), indexes, &lock.pins.debs, &keys, store)?;
    Ok(true)
}
