//! What dpkg, apk and npm write about what they installed.

use std::collections::BTreeMap;

use serde::Deserialize;

use rcrepro_model::image::purl::Purl;

#[derive(Deserialize)]
struct NpmPackage {
    name: Option<String>,
    version: Option<String>,
}

/// Reads which distribution an image is of, out of its `os-release`.
pub(super) fn distribution(release: &str) -> Option<&str> {
    let id = release.lines().find_map(|line| line.strip_prefix("ID="))?;
    Some(id.trim_matches(['"', '\'', ' '])).filter(|id| !id.is_empty())
}

/// Lists what dpkg has installed. Source: dpkg's `status` file, stanzas of fields as deb822(5); images without dpkg have one file for
/// each package, without `Status`.
pub(super) fn dpkg(text: &str, distribution: &str) -> Vec<Purl> {
    let package = |fields: BTreeMap<&str, &str>| {
        let is_installed = fields.get("Status").is_none_or(|status| status.ends_with(" installed"));
        let (name, version) = (fields.get("Package")?, fields.get("Version")?);
        let arch = fields.get("Architecture").copied().unwrap_or("all");
        is_installed.then(|| Purl::of_distribution("deb", distribution, name, version, arch))
    };
    stanzas(text, ": ").filter_map(package).collect()
}

/// Lists what apk has installed. Source: apk's `installed` file: stanzas of lines `P:NAME`, `V:VERSION`, `A:ARCHITECTURE`.
pub(super) fn apk(text: &str, distribution: &str) -> Vec<Purl> {
    let package = |fields: BTreeMap<&str, &str>| {
        let arch = fields.get("A").copied().unwrap_or("noarch");
        Some(Purl::of_distribution("apk", distribution, fields.get("P")?, fields.get("V")?, arch))
    };
    stanzas(text, ":").filter_map(package).collect()
}

/// Splits a text at its empty lines into stanzas of fields; the first of a name counts.
fn stanzas<'a>(text: &'a str, separator: &'a str) -> impl Iterator<Item = BTreeMap<&'a str, &'a str>> {
    let fields = move |stanza: &'a str| {
        let mut fields = BTreeMap::new();
        for (name, value) in stanza.lines().filter_map(|line| line.split_once(separator)) {
            if !name.starts_with([' ', '\t']) {
                fields.entry(name).or_insert(value.trim());
            }
        }
        fields
    };
    text.split("\n\n").map(fields)
}

/// Whether a file describes a package that npm installed: one right below `node_modules`, or in a scope there.
pub(super) fn is_npm_package(path: &str) -> bool {
    let Some(folder) = path.strip_suffix("/package.json") else { return false };
    let mut above = folder.rsplit('/').skip(1);
    let first = above.next();
    first == Some("node_modules")
        || first.is_some_and(|scope| scope.starts_with('@')) && above.next() == Some("node_modules")
}

/// Reads a package's name and version.
pub(super) fn npm(text: &str) -> Option<Purl> {
    let NpmPackage { name, version } = serde_json::from_str(text).ok()?;
    let (name, version) = (name?, version?);
    (!name.is_empty() && !version.is_empty()).then(|| Purl::npm(&name, &version))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(purls: impl IntoIterator<Item = Purl>) -> Vec<String> {
        purls.into_iter().map(|purl| purl.to_string()).collect()
    }

    #[test]
    fn databases_are_read_as_their_managers_write_them() {
        let status = "Package: bash\nStatus: install ok installed\nVersion: 5.2.15-2+b2\nArchitecture: amd64\nDescription: a shell\n \
                      Version: no field\n\nPackage: old\nStatus: deinstall ok config-files\nVersion: 1\nArchitecture: all\n\n\
                      Package: base\nVersion: 12\nArchitecture: all\n";
        let debian = distribution("PRETTY_NAME=\"x\"\nID=debian\n").expect("an id");
        assert_eq!(
            texts(dpkg(status, debian)),
            ["pkg:deb/debian/bash@5.2.15-2%2Bb2?arch=amd64", "pkg:deb/debian/base@12?arch=all"]
        );
        let installed = "C:Q1x=\nP:musl\nV:1.2.5-r0\nA:x86_64\nF:lib\nR:ld-musl-x86_64.so.1\n\nP:no-version\n";
        assert_eq!(texts(apk(installed, "alpine")), ["pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64"]);
        assert_eq!(distribution("ID=\"\""), None);
    }

    #[test]
    fn packages_of_npm_are_those_below_node_modules() {
        for (path, is) in [
            ("app/node_modules/a/package.json", true),
            ("node_modules/@s/a/package.json", true),
            ("app/node_modules/a/test/package.json", false),
            ("app/package.json", false),
        ] {
            assert_eq!(is_npm_package(path), is, "{path}");
        }
        assert_eq!(texts(npm(r#"{"name":"@s/a","version":"1.0.0","x":1}"#)), ["pkg:npm/%40s/a@1.0.0"]);
        assert_eq!(npm(r#"{"name":"a"}"#), None);
        assert_eq!(npm("[]"), None);
    }
}
