//! Bills of materials: valid under the published schemas, complete, and the same bytes every time.

use std::collections::BTreeSet;

use rcrepro_app::toolchain::folder::ImageFolder;
use rcrepro_app::toolchain::sbom::{BomFormat, bom};
use rcrepro_model::image::bom::{BomPackage, Checksum, packages};
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_store::memory::MemoryStore;
use rcrepro_testkit::schema::{Schema, published};
use rcrepro_testkit::toolchain::{lock_both, name};
use serde_json::{Value, json};

const FORMATS: [BomFormat; 2] = [BomFormat::Spdx, BomFormat::CycloneDx];

fn schema(format: BomFormat) -> Schema {
    Schema::of(&published(match format {
        BomFormat::Spdx => "spdx-2.3.schema.json",
        BomFormat::CycloneDx => "bom-1.6.schema.json",
    }))
}

#[test]
fn the_repositorys_own_images_have_valid_and_complete_documents() {
    let schemas = FORMATS.map(|format| (format, schema(format)));
    let mut images = 0;
    for platform in ImagePlatform::ALL {
        let folder = ImageFolder::new(rcrepro_testkit::repository(), platform);
        // That no lock is missing, `committed.rs` checks.
        for name in folder.names().expect("definitions").iter().filter(|name| folder.lock_path(name).exists()) {
            let bom = bom(&folder, name).expect("fresh locks");
            let mut purls = BTreeSet::from([bom.image_purl()]);
            for layer in &bom.layers {
                let lock = folder.lock(&folder.compose(&layer.layer.name).expect("composes")).expect("a lock");
                assert_eq!(layer.packages, packages(&lock.pins), "{name}");
                purls.extend(layer.packages.iter().map(BomPackage::purl));
                assert_eq!(layer.program, lock.pins.program, "{name}");
            }
            images += 1;
            assert!(purls.len() > 80, "{name}: the base layer's packages are in every image");
            for (format, schema) in &schemas {
                let bytes = format.write(&bom);
                assert_eq!(bytes, format.write(&bom));
                let document: Value = serde_json::from_slice(&bytes).expect("JSON");
                assert_eq!(schema.mistakes(&document), Vec::<String>::new(), "{name} {platform} {format:?}");
                assert_eq!(stated_purls(&document), purls, "{name} {platform} {format:?}");
            }
        }
    }
    assert!(images >= 4, "base, go, node, go-node at least");
}

/// Gathers purls from either format.
fn stated_purls(document: &Value) -> BTreeSet<String> {
    let spdx = document["packages"].as_array().into_iter().flatten().flat_map(|package| {
        let references = package["externalRefs"].as_array().into_iter().flatten();
        references.filter_map(|reference| reference["referenceLocator"].as_str()).collect::<Vec<_>>()
    });
    let components =
        document["components"].as_array().into_iter().flatten().chain([&document["metadata"]["component"]]);
    spdx.chain(components.filter_map(|component| component["purl"].as_str())).map(str::to_owned).collect()
}

async fn documents() -> [Value; 2] {
    let folder = tempfile::tempdir().expect("a folder");
    let (images, _, _) = lock_both(folder.path(), &MemoryStore::default()).await;
    let bom = bom(&images, &name("top")).expect("fresh locks");
    FORMATS.map(|format| serde_json::from_slice(&format.write(&bom)).expect("JSON"))
}

#[tokio::test]
async fn the_same_lock_gives_the_same_bytes_and_no_clock_is_asked() {
    let [mut spdx, mut cyclonedx] = documents().await;
    assert_eq!([spdx.clone(), cyclonedx.clone()], documents().await, "another folder, another time");
    assert_eq!(spdx["creationInfo"]["created"].take(), "2026-01-01T00:00:00Z");
    assert_eq!(cyclonedx["metadata"]["timestamp"].take(), "2026-01-01T00:00:00Z");
    let uuids = [spdx["documentNamespace"].take(), cyclonedx["serialNumber"].take()];
    assert_ne!(uuids[0], uuids[1], "two documents, two names");
    for uuid in &uuids {
        let uuid = uuid.as_str().and_then(|text| text.strip_prefix("urn:uuid:")).expect("a UUID");
        assert_eq!(uuid.len(), 36);
        assert!(uuid[14..].starts_with('8') && uuid[19..].starts_with(['8', '9', 'a', 'b']), "{uuid}");
    }
}

