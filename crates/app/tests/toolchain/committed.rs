//! The locks of this repository fit their definitions.

use std::collections::BTreeSet;

use rcrepro_app::toolchain::folder::ImageFolder;
use rcrepro_app::toolchain::lock::order::order;
use rcrepro_format::images::{lock_toml, oci_json};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::image::definition::ImagePlatform;

#[test]
fn every_lock_is_fresh_canonical_and_agrees_with_those_below_it() {
    for platform in ImagePlatform::ALL {
        let folder = ImageFolder::new(rcrepro_testkit::repository(), platform);
        let names = order(&folder).expect("definitions");
        let expected = ["base", "go", "node", "go-node"];
        assert!(expected.iter().all(|one| names.iter().any(|name| name.as_str() == *one)), "{names:?}");
        let mut layers = BTreeSet::new();
        for name in names {
            let composition = folder.compose(&name).expect("composes");
            let lock = folder.lock(&composition).expect("a fresh lock");
            if let Some(deb) = &composition.own().layer.deb {
                assert_eq!(folder.keys(deb).expect("every listed key").len(), deb.signed_by.len(), "{name}");
            }
            let text = std::fs::read_to_string(folder.lock_path(&name)).expect("a lock");
            assert_eq!(lock_toml::write(&lock), text, "{name}");
            assert_eq!(lock.platform, platform, "{name}");
            let digests: Vec<_> = lock.layers.iter().map(|layer| layer.digest).collect();
            let config = oci_json::config(lock.platform, lock.source_date_epoch, &lock.config, &digests);
            assert_eq!(Digest::of(&config), lock.config_digest, "{name}");
            assert_eq!(Digest::of(&oci_json::manifest(lock.config_digest, &digests)), lock.manifest_digest, "{name}");
            layers.extend(lock.layers.iter().map(|layer| (layer.name.clone(), layer.digest)));
        }
        let distinct: BTreeSet<_> = layers.iter().map(|(name, _)| name).collect();
        assert_eq!(distinct.len(), layers.len(), "one definition, one layer: {layers:?}");
    }
}

#[test]
fn no_host_stands_in_any_lock_or_definition() {
    for folder in ["images", "lockfiles/images/amd64", "lockfiles/images/arm64"] {
        for entry in std::fs::read_dir(rcrepro_testkit::repository().join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                let text = std::fs::read_to_string(&path).expect("text");
                assert!(!text.contains("://"), "{}", path.display());
            }
        }
    }
}
