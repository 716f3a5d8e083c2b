//! What differs between two locks of one image.

use std::collections::{BTreeMap, BTreeSet};

use crate::image::lock::{ImageLock, LayerPins};

/// A package that one lock pins otherwise than the other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PinChange {
    /// The purl without its version, such as `pkg:npm/npm`.
    pub package: String,
    /// The version before; none when the package is new.
    pub from: Option<String>,
    /// The version now; none when the package is gone. Equal to `from` when only the bytes differ.
    pub to: Option<String>,
}

/// Lists the packages that two locks pin differently, in the order of their names.
#[must_use]
pub fn pin_changes(before: Option<&ImageLock>, after: &ImageLock) -> Vec<PinChange> {
    let old = before.map(|lock| versions(&lock.pins)).unwrap_or_default();
    let new = versions(&after.pins);
    let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let mut changes = Vec::new();
    for name in names {
        let (from, to) = (old.get(name), new.get(name));
        if from == to {
            continue;
        }
        let join = |pins: Option<&BTreeSet<(String, String)>>| {
            pins.map(|pins| pins.iter().map(|(version, _)| version.as_str()).collect::<Vec<_>>().join(", "))
        };
        changes.push(PinChange { package: name.clone(), from: join(from), to: join(to) });
    }
    changes
}

/// Returns each package's versions with their checksums; a program's modules may come in several versions.
fn versions(pins: &LayerPins) -> BTreeMap<String, BTreeSet<(String, String)>> {
    let debs = pins.debs.iter().map(|pin| (&pin.purl, pin.digest.to_string()));
    let go = pins.go.iter().chain(&pins.modules).map(|pin| (&pin.purl, pin.h1.clone()));
    let npm = pins.npm.iter().map(|pin| (&pin.purl, pin.integrity.clone()));
    let mut found: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
    for (purl, checksum) in debs.chain(go).chain(npm) {
        let text = purl.to_string();
        let name = text.rsplit_once('@').map_or(text.as_str(), |(name, _)| name).to_owned();
        found.entry(name).or_default().insert((purl.version().to_owned(), checksum));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::digest::{Digest, Sha256};
    use crate::image::definition::{ImageConfig, ImagePlatform};
    use crate::image::lock::{DebPin, NpmPin};
    use crate::image::purl::Purl;

    fn lock(debs: &[(&str, &str, &[u8])], npm: &str) -> ImageLock {
        let debs = debs.iter().map(|(name, version, bytes)| DebPin {
            purl: Purl::deb(name, version, "amd64"),
            path: "pool/x.deb".parse().expect("a path"),
            digest: Digest::of(bytes),
            suite: "bookworm".to_owned(),
        });
        let npm = NpmPin { purl: Purl::npm("npm", npm), integrity: npm.to_owned(), digest: Digest::of(b"") };
        ImageLock {
            name: "base".parse().expect("a name"),
            definition: Sha256::of(b""),
            platform: ImagePlatform::LinuxAmd64,
            source_date_epoch: 0,
            config: ImageConfig::default(),
            pins: LayerPins { debs: debs.collect(), npm: vec![npm], ..LayerPins::default() },
            layers: Vec::new(),
            config_digest: Digest::of(b""),
            manifest_digest: Digest::of(b""),
        }
    }

    #[test]
    fn packages_come_go_rise_and_change_under_one_version() {
        let before =
            lock(&[("bash", "5.1", b"1"), ("old", "1", b"o"), ("same", "1", b"s"), ("swap", "1", b"a")], "11.0.0");
        let after =
            lock(&[("bash", "5.2", b"2"), ("new", "1", b"n"), ("same", "1", b"s"), ("swap", "1", b"b")], "11.0.0");
        let change = |package: &str, from: Option<&str>, to: Option<&str>| PinChange {
            package: format!("pkg:deb/debian/{package}"),
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
        };
        let expected = [
            change("bash", Some("5.1"), Some("5.2")),
            change("new", None, Some("1")),
            change("old", Some("1"), None),
            change("swap", Some("1"), Some("1")),
        ];
        assert_eq!(pin_changes(Some(&before), &after), expected);
        assert_eq!(pin_changes(Some(&before), &before), []);
        assert_eq!(pin_changes(None, &after).len(), 5);
    }
}