#[tokio::test]
async fn a_composed_image_lists_the_layers_below_with_every_checksum() {
    let folder = tempfile::tempdir().expect("a folder");
    let (images, base, top) = lock_both(folder.path(), &MemoryStore::default()).await;
    let bom = bom(&images, &name("top")).expect("fresh locks");
    let [spdx, cyclonedx] = documents().await;
    let package = |name: &str| {
        let all = spdx["packages"].as_array().expect("packages");
        all.iter().find(|package| package["name"] == name).unwrap_or_else(|| panic!("{name} in {spdx}"))
    };
    let component = |name: &str| {
        let all = cyclonedx["components"].as_array().expect("components");
        all.iter().find(|component| component["name"] == name).unwrap_or_else(|| panic!("{name} in {cyclonedx}"))
    };
    let deb = &base.pins.debs[0];
    assert_eq!(package("tool")["checksums"][0]["checksumValue"], deb.digest.hash.to_string());
    assert_eq!(
        package("tool")["externalRefs"][0]["referenceLocator"],
        "pkg:deb/debian/tool@1.0%2Bb1?arch=amd64&distro=bookworm"
    );
    assert_eq!(component("tool")["properties"][0], json!({ "name": "rcrepro:layer", "value": "base" }));
    let (go, npm) = (&top.pins.go[0], &top.pins.npm[0]);
    assert_eq!(package("golang.org/toolchain")["comment"], format!("go.sum {}", go.h1));
    assert_eq!(component("golang.org/toolchain")["properties"][1]["value"], go.h1);
    let Some(Checksum::Sha512(hex)) = packages(&top.pins)[1].checksum.clone() else { panic!("npm has a sha512") };
    assert_eq!(hex.len(), 128);
    assert_eq!(package("thing")["checksums"][1], json!({ "algorithm": "SHA512", "checksumValue": hex }));
    assert_eq!(component("thing")["hashes"][1], json!({ "alg": "SHA-512", "content": hex }));
    assert_eq!(component("thing")["hashes"][0]["content"], npm.digest.hash.to_string());
    assert_eq!(package("top")["versionInfo"], top.manifest_digest.hash.to_oci());
    assert_eq!(package("layer base")["checksums"][0]["checksumValue"], base.layers[0].digest.hash.to_string());
    assert_eq!(bom.layers.len(), 2);
    let contains = |element: &str, related: &str| {
        let (element, related) = (&package(element)["SPDXID"], &package(related)["SPDXID"]);
        spdx["relationships"].as_array().expect("relationships").iter().any(|relation| {
            relation["relationshipType"] == "CONTAINS"
                && relation["spdxElementId"] == *element
                && relation["relatedSpdxElement"] == *related
        })
    };
    for (element, related) in [("top", "layer base"), ("top", "tool"), ("layer base", "tool"), ("layer top", "thing")] {
        assert!(contains(element, related), "{element} contains {related}");
    }
    assert!(!contains("layer top", "tool"));
}

/// Each mutant breaks one document; a schema that takes it would check nothing.
#[tokio::test]
async fn broken_documents_are_refused() {
    let [spdx, cyclonedx] = documents().await;
    let [for_spdx, for_cyclonedx] = FORMATS.map(schema);
    type Mutant = (&'static str, Value);
    let no = Value::Null;
    let spdx_mutants: [Mutant; 9] = [
        ("/spdxVersion", no.clone()),
        ("/dataLicense", no.clone()),
        ("/creationInfo", json!({ "creators": [] })),
        ("/packages/0/SPDXID", no.clone()),
        ("/packages/0/checksums/0/algorithm", json!("SHA-256")),
        ("/packages/0/primaryPackagePurpose", json!("IMAGE")),
        ("/packages/3/externalRefs/0/referenceCategory", json!("PURL")),
        ("/packages/0/downloadLocation", json!(7)),
        ("/relationships/0/relationshipType", json!("HOLDS")),
    ];
    let cyclonedx_mutants: [Mutant; 9] = [
        ("/bomFormat", json!("SPDX")),
        ("/specVersion", no.clone()),
        ("/serialNumber", json!("urn:uuid:1")),
        ("/version", json!(0)),
        ("/metadata/component/type", json!("image")),
        ("/components/0/name", no.clone()),
        ("/components/0/hashes/0/alg", json!("SHA256")),
        ("/components/0/hashes/0/content", json!("zz")),
        ("/dependencies/0/dependsOn/0", json!(1)),
    ];
    for (schema, document, mutants) in
        [(&for_spdx, &spdx, &spdx_mutants), (&for_cyclonedx, &cyclonedx, &cyclonedx_mutants)]
    {
        assert_eq!(schema.mistakes(document), Vec::<String>::new());
        for (pointer, value) in mutants {
            let mut broken = document.clone();
            let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
            if value.is_null() {
                let parent = broken.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
                assert!(parent.remove(key).is_some(), "{pointer}");
            } else {
                *broken.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value.clone();
            }
            assert!(!schema.mistakes(&broken).is_empty(), "{pointer} = {value} was taken");
        }
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere_and_no_id_stands_twice() {
    let [spdx, cyclonedx] = documents().await;
    let ids: Vec<_> = spdx["packages"].as_array().expect("packages").iter().map(|one| one["SPDXID"].clone()).collect();
    for (index, id) in ids.iter().enumerate() {
        assert!(!ids[..index].contains(id), "{id} twice");
    }
    for relation in spdx["relationships"].as_array().expect("relationships") {
        assert!(ids.contains(&relation["relatedSpdxElement"]), "{relation}");
    }
    let mut references: Vec<_> =
        cyclonedx["components"].as_array().expect("components").iter().map(|one| one["bom-ref"].clone()).collect();
    references.push(cyclonedx["metadata"]["component"]["bom-ref"].clone());
    let distinct: BTreeSet<_> = references.iter().map(ToString::to_string).collect();
    assert_eq!(distinct.len(), references.len());
    for dependency in cyclonedx["dependencies"].as_array().expect("dependencies") {
        let on = dependency["dependsOn"].as_array().expect("a list");
        assert!(on.iter().chain([&dependency["ref"]]).all(|one| references.contains(one)), "{dependency}");
    }
}
