//! The packages that an image holds, by what their managers left in it: for its bill of materials.

use std::collections::BTreeSet;

use super::view::ImageView;
use crate::release::error::ReleaseError;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::inspection::FoundPackage;
use rcrepro_store::{BlobStore, StoreError};

mod databases;
mod go_program;

/// The largest database or package file that is read.
const LIMIT: u64 = 64 << 20;

/// Lists the packages in the order of their URLs.
///
/// # Errors
/// [`ReleaseError`] when a file cannot be read.
pub(super) fn packages(view: &ImageView, store: &dyn BlobStore) -> Result<BTreeSet<FoundPackage>, ReleaseError> {
    let text = |digest: Digest| -> Result<String, StoreError> {
        Ok(if digest.size > LIMIT { String::new() } else { String::from_utf8_lossy(&store.get(digest)?).into_owned() })
    };
    let release = match ["etc/os-release", "usr/lib/os-release"].iter().find_map(|path| view.digest(path)) {
        Some(digest) => text(digest)?,
        None => String::new(),
    };
    let distribution = databases::distribution(&release);
    let (mut found, mut programs) = (BTreeSet::new(), BTreeSet::new());
    for (path, digest) in view.contents() {
        let named = if path == "var/lib/dpkg/status" || path.starts_with("var/lib/dpkg/status.d/") {
            databases::dpkg(&text(digest)?, distribution.unwrap_or("debian"))
        } else if matches!(path, "lib/apk/db/installed" | "usr/lib/apk/db/installed") {
            databases::apk(&text(digest)?, distribution.unwrap_or("alpine"))
        } else if databases::is_npm_package(path) {
            databases::npm(&text(digest)?).into_iter().collect()
        } else if view.dress(path).is_some_and(|dress| dress.mode & 0o111 != 0) && programs.insert(digest) {
            let failed = |source| StoreError::Io { doing: "read", path: path.into(), source };
            go_program::modules(&mut store.reader(digest)?).map_err(failed)?
        } else {
            Vec::new()
        };
        found.extend(named.into_iter().map(|purl| FoundPackage { purl, path: path.to_owned() }));
    }
    Ok(found)
}
