//! Packages laid over each other.

use rcrepro_images::oci::OciError;
use rcrepro_images::oci::layer_tree::{LayerRules, LayerTree, PackageWriter, UnpackedPackage};
use rcrepro_model::image::layer::{Entry, EntryKind};

fn package(name: &str, rules: LayerRules, entries: &[(&str, EntryKind, &str)]) -> UnpackedPackage {
    let mut writer = PackageWriter::new(name, rules).expect("begins");
    for (path, kind, content) in entries {
        let entry = Entry { path: path.parse().expect("a path"), kind: kind.clone() };
        writer.add(entry, &mut content.as_bytes()).expect("added");
    }
    writer.finish().expect("ends")
}

fn paths(tree: &LayerTree) -> Vec<String> {
    tree.nodes().map(|(path, _)| path.to_string()).collect()
}

const FILE: EntryKind = EntryKind::File { mode: 0o644 };
const FOLDER: EntryKind = EntryKind::Directory { mode: 0o755 };

#[test]
fn equal_things_are_one_and_different_ones_a_quarrel() {
    let plain = |content, mode| {
        package("a", LayerRules::default(), &[("etc", FOLDER, ""), ("etc/x", EntryKind::File { mode }, content)])
    };
    let tree = LayerTree::merge(vec![plain("same", 0o644), plain("same", 0o644)]).expect("merges");
    assert_eq!(paths(&tree), ["etc", "etc/x"]);
    for other in [plain("diff", 0o644), plain("same", 0o755), plain("longer", 0o644)] {
        let error = LayerTree::merge(vec![plain("same", 0o644), other]).expect_err("differs");
        assert!(matches!(error, OciError::Conflict { .. }), "{error}");
    }
    let sticky = package("b", LayerRules::default(), &[("etc", EntryKind::Directory { mode: 0o1777 }, "")]);
    assert!(LayerTree::merge(vec![plain("same", 0o644), sticky]).is_err());
}

#[test]
fn what_is_stripped_may_still_be_linked_to_and_keep_wins() {
    let strip = ["usr/share/doc/**".to_owned()];
    let keep = ["usr/share/doc/*/copyright".to_owned()];
    let rules = LayerRules::new([], &strip, &keep).expect("globs");
    let link = EntryKind::Hardlink { target: "usr/share/doc/a/changelog".parse().expect("a path") };
    let entries = [
        ("usr/share/doc/a/changelog", FILE, "text"),
        ("usr/share/doc/a/copyright", FILE, "whose"),
        ("usr/share/doc/a/sub/copyright", FILE, "deeper than a star reaches"),
        ("usr/kept", link, ""),
    ];
    let tree = LayerTree::merge(vec![package("a", rules, &entries)]).expect("merges");
    let expected = ["usr", "usr/kept", "usr/share", "usr/share/doc", "usr/share/doc/a", "usr/share/doc/a/copyright"];
    assert_eq!(paths(&tree), expected);
}
