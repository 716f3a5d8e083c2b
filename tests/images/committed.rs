//! The locks of this repository fit their definitions.

use std::collections::BTreeSet;
use std::path::Path;

use rcrepro::app::image::folder::ImageFolder;
use rcrepro::app::image::lock::order;
use rcrepro::format::{lock_toml, oci_json};
use rcrepro::model::digest::Digest;

#[test]
fn every_lock_is_fresh_canonical_and_agrees_with_those_below_it() {
    let folder = ImageFolder::new(Path::new(env!("CARGO_MANIFEST_DIR")));
    let names: Vec<_> = order(&folder).expect("definitions").iter().map(ToString::to_string).collect();
    assert!(BTreeSet::from(["base", "go", "node", "go-node"]).iter().all(|one| names.iter().any(|name| name == one)));
    let mut layers = BTreeSet::new();
    for name in order(&folder).expect("definitions") {
        let composition = folder.compose(&name).expect("composes");
        let lock = folder.lock(&composition).expect("a fresh lock");
        let text = std::fs::read_to_string(folder.lock_path(&name)).expect("a lock");
        assert_eq!(lock_toml::write(&lock), text, "{name}");
        let digests: Vec<_> = lock.layers.iter().map(|layer| layer.digest).collect();
        let config = oci_json::config(lock.platform, lock.source_date_epoch, &lock.config, &digests);
        assert_eq!(Digest::of(&config), lock.config_digest, "{name}");
        assert_eq!(Digest::of(&oci_json::manifest(lock.config_digest, &digests)), lock.manifest_digest, "{name}");
        layers.extend(lock.layers.iter().map(|layer| (layer.name.clone(), layer.digest)));
    }
    let distinct: BTreeSet<_> = layers.iter().map(|(name, _)| name).collect();
    assert_eq!(distinct.len(), layers.len(), "one definition, one layer: {layers:?}");
}

#[test]
fn no_host_stands_in_any_lock_or_definition() {
    for folder in ["images", "lockfiles/images"] {
        for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            let text = std::fs::read_to_string(&path).expect("text");
            assert!(!text.contains("://"), "{}", path.display());
        }
    }
}
