//! npm packages: `.tgz` files with one folder on top, and the registry's metadata.

use std::collections::BTreeMap;
use std::io::Read;

use super::PackageError;
use super::archive::read_tar;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::image::layer::{Entry, EntryKind};

/// Streams the entries of a `.tgz` to `sink`, laid out as `place` says (path in the package -> path in the image).
///
/// As npm does, the first path segment is dropped, whatever it is called, and files are executable for all or for none.
///
/// # Errors
/// [`PackageError::NoSuchPart`] when `place` names what is not there, whatever [`read_tar`] refuses, links (npm packages
/// have none), or what `sink` says.
pub fn read_npm<E: From<PackageError>>(
    package: &str,
    input: impl Read,
    place: &BTreeMap<String, TreePath>,
    sink: &mut dyn FnMut(Entry, &mut dyn Read) -> Result<(), E>,
) -> Result<(), E> {
    let used = std::cell::RefCell::new(std::collections::BTreeSet::new());
    let lay = |path: &TreePath| {
        let (_, inner) = path.as_str().split_once('/')?;
        let (part, at) = place.iter().filter(|(part, _)| within(inner, part)).max_by_key(|(part, _)| part.len())?;
        used.borrow_mut().insert(part.clone());
        let rest = if part == "." { inner } else { inner[part.len()..].trim_start_matches('/') };
        let path = if rest.is_empty() { at.clone() } else { at.join(&rest.parse().ok()?) };
        Some(path)
    };
    read_tar(package, rcrepro_compression::gzip(input), lay, &mut |entry: Entry, content| {
        let kind = match entry.kind {
            EntryKind::Directory { .. } => EntryKind::Directory { mode: 0o755 },
            EntryKind::File { mode } => EntryKind::File { mode: if mode & 0o111 == 0 { 0o644 } else { 0o755 } },
            EntryKind::Symlink { .. } | EntryKind::Hardlink { .. } => {
                let (entry, reason) = (entry.path.to_string(), "a link, which npm packages cannot have");
                return Err(PackageError::Entry { package: package.to_owned(), entry, reason }.into());
            }
        };
        sink(Entry { path: entry.path, kind }, content)
    })?;
    match place.keys().find(|part| !used.borrow().contains(*part)) {
        Some(part) => Err(PackageError::NoSuchPart { package: package.to_owned(), part: part.clone() }.into()),
        None => Ok(()),
    }
}

fn within(path: &str, part: &str) -> bool {
    part == "." || path.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Returns a version's file below a registry's base, by the registry's custom: `@scope/name/-/name-1.0.0.tgz`.
#[must_use]
pub fn tarball_path(name: &str, version: &str) -> String {
    let base = name.rsplit('/').next().unwrap_or(name);
    format!("{name}/-/{base}-{version}.tgz")
}

/// Reads `dist.integrity` in a registry's metadata of one version.
///
/// # Errors
/// [`PackageError::Form`] when it says no sha512.
pub fn integrity(package: &str, metadata: &[u8]) -> Result<String, PackageError> {
    let metadata: Option<serde_json::Value> = serde_json::from_slice(metadata).ok();
    let integrity = metadata.as_ref().and_then(|value| value["dist"]["integrity"].as_str()).unwrap_or("");
    // The field may hold several checksums with a space in between.
    let sha512 = integrity.split(' ').find(|one| one.starts_with("sha512-"));
    let reason = || "the registry gives no sha512 integrity for it".to_owned();
    sha512.map(str::to_owned).ok_or_else(|| PackageError::Form { package: package.to_owned(), reason: reason() })
}

/// Lists the versions in a registry's metadata of a package.
///
/// # Errors
/// [`PackageError::Form`] when it lists none.
pub fn versions(package: &str, metadata: &[u8]) -> Result<Vec<String>, PackageError> {
    let metadata: Option<serde_json::Value> = serde_json::from_slice(metadata).ok();
    let versions = metadata.as_ref().and_then(|value| value["versions"].as_object());
    let reason = "the registry lists no versions of it".to_owned();
    let versions = versions.ok_or_else(|| PackageError::Form { package: package.to_owned(), reason })?;
    Ok(versions.keys().cloned().collect())
}
