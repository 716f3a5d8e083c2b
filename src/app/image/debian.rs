//! Resolves a definition's Debian packages by the archive's signed index, and keeps them.

use std::time::SystemTime;

use tokio::task::spawn_blocking;

use super::folder::ImageFolder;
use super::packages::fetch_wanted;
use super::{ImageContext, ImageError};
use crate::model::image_definition::{DebSource, ImageName};
use crate::model::image_lock::{DebIndex, DebPin};
use crate::packages::debian::archive::{Archive, choose, fetch_indexes};
use crate::packages::fetch::{Promise, Wanted, join};

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
    let archive = Archive { bases: &bases, keys: &keys, now };
    let indexes = fetch_indexes(source, platform, archive, context.store.as_ref()).await?;
    let (store, task_source, task_indexes) = (context.store.clone(), source.clone(), indexes.clone());
    let task = spawn_blocking(move || choose(&task_source, platform, &task_indexes, store.as_ref()));
    let pins = task.await.expect("resolving packages does not panic")?;
    let wanted: Vec<_> = (pins.iter())
        .map(|pin| Wanted {
            package: pin.purl.to_string(),
            urls: bases.iter().map(|base| join(base, pin.path.as_str())).collect(),
            promise: Promise::Digest(pin.digest),
        })
        .collect();
    fetch_wanted(context, layer, &wanted).await?;
    Ok((indexes, pins))
}
