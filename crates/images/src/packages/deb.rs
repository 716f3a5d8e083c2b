//! Debian packages: `ar` around `control.tar.*` and `data.tar.*`.
//!
//! Source: deb(5). The maintainer scripts in `control.tar` are never run.

use std::collections::BTreeMap;
use std::io::{self, Read};

use super::PackageError;
use super::ar::ArArchive;
use super::archive::read_tar;
use rcrepro_model::image::layer::{Entry, EntryKind};

/// The most bytes that `control.tar` may hold: 16 MiB.
const CONTROL_LIMIT: u64 = 16 << 20;

/// How a package describes itself: the members of `control.tar` by their names, `control` among them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DebControl {
    /// The permission bits and the bytes of each.
    pub members: BTreeMap<String, (u32, Vec<u8>)>,
}

/// Reads the `control.tar` of a `.deb`.
///
/// # Errors
/// [`PackageError::Form`] when it is not a `.deb`, or that archive holds more than 16 MiB, or whatever [`read_tar`] refuses.
pub fn read_control(package: &str, mut input: impl Read) -> Result<DebControl, PackageError> {
    let form = |reason: &str| PackageError::Form { package: package.to_owned(), reason: reason.to_owned() };
    let mut archive = ArArchive::open(&mut input).map_err(PackageError::io(package))?;
    while let Some(member) = archive.next().map_err(PackageError::io(package))? {
        let name = member.name.clone();
        if !name.starts_with("control.tar") {
            continue;
        }
        let (mut control, mut left) = (DebControl::default(), CONTROL_LIMIT);
        read_tar(package, unpacked(package, &name, member)?, |path| Some(path.clone()), &mut |entry, content| {
            let EntryKind::File { mode } = entry.kind else { return Ok(()) };
            let mut bytes = Vec::new();
            content.take(left + 1).read_to_end(&mut bytes).map_err(PackageError::io(package))?;
            left = left
                .checked_sub(bytes.len() as u64)
                .ok_or_else(|| form("its control archive holds more than 16 MiB"))?;
            control.members.insert(entry.path.to_string(), (mode, bytes));
            Ok::<_, PackageError>(())
        })?;
        return Ok(control);
    }
    Err(form("it holds no control archive"))
}

/// Streams the entries of a `.deb` to `sink`, and reads `input` to its end.
///
/// # Errors
/// [`PackageError::Form`] when it is not a `.deb`, whatever [`read_tar`] refuses, or what `sink` says.
pub fn read_deb<E: From<PackageError>>(
    package: &str,
    mut input: impl Read,
    sink: &mut dyn FnMut(Entry, &mut dyn Read) -> Result<(), E>,
) -> Result<(), E> {
    let failed = || PackageError::io(package);
    let form = |reason: String| PackageError::Form { package: package.to_owned(), reason };
    let mut archive = ArArchive::open(&mut input).map_err(failed())?;
    let mut seen_version = false;
    let mut seen_data = false;
    while let Some(mut member) = archive.next().map_err(failed())? {
        let name = member.name.clone();
        if !seen_version {
            let mut version = String::new();
            let read = (&mut member).take(16).read_to_string(&mut version);
            if name != "debian-binary" || read.is_err() || !version.starts_with("2.") {
                return Err(
                    form("it is not a Debian package: expected `debian-binary` of version 2 first".to_owned()).into()
                );
            }
            seen_version = true;
            continue;
        }
        if !name.starts_with("data.tar") {
            continue;
        }
        if seen_data {
            return Err(form(format!("`{name}` is a second data archive")).into());
        }
        seen_data = true;
        read_tar(package, unpacked(package, &name, member)?, |path| Some(path.clone()), sink)?;
    }
    if !seen_data {
        return Err(form("it holds no data archive".to_owned()).into());
    }
    io::copy(&mut input, &mut io::sink()).map_err(failed())?;
    Ok(())
}

/// Unpacks an archive in a package as its name says.
fn unpacked<'a>(package: &str, name: &str, member: impl Read + 'a) -> Result<Box<dyn Read + 'a>, PackageError> {
    Ok(match name.rsplit_once(".tar").map(|(_, ending)| ending) {
        Some("") => Box::new(member),
        Some(".gz") => Box::new(rcrepro_compression::gzip(member)),
        Some(".xz") => Box::new(rcrepro_compression::xz(member)),
        Some(".zst") => Box::new(rcrepro_compression::zstd(member)),
        _ => {
            let reason = format!(
                "`{name}` is compressed in a way that is not known: expected .tar, .tar.gz, .tar.xz or .tar.zst"
            );
            return Err(PackageError::Form { package: package.to_owned(), reason });
        }
    })
}
