//! Tar archives as streams of checked entries.
//!
//! What may not pass: names that are absolute, hold `..` or NUL or are not UTF-8; devices, pipes, sockets, sparse files; hard
//! links to such names; more than [`LayerLimits::PACKAGE`] even where it is left out; headers or a tail that go on and on. Set-id bits, owners, times and extended attributes are dropped.

use std::cell::Cell;
use std::io::{self, Read};

use tar::EntryType;

use super::PackageError;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::image::layer::{Entry, EntryKind, LayerLimits};

/// The most bytes of one entry's headers, which are held in memory, and of what follows the last entry: 1 MiB.
const MAX_BETWEEN: u64 = 1 << 20;

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
    let failed = || PackageError::io(package);
    let (position, limit) = (Cell::new(0), Cell::new(MAX_BETWEEN));
    let mut archive = tar::Archive::new(Metered { inner: input, position: &position, limit: &limit });
    let (mut last, mut entries, mut bytes) = (Vec::new(), 0, 0u64);
    for entry in archive.entries().map_err(failed())? {
        let too_long = || refusal(package, &last, "more than 1 MiB of headers follow it");
        let entry = entry.map_err(|error| if position > limit { too_long() } else { failed()(error) })?;
        let raw = entry.path_bytes().into_owned();
        let refuse = |reason| refusal(package, &raw, reason);
        // What is left out has to be unpacked too, to be passed over.
        entries += 1;
        bytes = bytes.saturating_add(entry.size());
        if bytes > LayerLimits::PACKAGE.bytes {
            return Err(refuse("it takes the package beyond the 4 GiB that one may unpack to").into());
        }
        if entries > LayerLimits::PACKAGE.entries {
            return Err(refuse("it takes the package beyond the 200,000 entries that one may hold").into());
        }
        limit.set(position.get() + entry.size().next_multiple_of(512) + MAX_BETWEEN);
        last.clone_from(&raw);
        let kind = entry.header().entry_type();
        if kind == EntryType::XGlobalHeader {
            continue;
        }
        match kind {
            EntryType::Block | EntryType::Char => return Err(refuse("a device").into()),
            EntryType::Fifo => return Err(refuse("a named pipe").into()),
            _ => {}
        }
        let Some(path) = entry_path(package, &raw)? else { continue };
        let Some(path) = place(&path) else { continue };
        let mode = entry.header().mode().map_err(failed())? & 0o777;
        let kind = match kind {
            // Only a folder's sticky bit means anything; set-id bits mean nothing where no privilege can be gained.
            EntryType::Directory => {
                let sticky = entry.header().mode().map_err(failed())? & 0o1000;
                EntryKind::Directory { mode: mode | sticky }
            }
            EntryType::Regular | EntryType::Continuous => EntryKind::File { mode },
            EntryType::Symlink => {
                let target = entry.link_name_bytes().ok_or_else(|| refuse("a symbolic link without a target"))?;
                let target = String::from_utf8(target.into_owned());
                let target = target.map_err(|_| refuse("a symbolic link whose target is not UTF-8"))?;
                if target.is_empty() || target.contains('\0') {
                    return Err(refuse("a symbolic link to no path").into());
                }
                EntryKind::Symlink { target }
            }
            EntryType::Link => {
                let target = entry.link_name_bytes().ok_or_else(|| refuse("a hard link without a target"))?;
                let target = entry_path(package, &target).ok().flatten().and_then(|target| place(&target));
                EntryKind::Hardlink { target: target.ok_or_else(|| refuse("a hard link out of the package"))? }
            }
            _ => return Err(refuse("neither file, folder nor link").into()),
        };
        let size = if matches!(kind, EntryKind::File { .. }) { entry.size() } else { 0 };
        let mut content = Whole { inner: entry.take(size), left: size };
        sink(Entry { path, kind }, &mut content)?;
    }
    // A checksum at the end of the compressed stream was never looked at unless the end was reached.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(|error| match position > limit {
        true => refusal(package, &last, "more than 1 MiB follows it, the last entry"),
        false => failed()(error),
    })?;
    Ok(())
}

/// Counts what is read, and ends beyond a limit that moves on with the entries.
struct Metered<'a, R> {
    inner: R,
    position: &'a Cell<u64>,
    limit: &'a Cell<u64>,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.position.set(self.position.get() + read as u64);
        match self.position > self.limit {
            true => Err(io::ErrorKind::FileTooLarge.into()),
            false => Ok(read),
        }
    }
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

/// Fails where the archive ends before the entry does; the tar reader alone would give a shorter file.
struct Whole<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if read == 0 && self.left > 0 && !buffer.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read as u64;
        Ok(read)
    }
}
