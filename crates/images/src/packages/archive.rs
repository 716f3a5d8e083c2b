//! Tar archives as streams of checked entries.
//!
//! What may not pass: names that are absolute, hold `..` or NUL or are not UTF-8; devices, pipes, sockets, sparse files; hard
//! links to such names; more than [`LayerLimits::PACKAGE`] even where it is left out; headers or a tail that go on and on. Set-id bits, owners, times and extended attributes are dropped.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read};

use tar::EntryType;

use super::PackageError;
use rcrepro_archive::zip::{ZipError, ZipReader};
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
    let (mut last, mut taken) = (Vec::new(), Taken::default());
    for entry in archive.entries().map_err(failed())? {
        let too_long = || refusal(package, &last, "more than 1 MiB of headers follow it");
        let entry = entry.map_err(|error| if position > limit { too_long() } else { failed()(error) })?;
        let raw = entry.path_bytes().into_owned();
        // What is left out has to be unpacked too, to be passed over.
        taken.add(entry.size()).map_err(|reason| refusal(package, &raw, reason))?;
        limit.set(position.get() + entry.size().next_multiple_of(512) + MAX_BETWEEN);
        if let Some(placed) = placed(package, &raw, &entry, &place)? {
            let size = if matches!(placed.kind, EntryKind::File { .. }) { entry.size() } else { 0 };
            sink(placed, &mut Whole { inner: entry.take(size), left: size })?;
        }
        last = raw;
    }
    // A checksum at the end of the compressed stream was never looked at unless the end was reached.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(|error| match position > limit {
        true => refusal(package, &last, "more than 1 MiB follows it, the last entry"),
        false => failed()(error),
    })?;
    Ok(())
}

/// What an archive has shown so far, against [`LayerLimits::PACKAGE`].
#[derive(Default)]
struct Taken {
    entries: u64,
    bytes: u64,
}

impl Taken {
    /// Counts one entry more, or returns why there may not be one.
    fn add(&mut self, size: u64) -> Result<(), &'static str> {
        self.entries += 1;
        self.bytes = self.bytes.saturating_add(size);
        if self.bytes > LayerLimits::PACKAGE.bytes {
            return Err("it takes the package beyond the 4 GiB that one may unpack to");
        }
        if self.entries > LayerLimits::PACKAGE.entries {
            return Err("it takes the package beyond the 200,000 entries that one may hold");
        }
        Ok(())
    }
}

/// Returns an entry as it lies in the image; `None` for what is left out, the archive's own root, and global headers.
fn placed(
    package: &str,
    raw: &[u8],
    entry: &tar::Entry<'_, impl Read>,
    place: &impl Fn(&TreePath) -> Option<TreePath>,
) -> Result<Option<Entry>, PackageError> {
    let refuse = |reason| refusal(package, raw, reason);
    let kind = entry.header().entry_type();
    match kind {
        EntryType::XGlobalHeader => return Ok(None),
        EntryType::Block | EntryType::Char => return Err(refuse("a device")),
        EntryType::Fifo => return Err(refuse("a named pipe")),
        _ => {}
    }
    let Some(path) = entry_path(package, raw)?.and_then(|path| place(&path)) else { return Ok(None) };
    let bits = entry.header().mode().map_err(PackageError::io(package))?;
    let kind = match kind {
        // Only a folder's sticky bit means anything; set-id bits mean nothing where no privilege can be gained.
        EntryType::Directory => EntryKind::Directory { mode: bits & 0o1777 },
        EntryType::Regular | EntryType::Continuous => EntryKind::File { mode: bits & 0o777 },
        EntryType::Symlink => {
            let target = entry.link_name_bytes().ok_or_else(|| refuse("a symbolic link without a target"))?;
            let target = String::from_utf8(target.into_owned());
            let target = target.map_err(|_| refuse("a symbolic link whose target is not UTF-8"))?;
            if target.is_empty() || target.contains('\0') {
                return Err(refuse("a symbolic link to no path"));
            }
            EntryKind::Symlink { target }
        }
        EntryType::Link => {
            let target = entry.link_name_bytes().ok_or_else(|| refuse("a hard link without a target"))?;
            let target = entry_path(package, &target).ok().flatten().and_then(|target| place(&target));
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
