//! A repository of packages for apt, in a folder that needs no network.
//!
//! Source: the Debian wiki's repository format, "Flat Repository Format"; sources.list(5), apt.conf(5).

use super::database::InstalledPackage;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::image::lock::DebPin;

/// Returns where a package lies in the repository.
#[must_use]
pub fn place(pin: &DebPin) -> TreePath {
    let name = pin.path.as_str().rsplit_once('/').map_or(pin.path.as_str(), |(_, name)| name);
    format!("pool/{name}").parse().unwrap_or_else(|_| pin.path.clone())
}

/// Writes the list of the packages, in the order in which they come.
#[must_use]
pub fn list<'a>(packages: impl IntoIterator<Item = (&'a DebPin, &'a InstalledPackage)>) -> String {
    packages
        .into_iter()
        .map(|(pin, package)| {
            let (place, size, hash) = (place(pin), pin.digest.size, pin.digest.hash);
            format!("{}\nFilename: ./{place}\nSize: {size}\nSHA256: {hash}\n\n", package.stanza())
        })
        .collect()
}

/// Writes apt's configuration: the repository at an absolute path, and nothing else, is asked. What apt keeps between two calls would
/// hold the times of files.
#[must_use]
pub fn configuration(at: &str) -> String {
    format!(
        "// The packages of a frozen input of rcrepro, and no others.\n\
         Dir::Etc::sourcelist \"{at}/sources.list\";\n\
         Dir::Etc::sourceparts \"-\";\n\
         Dir::Cache::pkgcache \"\";\n\
         Dir::Cache::srcpkgcache \"\";\n\
         Acquire::Languages \"none\";\n\
         Acquire::Check-Valid-Until \"false\";\n\
         APT::Sandbox::User \"root\";\n"
    )
}

/// Writes apt's list of sources. The packages were believed by the archive's signature when they were locked, and are known by their
/// hashes since.
#[must_use]
pub fn sources(at: &str) -> String {
    format!("deb [trusted=yes] file:{at} ./\n")
}
