//! Archives of packages as streams of checked entries.
//!
//! What may not pass: names that are absolute, hold `..` or NUL or are not UTF-8; devices, pipes, sockets, sparse files; hard
//! links to such names; more than [`LayerLimits::PACKAGE`] even where it is left out; headers or a tail that go on and on. Set-id bits, owners, times and extended attributes are dropped.

use std::fs::File;
use std::io::Read;

use super::PackageError;
use rcrepro_archive::tar::MemberKind;
use rcrepro_archive::tar::package::{self, PackageLimits, PackedError, PackedMember};
use rcrepro_archive::zip::{ZipError, ZipReader};
use rcrepro_model::content::name::TreePath;
use rcrepro_model::image::layer::{Entry, EntryKind, LayerLimits};

/// Reads a tar archive to its end and gives each entry to `sink`.
///
/// `place` says where an entry lies in the image, or that it is left out.
///
/// # Errors
/// [`PackageError::Entry`], [`PackageError::Io`], or what `sink` says.
pub fn read_tar<E: From<PackageError>>(
    package: &str,
    input: impl Read,
    place: impl Fn(&TreePath) -> Option<TreePath>,
    sink: &mut dyn FnMut(Entry, &mut dyn Read) -> Result<(), E>,
) -> Result<(), E> {
    let LayerLimits { bytes, entries } = LayerLimits::PACKAGE;
    let wrap = |error| E::from(packed(package, error));
    package::each(input, PackageLimits { bytes, members: entries }, wrap, &mut |member, content| match placed(
        package, member, &place,
    )? {
        Some(entry) => sink(entry, content),
        None => Ok(()),
    })
}

fn packed(package: &str, error: PackedError) -> PackageError {
    match error {
        PackedError::Read(source) => PackageError::io(package)(source),
        PackedError::TooLarge { member, unit: "bytes", .. } => {
            refusal(package, &member, "it takes the package beyond the 4 GiB that one may unpack to")
        }
        PackedError::TooLarge { member, .. } => {
            refusal(package, &member, "it takes the package beyond the 200,000 entries that one may hold")
        }
        PackedError::Headers { member } => refusal(package, &member, "more than 1 MiB of headers follow it"),
        PackedError::Tail { member } => refusal(package, &member, "more than 1 MiB follows it, the last entry"),
    }
}

/// Returns an entry as it lies in the image; `None` for what is left out and the archive's own root.
fn placed(
    package: &str,
    member: &PackedMember,
    place: &impl Fn(&TreePath) -> Option<TreePath>,
) -> Result<Option<Entry>, PackageError> {
    let refuse = |reason| refusal(package, &member.path, reason);
    match member.kind {
        MemberKind::BlockDevice | MemberKind::CharDevice => return Err(refuse("a device")),
        MemberKind::Fifo => return Err(refuse("a named pipe")),
        _ => {}
    }
    let Some(path) = entry_path(package, &member.path)?.and_then(|path| place(&path)) else { return Ok(None) };
    let bits = member.mode.ok_or_else(|| refuse("its mode is not a number"))?;
    let kind = match member.kind {
        // Only a folder's sticky bit means anything; set-id bits mean nothing where no privilege can be gained.
        MemberKind::Directory => EntryKind::Directory { mode: bits & 0o1777 },
        MemberKind::File => EntryKind::File { mode: bits & 0o777 },
        MemberKind::Symlink => {
            let target = member.link.clone().ok_or_else(|| refuse("a symbolic link without a target"))?;
            let target = String::from_utf8(target);
            let target = target.map_err(|_| refuse("a symbolic link whose target is not UTF-8"))?;
            if target.is_empty() || target.contains('\0') {
                return Err(refuse("a symbolic link to no path"));
            }
            EntryKind::Symlink { target }
        }
        MemberKind::Hardlink => {
            let target = member.link.as_deref().ok_or_else(|| refuse("a hard link without a target"))?;
            let target = entry_path(package, target).ok().flatten().and_then(|target| place(&target));
            EntryKind::Hardlink { target: target.ok_or_else(|| refuse("a hard link out of the package"))? }
        }
        _ => return Err(refuse("neither file, folder nor link")),
    };
    Ok(Some(Entry { path, kind }))
}

/// Shows the files of a zip with their contents, which may have `most` bytes together; a member that is not a file is refused.
///
/// # Errors
/// [`PackageError::Entry`], [`PackageError::Io`], or what `sink` says.
pub(super) fn read_zip<E: From<PackageError>>(
    package: &str,
    zip: File,
    most: u64,
    sink: &mut dyn FnMut(&str, &mut dyn Read) -> Result<(), E>,
) -> Result<(), E> {
    let wrap = |error| match error {
        ZipError::Read(source) => PackageError::io(package)(source),
        ZipError::NotUtf8 { name } => refusal(package, &name, "its name is not UTF-8"),
        ZipError::Twice { name } => refusal(package, &name, "it comes twice"),
        ZipError::TooLarge { name, .. } => {
            refusal(package, name.as_bytes(), "it takes the module beyond the bytes that one may unpack to")
        }
    };
    let zip = ZipReader::open(zip).map_err(wrap)?;
    zip.each(most, |error| wrap(error).into(), &mut |member, content| match member.is_file {
        true => sink(&member.name, content),
        false => Err(refusal(package, member.name.as_bytes(), "no plain file").into()),
    })
}

/// Checks an entry's name; `None` is the archive's own root.
///
/// # Errors
/// [`PackageError::Entry`].
pub fn entry_path(package: &str, raw: &[u8]) -> Result<Option<TreePath>, PackageError> {
    let refuse = |reason| refusal(package, raw, reason);
    let text = std::str::from_utf8(raw).map_err(|_| refuse("its name is not UTF-8"))?;
    if text.starts_with('/') {
        return Err(refuse("its name is absolute"));
    }
    let mut text = text.trim_end_matches('/');
    while let Some(rest) = text.strip_prefix("./") {
        text = rest;
    }
    if text == "." || text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| refuse("its name leaves the package or is not a path"))
}

pub(super) fn refusal(package: &str, raw: &[u8], reason: &'static str) -> PackageError {
    let entry = String::from_utf8_lossy(raw).escape_debug().to_string();
    PackageError::Entry { package: package.to_owned(), entry, reason }
}
