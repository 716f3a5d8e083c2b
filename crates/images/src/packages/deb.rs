//! Debian packages: `ar` around `control.tar.*` and `data.tar.*`; only the data is read.
//!
//! Source: deb(5). The maintainer scripts in `control.tar` are never looked at.

use std::io::{self, Read};

use super::PackageError;
use super::ar::ArArchive;
use super::archive::read_tar;
use rcrepro_model::image::layer::Entry;

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
        let data: Box<dyn Read + '_> = match name.as_str() {
            "data.tar" => Box::new(member),
            "data.tar.gz" => Box::new(rcrepro_compression::gzip(member)),
            "data.tar.xz" => Box::new(rcrepro_compression::xz(member)),
            "data.tar.zst" => Box::new(rcrepro_compression::zstd(member)),
            _ => {
                let expected = "expected data.tar, data.tar.gz, data.tar.xz or data.tar.zst";
                return Err(form(format!("`{name}` is compressed in a way that is not known: {expected}")).into());
            }
        };
        read_tar(package, data, |path| Some(path.clone()), sink)?;
    }
    if !seen_data {
        return Err(form("it holds no data archive".to_owned()).into());
    }
    io::copy(&mut input, &mut io::sink()).map_err(failed())?;
    Ok(())
}
